/** Deno's own server: `Deno.upgradeWebSocket`, which has no compression. */

import { announce } from "../../servers/control.ts";
import { askedSocketApp } from "./asked.ts";

interface WebSocket {
  onopen: () => void;
  onmessage: (event: { readonly data: unknown }) => void;
  onclose: () => void;
  send(data: unknown): void;
}

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  readonly onListen: (address: { readonly port: number }) => void;
}

/** The part of `Deno` that is used here, declared for the type checker of Node. */
interface DenoRuntime {
  serve(options: ServeOptions, answer: (request: unknown) => unknown): unknown;
  upgradeWebSocket(
    request: unknown,
    options: { readonly idleTimeout: number },
  ): { readonly socket: WebSocket; readonly response: unknown };
}

const runtime = (globalThis as unknown as { Deno: DenoRuntime }).Deno;
const clients = new Set<WebSocket>();
const handle = askedSocketApp({
  echo: (socket: WebSocket, data: unknown) => socket.send(data),
  broadcast(_socket: WebSocket, data: unknown) {
    for (const client of clients) client.send(data);
  },
});
const options = {
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }: { readonly port: number }) => announce(port),
};
runtime.serve(options, (request) => {
  // The option turns the Pings off, which are not a part of the work.
  const { socket, response } = runtime.upgradeWebSocket(request, { idleTimeout: 0 });
  socket.onopen = () => void clients.add(socket);
  socket.onmessage = ({ data }) => handle(socket, data);
  socket.onclose = () => void clients.delete(socket);
  return response;
});
