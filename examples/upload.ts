/**
 * An upload of any size: the app counts the body while it arrives, and keeps none of it.
 *
 *     head -c 100M /dev/zero | curl -T - http://127.0.0.1:8000/upload
 */

import type { Environ, Mounts, StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page } from "./site/pages.ts";

const form = page("upload.html");

function* receive(environ: Environ, startResponse: StartResponse) {
  const began = performance.now();
  let [bytes, pieces] = [0, 0];
  for (let piece; (piece = yield* environ["wsgi.input"].read(65_536)).length > 0; pieces++) {
    bytes += piece.length;
  }
  const milliseconds = Math.round(performance.now() - began);
  startResponse("200 OK", [["Content-Type", "application/json"]]);
  return `${JSON.stringify({ bytes, pieces, milliseconds })}\n`;
}

export const upload: Mounts = {
  "/upload": (environ, startResponse) => {
    const hasBody = ["POST", "PUT"].includes(environ.REQUEST_METHOD);
    return (hasBody ? receive : form)(environ, startResponse);
  },
};

await serveWhenMain(import.meta, { ...alone(form), ...upload });
