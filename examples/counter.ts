/**
 * A stream: the app sends a number each second. The server runs other requests between the numbers.
 * When a shutdown of the server begins, the stream ends at once.
 */

import { type Environ, race, Sleep, type StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, heading } from "./site/pages.ts";

const LAST = 10;

export function* counter(environ: Environ, startResponse: StartResponse) {
  // Browsers show the beginning of an HTML page at once, but collect plain text before they show it.
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  yield heading("Counter", "counter.ts");
  for (let n = 1; n <= LAST; n++) {
    yield `<p>${n} of ${LAST}\n`;
    yield* environ.cogen.wait(race([Sleep(1), environ.cogen.untilStopping()]));
    if (environ.cogen.stopping.aborted) {
      yield "<p>The server stops.\n";
      return;
    }
  }
  yield "<p>done\n";
}

await serveWhenMain(import.meta, alone(counter));
