/**
 * Two middlewares around an app that waits. `upperCase` changes blocks: `passThrough` runs the app, passes
 * its waits on, and lets its `finally` run to the end. `addHeader` leaves blocks alone: it only changes the
 * call of `startResponse`.
 */

import { type Mounts, passThrough, Sleep, type WSGIApp } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page } from "./site/pages.ts";

/** Makes each block of text upper case. */
export function upperCase(app: WSGIApp): WSGIApp {
  return (environ, startResponse) =>
    passThrough(() => app(environ, startResponse), environ.cogen, {
      *block(block) {
        yield typeof block === "string" ? block.toUpperCase() : block;
      },
    });
}

/** Adds a header field to each response of an app. */
export function addHeader(app: WSGIApp, name: string, value: string): WSGIApp {
  return (environ, startResponse) =>
    app(environ, (status, headers, excInfo) => {
      return startResponse(status, [...headers, [name, value]], excInfo);
    });
}

/** An app that counts its visitors. Each request is a visit of three seconds. */
export function visitors(): WSGIApp {
  let present = 0;
  return function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    present++;
    try {
      yield `Visitors now: ${present}\n`;
      yield* environ.cogen.wait(Sleep(3));
      yield "Goodbye\n";
    } finally {
      // This block also runs when the client leaves. If a middleware only looped over the app's
      // blocks, the block would stop at this wait.
      yield* environ.cogen.wait(Sleep(0.1));
      present--;
    }
  };
}

export const shoutingApp: WSGIApp = addHeader(upperCase(visitors()), "X-Middleware", "upper-case");

/** A page, and the text of the app that the page shows while it comes. */
export const shout: Mounts = { "/shout": page("shout.html"), "/shout/text": shoutingApp };

await serveWhenMain(import.meta, { ...alone(page("shout.html")), ...shout });
