/**
 * The app sends the body of a POST back while the body arrives, so a body of any size needs little
 * memory.
 */

import type { Environ, StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";

const FORM = `<!doctype html><title>Echo</title>
<form method="post" enctype="text/plain"><textarea name="text">Hello</textarea><button>Send</button></form>
`;

export function* echo(environ: Environ, startResponse: StartResponse) {
  if (environ.REQUEST_METHOD !== "POST") {
    startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
    return FORM;
  }
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  for (;;) {
    const piece = yield* environ["wsgi.input"].read(16_384);
    if (piece.length === 0) return;
    yield piece;
  }
}

await serveWhenMain(import.meta, echo);
