/**
 * The app of the parts `traffic`, `greedy` and `slowhttptest`: answers of every kind.
 *
 * @module
 */

import zlib from "node:zlib";
import { OperationTimeout, Sleep, WaitForSignal, type WSGIApp } from "../../../mod.ts";
import { eventStream } from "../../../src/sse/mod.ts";
import { acceptWebSocket, permessageDeflate } from "../../../src/websocket/mod.ts";

const TEXT = [["Content-Type", "text/plain"]] as const;
/** The blocks of `/stream`, and their size. */
export const STREAM = { blocks: 20, bytes: 8192 };
/** The error of `/fault`, which the log must have. */
export const FAULT = "a fault on purpose";
const COMPRESSION = permessageDeflate(zlib);
/** The bytes that `/discard` reads at a time. */
const READ_BYTES = 65_536;

/** Answers by path. */
export const trafficApp: WSGIApp = function* (environ, startResponse) {
  const { PATH_INFO: path, cogen } = environ;
  switch (path) {
    case "/echo": {
      const body = yield* environ["wsgi.input"].read();
      startResponse("200 OK", TEXT);
      return body;
    }
    case "/discard":
      while ((yield* environ["wsgi.input"].read(READ_BYTES)).length > 0);
      startResponse("200 OK", TEXT);
      return "discarded";
    case "/poll": {
      let outcome = "woken";
      try {
        yield* cogen.wait(WaitForSignal("news", { timeout: 0.05 }));
      } catch (error) {
        if (!(error instanceof OperationTimeout)) throw error;
        outcome = "nothing";
      }
      startResponse("200 OK", TEXT);
      return outcome;
    }
    case "/stream":
      startResponse("200 OK", TEXT);
      for (let count = 0; count < STREAM.blocks; count++) {
        yield new Uint8Array(STREAM.bytes).fill(count);
        yield* cogen.wait(Sleep(0));
      }
      return;
    case "/events":
      yield* eventStream(environ, startResponse, ticks());
      return;
    case "/socket": {
      const socket = acceptWebSocket(environ);
      for (let message; (message = yield* socket.receive()) !== undefined;) {
        yield* socket.send(message);
      }
      return;
    }
    case "/sink": {
      const socket = acceptWebSocket(environ, { compression: COMPRESSION });
      while ((yield* socket.receive()) !== undefined);
      return;
    }
    case "/endless":
      startResponse("200 OK", TEXT);
      for (;;) yield new Uint8Array(STREAM.bytes);
    case "/fault":
      startResponse("200 OK", TEXT);
      yield "before";
      throw new Error(FAULT);
    default:
      startResponse("200 OK", TEXT);
      return "hello";
  }
};

function* ticks() {
  for (let count = 0;; count++) {
    yield { data: `tick ${count}` };
    yield* Sleep(0.01);
  }
}
