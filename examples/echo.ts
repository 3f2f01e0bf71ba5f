/**
 * The app sends the body of a POST back while the body arrives, so a body of any size needs little
 * memory.
 */

import type { Environ, StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, heading } from "./site/pages.ts";

const PAGE = `${heading("Echo", "echo.ts")}<p>The answer is the body of the form, as it is sent.
<form method="post" enctype="text/plain" class="card">
<label class="wide">Text <textarea name="text" rows="4">Hello</textarea></label><button>Send</button></form>
`;

export function* echo(environ: Environ, startResponse: StartResponse) {
  if (environ.REQUEST_METHOD !== "POST") {
    startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
    return PAGE;
  }
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  for (;;) {
    const piece = yield* environ["wsgi.input"].read(16_384);
    if (piece.length === 0) return;
    yield piece;
  }
}

await serveWhenMain(import.meta, alone(echo));
