import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Environ, type SocketHandler, WSGIServer } from "../../mod.ts";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { memoryNetwork } from "../../adapters/memory.ts";

interface Client {
  readonly handler: SocketHandler;
  readonly port: number;
  received: string;
  closed: boolean;
}

const MANY = 1100;

/** More clients than there are readers for; the app tells who asked. */
function crowd(): { clients: Client[]; environs: Environ[]; server: WSGIServer } {
  const environs: Environ[] = [];
  const server = new WSGIServer({
    adapter: memoryNetwork({ clock: new ManualClock() }).adapter,
    limits: { maxConnections: MANY },
    *wsgiApp(environ, startResponse) {
      environs.push(environ);
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return `${environ.REMOTE_PORT} ${environ.HTTP_X_NAME ?? "nobody"}`;
    },
  });
  const clients = Array.from({ length: MANY }, (_, index) => join(server, 10_000 + index));
  return { clients, environs, server };
}

function join(server: WSGIServer, port: number): Client {
  const client = { received: "", closed: false, port } as Client;
  const handler = server.accept({
    remote: { family: "IPv4", host: "127.0.0.1", port },
    local: { family: "IPv4", host: "127.0.0.1", port: 80 },
    encrypted: false,
    write: (bytes) => (client.received += bytes) !== "",
    endWrite: () => void (client.closed = true),
    destroy: () => void (client.closed = true),
    pauseReading: () => {},
    resumeReading: () => {},
  });
  return Object.assign(client, { handler });
}

function send({ handler }: Client, text: string): void {
  handler.onData(new TextEncoder().encode(text));
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

test("more connections than readers: each environ is of its own connection", () => {
  const { clients, environs } = crowd();
  for (let round = 0; round < 2; round++) {
    for (const client of clients) {
      send(client, GET);
      assert(client.received.endsWith(`${client.port} nobody`), client.received);
    }
  }
  assertEquals(environs[MANY - 1]?.REMOTE_PORT, String(10_000 + MANY - 1));
  assertEquals(environs[MANY - 1]?.["wsgi.errors"], environs[2 * MANY - 1]?.["wsgi.errors"]);
  assert(environs[MANY - 1]?.["wsgi.errors"] !== environs[MANY - 2]?.["wsgi.errors"]);
});

test("more connections than readers: halves of requests do not mix", () => {
  const { clients } = crowd();
  for (const client of clients) send(client, GET);
  const request = (client: Client) =>
    `GET / HTTP/1.1\r\nHost: a\r\nX-Name: client-${client.port}\r\n\r\n`;
  for (const client of clients) send(client, request(client).slice(0, 30));
  for (const client of clients) send(client, request(client).slice(30));
  for (const { port, received } of clients) {
    assert(received.endsWith(`${port} client-${port}`), received);
  }
});

test("more connections than readers: one that breaks HTTP spoils no reader", () => {
  const { clients } = crowd();
  for (const client of clients) send(client, GET);
  const [last, beforeLast] = clients.slice(-2) as [Client, Client];
  send(last, "GET / HTTP/1.1\r\nHost: a\r\nBad Name: 1\r\n\r\n");
  assert(last.received.includes("HTTP/1.1 400 "), last.received);
  assertEquals(last.closed, true);
  last.handler.onClose();
  send(beforeLast, GET);
  assertEquals(beforeLast.received.match(/HTTP\/1\.1 200 OK/g)?.length, 2);
});
