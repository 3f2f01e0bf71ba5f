/**
 * A trailer: the app sends a body before it knows the digest of the body, and the digest follows
 * (RFC 9530).
 *
 *     curl -i --raw http://127.0.0.1:8000/digest/text
 */

import { createHash } from "node:crypto";
import { type Environ, type Mounts, Sleep, type StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page } from "./site/pages.ts";

export function* digest(environ: Environ, startResponse: StartResponse) {
  // Only a field that `Trailer` announces can be sent after the body.
  startResponse("200 OK", [["Content-Type", "text/plain"], ["Trailer", "Content-Digest"]]);
  const hash = createHash("sha256");
  for (let n = 1; n <= 3; n++) {
    const line = `line ${n}\n`;
    hash.update(line);
    yield line;
    yield* environ.cogen.wait(Sleep(0.1));
  }
  environ.cogen.setTrailers([["Content-Digest", `sha-256=:${hash.digest("base64")}:`]]);
}

/** A page, and the text of the app that the page shows while it comes. */
export const digests: Mounts = { "/digest": page("digest.html"), "/digest/text": digest };

await serveWhenMain(import.meta, { ...alone(page("digest.html")), ...digests });
