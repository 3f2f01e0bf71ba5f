/**
 * The limit: frames that are not checked, on the plain sockets of the runtime, and one write for each
 * read. No server in JavaScript can be much faster.
 *
 * The program reads only frames of the client of this benchmark: whole and short, with a mask.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { announce } from "../../servers/control.ts";
import { askedSocketApp } from "./asked.ts";

/** A socket of the runtime. */
interface Client {
  write(bytes: Uint8Array): void;
}

const clients = new Set<Client>();
const greeted = new WeakSet<Client>();
const SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

const answer = askedSocketApp({
  echo: (client: Client, frames: Uint8Array) => client.write(frames),
  broadcast(_client: Client, frames: Uint8Array) {
    for (const each of clients) each.write(frames);
  },
});

/** Answers the bytes of one read. */
function received(client: Client, bytes: Uint8Array): void {
  if (greeted.has(client)) return answer(client, unmasked(bytes));
  greeted.add(client);
  clients.add(client);
  const key = /^Sec-WebSocket-Key: (.*)\r$/m.exec(new TextDecoder().decode(bytes))?.[1] ?? "";
  const accept = createHash("sha1").update(key + SUFFIX).digest("base64");
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  const head = [...lines, `Sec-WebSocket-Accept: ${accept}`, "", ""].join("\r\n");
  client.write(new TextEncoder().encode(head));
}

/** The frames of a read without their masks. */
function unmasked(bytes: Uint8Array): Uint8Array {
  const frames = new Uint8Array(bytes.length);
  let size = 0;
  for (let at = 0; at < bytes.length;) {
    const length = bytes[at + 1]! & 0x7f;
    frames[size++] = bytes[at]!;
    frames[size++] = length;
    const key = at + 2;
    at += 6;
    for (let index = 0; index < length; index++) {
      frames[size++] = bytes[at + index]! ^ bytes[key + (index & 3)]!;
    }
    at += length;
  }
  return frames.subarray(0, size);
}

const HOST = "127.0.0.1";

/** The parts of the runtimes that are used here. */
interface DenoConn {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  setNoDelay(on: boolean): void;
}
interface DenoRuntime {
  listen(options: { readonly hostname: string; readonly port: number }):
    & AsyncIterable<DenoConn>
    & { readonly addr: { readonly port: number } };
}
interface BunClient extends Client {
  setNoDelay(on: boolean): void;
}
interface BunRuntime {
  listen(options: {
    readonly hostname: string;
    readonly port: number;
    readonly socket: {
      open(client: BunClient): void;
      data(client: BunClient, bytes: Uint8Array): void;
      close(client: BunClient): void;
    };
  }): { readonly port: number };
}

const { Bun, Deno } = globalThis as { Bun?: BunRuntime; Deno?: DenoRuntime };

function listenOnNode(): void {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on("data", (bytes) => received(socket, bytes as Uint8Array));
    socket.on("error", () => {});
    socket.on("close", () => clients.delete(socket));
  });
  server.listen(0, HOST, () => announce((server.address() as AddressInfo).port));
}

function listenOnBun({ listen }: BunRuntime): void {
  const { port } = listen({
    hostname: HOST,
    port: 0,
    socket: {
      open: (client) => client.setNoDelay(true),
      data: received,
      close: (client) => clients.delete(client),
    },
  });
  announce(port);
}

/** The size of the read buffer of each connection, in bytes. */
const READ_BYTES = 2_048;

async function readAll(conn: DenoConn): Promise<void> {
  const client: Client = { write: (bytes) => void conn.write(bytes).catch(() => {}) };
  const buffer = new Uint8Array(READ_BYTES);
  conn.setNoDelay(true);
  try {
    for (let count; (count = await conn.read(buffer)) !== null;) {
      received(client, buffer.subarray(0, count));
    }
  } catch {
    // The client has gone.
  }
  clients.delete(client);
}

async function listenOnDeno({ listen }: DenoRuntime): Promise<void> {
  const listener = listen({ hostname: HOST, port: 0 });
  announce(listener.addr.port);
  for await (const conn of listener) void readAll(conn);
}

if (Bun !== undefined) listenOnBun(Bun);
else if (Deno !== undefined) await listenOnDeno(Deno);
else listenOnNode();
