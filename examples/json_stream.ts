/** A stream of JSON, a value a line (`application/x-ndjson`): the client shows each value when it comes. */

import { type Environ, type Mounts, race, Sleep, type StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page } from "./site/pages.ts";

const ROWS = 20;

function* rows({ cogen }: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "application/x-ndjson"]]);
  for (let row = 1; row <= ROWS && !cogen.stopping.aborted; row++) {
    yield `${JSON.stringify({ row, of: ROWS, time: new Date().toISOString() })}\n`;
    yield* cogen.wait(race([Sleep(0.2), cogen.untilStopping()]));
  }
}

export const jsonStream: Mounts = { "/json": page("json.html"), "/json/rows": rows };

await serveWhenMain(import.meta, { ...alone(page("json.html")), ...jsonStream });
