/** Bun's own server: `Bun.serve` with `websocket`, and its topics. */

import { announce } from "../../servers/control.ts";
import { askedSocketApp, isDeflateAsked } from "./asked.ts";

interface WebSocket {
  send(data: unknown): void;
  subscribe(topic: string): void;
}

interface Server {
  readonly port: number;
  upgrade(request: unknown): boolean;
  publish(topic: string, data: unknown): void;
}

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  readonly fetch: (request: unknown, server: Server) => unknown;
  readonly websocket: {
    readonly perMessageDeflate: boolean;
    readonly open: (socket: WebSocket) => void;
    readonly message: (socket: WebSocket, data: unknown) => void;
  };
}

/** The part of `Bun` that is used here, declared so that no types of Bun are needed. */
interface BunRuntime {
  serve(options: ServeOptions): Server;
}

const runtime = (globalThis as unknown as { Bun: BunRuntime }).Bun;
const handle = askedSocketApp({
  echo: (socket: WebSocket, data: unknown) => socket.send(data),
  broadcast: (_socket: WebSocket, data: unknown) => server.publish("everyone", data),
});
const open = askedSocketApp({
  echo: (_socket: WebSocket) => {},
  broadcast: (socket: WebSocket) => socket.subscribe("everyone"),
});
const server = runtime.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => server.upgrade(request) ? undefined : new Response("no upgrade"),
  websocket: { perMessageDeflate: isDeflateAsked(), open, message: handle },
});
announce(server.port);
