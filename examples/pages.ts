/** The pages of the examples: HTML, a style sheet and scripts, as they stand in the folder `pages`. */

import { fileURLToPath } from "node:url";
import { staticFiles, type WSGIApp } from "../mod.ts";

const NO_CACHE = { cacheControl: "no-cache" } as const;

/** All files of the folder. */
export const pages: WSGIApp = staticFiles(
  fileURLToPath(new URL("pages", import.meta.url)),
  NO_CACHE,
);

/** The sources of the examples, as text. */
export const sources: WSGIApp = staticFiles(fileURLToPath(new URL(".", import.meta.url)), {
  ...NO_CACHE,
  contentTypes: { ts: "text/plain; charset=utf-8", html: "text/plain; charset=utf-8" },
});

/** One page of the folder, at any path. */
export function page(name: string): WSGIApp {
  return (environ, startResponse) => pages({ ...environ, PATH_INFO: `/${name}` }, startResponse);
}
