/** The usual server on Node: the package `ws`. */

import { createRequire } from "node:module";
import { announce } from "../../servers/control.ts";
import { askedSocketApp, isDeflateAsked } from "./asked.ts";

interface WebSocket {
  on(event: "message", handle: (data: unknown, isBinary: boolean) => void): void;
  send(data: unknown, options: { readonly binary: boolean }): void;
}

interface WebSocketServer {
  readonly clients: Set<WebSocket>;
  on(event: "connection", handle: (socket: WebSocket) => void): void;
  address(): { readonly port: number };
}

/** The part of `ws` that is used here, declared so that its types are not needed. */
interface WsPackage {
  readonly WebSocketServer: new (
    options: { readonly host: string; readonly port: number; readonly perMessageDeflate: boolean },
    onListening: () => void,
  ) => WebSocketServer;
}

const { WebSocketServer } = createRequire(import.meta.url)("ws") as WsPackage;
const options = { host: "127.0.0.1", port: 0, perMessageDeflate: isDeflateAsked() };
const server = new WebSocketServer(options, () => announce(server.address().port));
const handle = askedSocketApp({
  echo: (socket: WebSocket, data: unknown, binary: boolean) => socket.send(data, { binary }),
  broadcast(_socket: WebSocket, data: unknown, binary: boolean) {
    for (const client of server.clients) client.send(data, { binary });
  },
});
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => handle(socket, data, isBinary));
});
