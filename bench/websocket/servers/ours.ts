/** Our server: generator apps that accept WebSockets. */

import * as zlib from "node:zlib";
import { serve, type WSGIApp } from "../../../mod.ts";
import {
  acceptWebSocket,
  permessageDeflate,
  Topic,
  type WebSocketOptions,
} from "../../../src/websocket/mod.ts";
import { announce } from "../../servers/control.ts";
import { askedSocketApp, isDeflateAsked } from "./asked.ts";

const options: WebSocketOptions = {
  // The client of the load answers no Ping. On a busy machine a run takes longer than the 20 s of the default.
  ping: { interval: 600 },
  ...(isDeflateAsked() ? { compression: permessageDeflate(zlib) } : {}),
};
const everyone = new Topic();

const wsgiApp = askedSocketApp<WSGIApp>({
  *echo(environ) {
    const socket = acceptWebSocket(environ, options);
    yield* socket.each((message) => socket.send(message));
  },
  *broadcast(environ) {
    const socket = acceptWebSocket(environ, options);
    everyone.subscribe(socket);
    yield* socket.each((message) => void everyone.publish(message));
  },
});
const server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp });
announce(Number(new URL(server.url).port));
