/** Apps that several tests of the test kit share. */

import { Signal, Sleep, WaitForSignal } from "../../mod.ts";
import type { Environ, StartResponse, WSGIApp } from "../../src/wsgi/mod.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Answers with the request line, the fields and the body. */
export function* mirror(environ: Environ, startResponse: StartResponse) {
  const body = yield* environ["wsgi.input"].read();
  startResponse("200 OK", PLAIN);
  const fields = Object.keys(environ).filter((name) => /^(HTTP|CONTENT)_/.test(name)).sort()
    .map((name) => `${name}: ${environ[name]}`);
  const { REQUEST_METHOD, REQUEST_URI } = environ;
  const head = [`${REQUEST_METHOD} ${REQUEST_URI}`, ...fields].join("\n");
  return `${head}\n\n${new TextDecoder().decode(body)}`;
}

/** Waits for a signal at `/wait`, and sends it at any other path. */
export function* signals(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", PLAIN);
  if (environ.PATH_INFO === "/wait") {
    yield "waiting, ";
    yield yield* environ.cogen.wait(WaitForSignal<string>("abc"));
  } else {
    yield* environ.cogen.wait(Signal("abc", environ.QUERY_STRING));
    yield "sent";
  }
}

/** Sends a block every `seconds`. */
export function heartbeats(count: number, seconds: number, beat = "beat\n"): WSGIApp {
  return function* heart(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let sent = 0; sent < count; sent++) {
      yield beat;
      yield* environ.cogen.wait(Sleep(seconds));
    }
  };
}
