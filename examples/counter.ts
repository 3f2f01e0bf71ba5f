/** A stream: a number a second, while other requests are served. */

import { type Environ, Sleep, type StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";

const LAST = 10;

export function* counter(environ: Environ, startResponse: StartResponse) {
  // Browsers show plain text only once a lot of it has come; HTML they show at once.
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  yield "<!doctype html><title>Counter</title>";
  for (let n = 1; n <= LAST; n++) {
    yield `<p>${n} of ${LAST}\n`;
    yield* environ.cogen.wait(Sleep(1));
  }
  yield "<p>done\n";
}

await serveWhenMain(import.meta, counter);
