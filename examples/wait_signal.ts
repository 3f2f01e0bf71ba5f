/**
 * One request waits for a signal, another one sends it, in the style of Python's cogen. The call of an
 * operation stores it in `environ.cogen.operation` and returns an empty block. The app yields this block, which
 * passes through any middleware, and the server then performs the operation.
 */

import { type Environ, type StartResponse, WaitForSignal } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { alone, heading } from "./site/pages.ts";

export function* waitApp(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/html"]]);
  yield "I'm waiting for some signal";
  yield environ.cogen.core.events.WaitForSignal("abc", { timeout: 1 });
  if (environ.cogen.result instanceof Error) yield "Your time is up !";
  else yield `Someone signaled me: ${environ.cogen.result}`;
}

/**
 * The same app with a timeout of a minute, to try it by hand. It waits for signals of all processes, if the
 * server has a bus. It escapes the message, because a client sends it. It does not wait longer than the server
 * runs.
 */
export function* patientApp(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
  yield `${heading("Waiting", "wait_signal.ts")}<p>I'm waiting for some signal:
<a href="signal?hello" target="_blank">send one</a> from another tab.\n`;
  const { servedBus } = environ.cogen;
  const signal = servedBus === undefined
    ? WaitForSignal("abc", { timeout: 60 })
    : servedBus.waitForSignal("abc", { timeout: 60 });
  yield environ.cogen.core.events.race([signal, environ.cogen.untilStopping()]);
  if (environ.cogen.result instanceof Error) yield "<p>Your time is up !\n";
  else if (environ.cogen.stopping.aborted) yield "<p>The server stops.\n";
  else yield `<p>Someone signaled me: ${escapeHTML(String(environ.cogen.result))}\n`;
}

/** Sends the query as a signal to all waiting requests: `/signal?hi`. */
export function* signalApp(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain; charset=utf-8"]]);
  const { cogen } = environ;
  const message = environ.QUERY_STRING || "hi";
  yield cogen.core.events.Signal("abc", message);
  const woken = Number(cogen.result);
  const others = cogen.servedBus === undefined ? 0 : yield* cogen.bus.signal("abc", message);
  yield `Woke ${others === undefined ? "all" : woken + others}\n`;
}

function escapeHTML(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

await serveWhenMain(import.meta, {
  ...alone(waitApp),
  "/patient": patientApp,
  "/signal": signalApp,
});
