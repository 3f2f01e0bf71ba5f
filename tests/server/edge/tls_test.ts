/** HTTPS, on whatever runtime this runs: the same apps, encrypted. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { test } from "node:test";
import { memoryNetwork } from "../../../adapters/memory.ts";
import { joinBytes } from "../../../src/socket/mod.ts";
import {
  serve,
  type ServeOptions,
  type TLSOptions,
  type WSGIApp,
  type WSGIServer,
  WSGIServer as Server,
} from "../../../mod.ts";
import { eventually } from "../../support/tcp.ts";
import { CERT, ENCRYPTED_KEY, KEY, OTHER_KEY, PASSPHRASE } from "../../support/tls_fixtures.ts";

const TLS: TLSOptions = { cert: CERT, key: KEY };

/** What a client gets. */
interface Answer {
  readonly status: number | undefined;
  readonly body: Uint8Array;
  /** The client's port: the same for requests on one connection. */
  readonly port: number | undefined;
}

/** Asks by the runtime's `node:https`. */
function ask(
  server: WSGIServer,
  path: string,
  { body, agent }: { body?: Uint8Array; agent?: Agent } = {},
): Promise<Answer> {
  const options = {
    method: body === undefined ? "GET" : "POST",
    rejectUnauthorized: false,
    agent: agent ?? new Agent({ keepAlive: false }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, server.url), options, (response) => {
      const port = response.socket.localPort;
      const parts: Uint8Array[] = [];
      response.on("data", (part: Uint8Array) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode, body: joinBytes(parts), port });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function serving(wsgiApp: WSGIApp, options: Partial<ServeOptions> = {}): Promise<WSGIServer> {
  return serve({ bindAddr: ["127.0.0.1", 0], tls: TLS, ...options, wsgiApp });
}

/** Ends a server, and fails if anything is left behind. */
async function finish(server: WSGIServer): Promise<void> {
  await server.close();
  await server.finished;
  const { connections, activeRequests } = server.stats();
  assertEquals({ connections, activeRequests }, { connections: 0, activeRequests: 0 });
}

const facts: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [[environ["wsgi.url_scheme"], environ.REMOTE_ADDR, environ.SERVER_PORT].join(" ")];
};

test("an app is asked over HTTPS, and knows", async () => {
  const server = await serving(facts);
  assert(server.address.family === "IPv4");
  assertEquals(server.url, `https://127.0.0.1:${server.address.port}/`);
  const { status, body } = await ask(server, "/");
  assertEquals(status, 200);
  assertEquals(text(body), `https 127.0.0.1 ${server.address.port}`);
  await finish(server);
});

test("a certificate and a key may be bytes, and the key encrypted", async () => {
  const bytes = (pem: string) => new TextEncoder().encode(pem);
  const tls = { cert: bytes(CERT), key: bytes(ENCRYPTED_KEY), passphrase: PASSPHRASE };
  const server = await serving(facts, { tls });
  assertEquals((await ask(server, "/")).status, 200);
  await finish(server);
});

test("a connection over TLS is kept alive for the next request", async () => {
  const server = await serving(facts);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ports = new Set<number | undefined>();
  for (let count = 0; count < 3; count++) ports.add((await ask(server, "/", { agent })).port);
  assertEquals(ports.size, 1);
  assertEquals(server.stats().connections, 1);
  agent.destroy();
  await finish(server);
});

test("5 MB go in and out over TLS at once, intact", async () => {
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    const input = environ["wsgi.input"];
    for (let chunk; (chunk = yield* input.read(50_000)).length > 0;) yield chunk;
  });
  const body = Uint8Array.from({ length: 5_000_000 }, (_, at) => at * 31 + (at >> 8));
  const answer = await ask(server, "/", { body });
  assertEquals(answer.body.length, body.length);
  assert(answer.body.every((byte, at) => byte === body[at]), "the same bytes");
  await finish(server);
});

test("blocks come as the app yields them, not when it ends", async () => {
  const server = await serving(function* (environ, startResponse) {
    if (environ.PATH_INFO === "/go") {
      startResponse("200 OK", []);
      yield environ.cogen.core.events.Signal("go");
      yield `${environ.cogen.result}`;
      return;
    }
    startResponse("200 OK", []);
    yield "first";
    yield environ.cogen.core.events.WaitForSignal("go");
    yield " second";
  });
  const agent = new Agent({ keepAlive: false });
  const options = { rejectUnauthorized: false, agent };
  let heard = "";
  await new Promise<void>((resolve, reject) => {
    request(server.url, options, (response) => {
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        if (heard === "") void ask(server, "/go");
        heard += piece;
      });
      response.on("end", resolve);
    }).on("error", reject).end();
  });
  assertEquals(heard, "first second");
  await finish(server);
});

test("plain HTTP to an HTTPS port ends that connection, logs nothing, and harms nobody", async () => {
  const log: string[] = [];
  const server = await serving(facts, { log: (line) => log.push(line) });
  assert(server.address.family !== "unix");
  const { host, port } = server.address;
  await new Promise<void>((resolve) => {
    const stream = connect(port, host, () => stream.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    stream.on("data", () => {});
    stream.on("error", () => {}).on("close", () => resolve());
  });
  assertEquals((await ask(server, "/")).status, 200);
  await finish(server);
  assertEquals(log, []);
});

test("a handshake that does not come in time is no connection any more", async () => {
  const server = await serving(facts, { tls: { ...TLS, handshakeTimeout: 1 } });
  assert(server.address.family !== "unix");
  const { host, port } = server.address;
  const silent = connect(port, host);
  silent.on("error", () => {});
  await new Promise<void>((resolve) => silent.on("connect", resolve));
  let seen = 0;
  await eventually("the end of the handshake", () => {
    const { connections } = server.stats();
    seen = Math.max(seen, connections);
    return seen > 0 && connections === 0;
  });
  assertEquals(seen, 1);
  silent.destroy();
  await finish(server);
});

test("a shutdown does not wait for a client that never begins its handshake", async () => {
  const server = await serving(facts);
  assert(server.address.family !== "unix");
  const { host, port } = server.address;
  const silent = connect(port, host);
  silent.on("error", () => {}).resume();
  await eventually("a connection", () => server.stats().connections > 0);
  const start = performance.now();
  await server.shutdown({ grace: 300 });
  assert(performance.now() - start < 200_000, "it waited for its grace to end");
  silent.destroy();
  await finish(server);
});

const MISTAKES: readonly (readonly [unknown, string])[] = [
  [{ key: KEY }, "tls has no cert: write tls: { cert, key }"],
  [{ cert: CERT }, "tls has no key: write tls: { cert, key }"],
  [{ cert: "", key: KEY }, "tls has no cert"],
  [{ cert: "/etc/cert.pem", key: KEY }, "tls.cert is not in PEM"],
  [{ cert: CERT, key: 5 }, "tls.key is not in PEM"],
  [{ ...TLS, passphrase: 5 }, "tls.passphrase is no string"],
  [true, "tls is true: write tls: { cert, key }"],
  [null, "tls is null: write tls: { cert, key }"],
  [
    { ...TLS, pfx: CERT },
    'Unknown tls option "pfx": expected one of cert, key, passphrase, names, clientCertificate, ca,',
  ],
  [{ ...TLS, ca: CERT }, "tls.ca is of no use alone"],
  [{ ...TLS, ca: CERT, clientCertificate: "none" }, "tls.ca is of no use alone"],
  [{ ...TLS, clientCertificate: "required" }, 'tls.clientCertificate is "required", and tls.ca is'],
  [{ ...TLS, ca: "/ca.pem", clientCertificate: "optional" }, "tls.ca is not in PEM"],
  [
    { ...TLS, clientCertificate: true },
    'tls.clientCertificate is true: expected "none", "optional"',
  ],
  [{ ...TLS, names: [] }, "tls.names is"],
  [{ ...TLS, names: { "a b": TLS } }, 'tls.names["a b"] is no host name'],
  [{ ...TLS, names: { "*": TLS } }, 'tls.names["*"] is no host name'],
  [{ ...TLS, names: { "a.example": { key: KEY } } }, 'tls.names["a.example"] has no cert'],
  [
    { ...TLS, names: { "a.example": { ...TLS, crt: 1 } } },
    'option of tls.names["a.example"] "crt"',
  ],
  [{ ...TLS, reloadable: 1 }, "tls.reloadable is 1: expected true or false"],
];

for (const [tls, message] of MISTAKES) {
  test(`a mistake is a TypeError that says: ${message}`, () => {
    const { adapter } = memoryNetwork();
    const options = { adapter, wsgiApp: facts, tls: tls as TLSOptions };
    assertStringIncludes(assertThrows(() => new Server(options), TypeError).message, message);
  });
}

test("TLS on a Unix socket is a TypeError", () => {
  const { adapter } = memoryNetwork();
  const options = { adapter, wsgiApp: facts, tls: TLS, bindAddr: "/tmp/app.sock" };
  assertThrows(() => new Server(options), TypeError, "Unix socket");
});

test("a key that does not fit rejects, naming the address", async () => {
  const tls = { cert: CERT, key: OTHER_KEY };
  await assertRejects(() => serving(facts, { tls }), Error, "Cannot listen on 127.0.0.1:0: ");
});
