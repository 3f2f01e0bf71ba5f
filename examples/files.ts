/**
 * Static files with compression: the app serves the sources of these examples. They are there to
 * try ranges and caches.
 */

import { fileURLToPath } from "node:url";
import { type Mounts, type StartResponse, staticFiles } from "../mod.ts";
import { compress } from "../src/middleware/compress/mod.ts";
import { serveWhenMain } from "./main.ts";

const PAGE = `<!doctype html><title>Files</title>
<p>The sources of the examples: <a href="files/files.ts">files.ts</a>,
   <a href="files/long_poll.ts">long_poll.ts</a>, <a href="files/hello.ts">hello.ts</a>.
<p>Try <code>curl -i --range 0-99 http://127.0.0.1:8000/files/files.ts</code>, or reload one of them:
   the browser asks whether it has changed, and is told that it has not.
`;

function index(_environ: unknown, startResponse: StartResponse): string[] {
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  return [PAGE];
}

const sources = staticFiles(fileURLToPath(new URL(".", import.meta.url)), {
  cacheControl: "no-cache",
  contentTypes: { ts: "text/plain; charset=utf-8" },
});

export const files: Mounts = { "/": index, "/files": compress(sources) };

await serveWhenMain(import.meta, files);
