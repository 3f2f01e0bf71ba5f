/** Hello world: a generator that yields one block. */

import type { Environ, StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";

export function* hello(_environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  yield "Hello, world!\n";
}

await serveWhenMain(import.meta, hello);
