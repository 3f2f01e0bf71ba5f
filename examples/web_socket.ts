/**
 * WebSockets: an echo at `/ws/echo`, and at `/ws/broadcast` a room that sends each message to all its members.
 *
 *     npx wscat -c ws://127.0.0.1:8000/ws/echo
 */

import * as zlib from "node:zlib";
import type { Environ, Mounts } from "../mod.ts";
import { acceptWebSocket, permessageDeflate, Topic } from "../src/websocket/mod.ts";
import { serveWhenMain } from "./main.ts";
import { shared } from "./shared.ts";

const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
/** The code of a message that is too large, here for the bus. */
const TOO_BIG = 1009;
const compression = permessageDeflate(zlib);

/** Sends each message back unchanged. */
export function* socketEcho(environ: Environ) {
  const socket = acceptWebSocket(environ, {
    protocols: ["echo.v1", "chat"],
    maxMessageBytes: MAX_MESSAGE_BYTES,
    compression,
  });
  for (;;) {
    const message = yield* socket.receive();
    if (message === undefined) return;
    yield* socket.send(message);
  }
}

const roomOf = shared((bus) => new Topic({ bus, name: "broadcast" }));

/** Sends each message to all sockets of all processes. */
export function* socketBroadcast(environ: Environ) {
  const socket = acceptWebSocket(environ, { compression });
  const room = roomOf(environ);
  room.subscribe(socket);
  yield* socket.each(function* (message) {
    try {
      yield* environ.cogen.wait(room.send(message));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      yield* socket.close(TOO_BIG, error.message);
    }
  });
}

export const webSockets: Mounts = { "/ws/echo": socketEcho, "/ws/broadcast": socketBroadcast };

await serveWhenMain(import.meta, webSockets);
