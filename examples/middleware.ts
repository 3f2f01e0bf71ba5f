/**
 * Two middlewares around the waiting app. Each is a generator, or a function, between the server and
 * the app; as it passes every block on, the empty one included, the app behind it can wait.
 */

import type { Environ, StartResponse, WSGIApp } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { waitApp } from "./wait_signal.ts";

type GeneratorApp = (environ: Environ, startResponse: StartResponse) => Iterable<string>;

/** Gives every block in upper case. */
export function upperCase(app: GeneratorApp): WSGIApp {
  return function* (environ, startResponse) {
    for (const block of app(environ, startResponse)) yield block.toUpperCase();
  };
}

/** Adds a header field to whatever the app sends. */
export function addHeader(app: WSGIApp, name: string, value: string): WSGIApp {
  return (environ, startResponse) =>
    app(environ, (status, headers, excInfo) => {
      return startResponse(status, [...headers, [name, value]], excInfo);
    });
}

export const shoutingApp: WSGIApp = addHeader(upperCase(waitApp), "X-Middleware", "upper-case");

await serveWhenMain(import.meta, shoutingApp);
