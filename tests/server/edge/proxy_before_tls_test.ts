/** A header of the PROXY protocol before the handshake of TLS, as haproxy sends it with `send-proxy-v2`. */

import { assertEquals, assertMatch } from "@std/assert";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { test } from "node:test";
import { type Environ, serve, type ServeOptions, type WSGIServer } from "../../../mod.ts";
import type { Refusal } from "../../../src/server/mod.ts";
import { ipAddress } from "../../../src/socket/mod.ts";
import { encodeProxyHeader } from "../../../src/socket/proxy_protocol/mod.ts";
import { CERT, CLIENT, CLIENT_CA, KEY } from "../../support/tls_fixtures.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const ENDS = { source: ipAddress("192.0.2.7", 5000), destination: ipAddress("192.0.2.1", 443) };
const HEADER = encodeProxyHeader({ version: 2, command: "proxy", ...ENDS, tlvs: [] });

interface Stage {
  readonly server: WSGIServer;
  readonly environs: Environ[];
  readonly refusals: Refusal[];
}

async function serving(
  options: Partial<ServeOptions>,
  story: (stage: Stage) => Promise<void>,
): Promise<void> {
  const environs: Environ[] = [];
  const refusals: Refusal[] = [];
  const server = await serve({
    bindAddr: ["127.0.0.1", 0],
    tls: { cert: CERT, key: KEY },
    proxyProtocol: { trust: ["loopback"] },
    onRefused: (refusal) => void refusals.push(refusal),
    wsgiApp(environ, startResponse) {
      environs.push(environ);
      startResponse("200 OK", []);
      return ["hello"];
    },
    ...options,
  });
  try {
    await story({ server, environs, refusals });
  } finally {
    await server.close();
  }
}

/** Sends pieces, each on its own, then a handshake and a request. Gives the answer; empty if there is none. */
function ask(
  { server }: Stage,
  pieces: readonly Uint8Array[],
  isEncrypted = true,
): Promise<string> {
  const { port } = server.address as { port: number };
  return new Promise((resolve) => {
    let text = "";
    const hear = (bytes: Uint8Array) => void (text += new TextDecoder().decode(bytes));
    const raw = connect(port, "127.0.0.1", async () => {
      for (const piece of pieces) {
        raw.write(piece);
        await new Promise((next) => setTimeout(next, 5));
      }
      if (!isEncrypted) return void raw.end();
      const secure = connectTls({ socket: raw, rejectUnauthorized: false, ...CLIENT });
      secure.on("secureConnect", () => secure.write(GET)).on("data", hear).on("error", () => {});
    });
    raw.on("error", () => {}).on("close", () => resolve(text));
    if (!isEncrypted) raw.resume();
  });
}

test("the client of a header before the handshake is that of the environ", async () => {
  const tls = { cert: CERT, key: KEY, ca: CLIENT_CA, clientCertificate: "required" } as const;
  await serving({ tls }, async (stage) => {
    for (const pieces of [[HEADER], [HEADER.subarray(0, 3), HEADER.subarray(3)]]) {
      assertMatch(await ask(stage, pieces), /200 OK/);
    }
    for (const environ of stage.environs) {
      assertEquals([environ.REMOTE_ADDR, environ.REMOTE_PORT, environ.SERVER_PORT], [
        ...["192.0.2.7", "5000", "443"],
      ]);
      assertEquals(environ["wsgi.url_scheme"], "https");
      assertEquals(environ["cogen.proxy_protocol"]?.REMOTE_ADDR, "127.0.0.1");
      assertEquals(environ.SSL_CLIENT_VERIFY, "SUCCESS");
    }
    assertEquals([stage.environs.length, stage.refusals.length], [2, 0]);
  });
});

test("a handshake without a header, a cut header and a wrong one are refused, and told", async () => {
  await serving({}, async (stage) => {
    assertEquals(await ask(stage, []), "");
    assertEquals(await ask(stage, [HEADER.subarray(0, 20)], false), "");
    assertEquals(await ask(stage, [new TextEncoder().encode("PROXY TCP9\r\n")], false), "");
    // A check of the port sends nothing, and is no refusal.
    assertEquals(await ask(stage, [], false), "");
    assertMatch(await ask(stage, [HEADER]), /200 OK/);
    const kinds = stage.refusals.map(({ kind }) => kind);
    assertEquals(kinds, ["proxy-header", "proxy-header", "proxy-header"]);
    assertEquals(stage.environs.length, 1);
  });
});

test("a connection that waits for its header is counted, and ends with a shutdown", async () => {
  const limits = { maxConnections: 2 };
  const tls = { cert: CERT, key: KEY, handshakeTimeout: Infinity };
  await serving({ limits, tls }, async (stage) => {
    const { server, refusals } = stage;
    const { port } = server.address as { port: number };
    const waiting = [HEADER.subarray(0, 3), new Uint8Array(0)].map((bytes) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
      return { socket, closed: new Promise((resolve) => socket.resume().on("close", resolve)) };
    });
    while (server.stats().connections < 2) await new Promise((next) => setTimeout(next, 2));
    assertEquals(server.stats().connectionStates.between, 2);
    assertEquals(await ask(stage, [HEADER], false), "");
    assertEquals(refusals.map(({ kind }) => kind), ["connection"]);
    // One that leaves makes room.
    waiting[1]?.socket.destroy();
    while (server.stats().connections > 1) await new Promise((next) => setTimeout(next, 2));
    assertMatch(await ask(stage, [HEADER]), /200 OK/);
    await server.shutdown();
    await Promise.all(waiting.map(({ closed }) => closed));
    assertEquals([server.stats().connections, refusals.length], [0, 1]);
  });
});

test("a peer that is no proxy begins with its handshake, and its header is no header", async () => {
  await serving({ proxyProtocol: { trust: ["192.0.2.0/24"] } }, async (stage) => {
    assertMatch(await ask(stage, []), /200 OK/);
    assertEquals(await ask(stage, [HEADER]), "");
    assertEquals(stage.environs.map(({ REMOTE_ADDR }) => REMOTE_ADDR), ["127.0.0.1"]);
    assertEquals(stage.refusals.map(({ kind }) => kind), ["handshake"]);
  });
});
