/** The pages of the examples: HTML, a style sheet and scripts, as they stand in the folder `pages`. */

import { fileURLToPath } from "node:url";
import { type Mounts, staticFiles, type WSGIApp } from "../../mod.ts";

const NO_CACHE = { cacheControl: "no-cache" } as const;

/** All files of the folder. */
export const pages: WSGIApp = staticFiles(
  fileURLToPath(new URL("pages", import.meta.url)),
  NO_CACHE,
);

/** The sources of the examples, as text. */
export const sources: WSGIApp = staticFiles(fileURLToPath(new URL("..", import.meta.url)), {
  ...NO_CACHE,
  contentTypes: { ts: "text/plain; charset=utf-8", html: "text/plain; charset=utf-8" },
});

/** An example that is served alone: its app is the first page, and the files of the pages are beside it. */
export function alone(app: WSGIApp): Mounts {
  return {
    "/": (environ, startResponse) =>
      (environ.PATH_INFO === "/" ? app : pages)(environ, startResponse),
    "/source": sources,
  };
}

/** The beginning of a page that an app writes itself. */
export function heading(title: string, source: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<nav><a href="./">All examples</a> · <a href="source/${source}">The source</a></nav>
<main><h1>${title}</h1>
`;
}

/** One page of the folder, at any path. */
export function page(name: string): WSGIApp {
  return (environ, startResponse) => pages({ ...environ, PATH_INFO: `/${name}` }, startResponse);
}
