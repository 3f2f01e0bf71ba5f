/** The option `proxyProtocol`: the client of a header in the environ, and the connections that are refused. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../../adapters/memory.ts";
import { trustProxy } from "../../../src/middleware/mod.ts";
import { type ProxyProtocolOptions, type Refusal, WSGIServer } from "../../../src/server/mod.ts";
import {
  ipAddress,
  type ProxyTLV,
  type Socket,
  type SocketHandler,
} from "../../../src/socket/mod.ts";
import { encodeProxyHeader } from "../../../src/socket/proxy_protocol/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { latin1Text } from "../../http/transcript.ts";
import { get, serving } from "../../support/serving.ts";

const KEYS = ["REMOTE_ADDR", "REMOTE_PORT", "SERVER_PORT", "wsgi.url_scheme"] as const;

const app: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const facts = environ["cogen.proxy_protocol"];
  const shown = facts && [facts.version, facts.command, facts.REMOTE_ADDR, facts.tlvs.length];
  return [JSON.stringify([...KEYS.map((key) => environ[key]), shown ?? "no header"])];
};

const LINE = "PROXY TCP4 192.0.2.7 10.0.0.1 5000 8080\r\n";
const trusting: ProxyProtocolOptions = { trust: ["loopback"] };

/** The lines that the server has sent to a client that wrote these pieces, and what it has told of refusals. */
async function run(
  pieces: readonly string[],
  proxyProtocol: ProxyProtocolOptions = trusting,
  waitMs = 0,
) {
  const refusals: Refusal[] = [];
  const onRefused = (refusal: Refusal) => void refusals.push(refusal);
  const stage = await serving(app, { proxyProtocol, onRefused });
  const client = stage.ask(pieces[0] ?? "");
  for (const piece of pieces.slice(1)) {
    await stage.settle();
    client.send(piece);
  }
  await stage.settle();
  if (waitMs > 0) stage.run(waitMs);
  const { refusedProxyHeaders, timeouts } = stage.server.stats();
  const result = {
    text: client.pieces.join(""),
    closed: client.closed,
    kinds: refusals.map(({ kind, status, reason }) => [kind, status, reason]),
    refusedProxyHeaders,
    headTimeouts: timeouts.head,
  };
  await stage.finish();
  return result;
}

const body = (text: string): unknown => JSON.parse(text.slice(text.lastIndexOf("\r\n\r\n")));

test("the environ has the client of the header, and each request of the connection has it", async () => {
  const seen = ["192.0.2.7", "5000", "8080", "http", [1, "proxy", "127.0.0.1", 0]];
  for (
    const pieces of [[LINE + get("/")], [LINE, get("/")], [
      LINE.slice(0, 9),
      LINE.slice(9),
      get("/"),
    ]]
  ) {
    const { text, kinds } = await run(pieces);
    assertEquals([body(text), kinds], [seen, []]);
  }
  const { text } = await run([LINE + get("/") + get("/")]);
  assertEquals(text.split("192.0.2.7").length, 3);
});

function block(tlvs: readonly ProxyTLV[]): string {
  const ends = { source: ipAddress("2001:db8::7", 5000), destination: ipAddress("::1", 443) };
  return latin1Text(encodeProxyHeader({ version: 2, command: "proxy", ...ends, tlvs }));
}

test("a header of version 2 tells of TLS and of further facts", async () => {
  const ssl: ProxyTLV = { type: 0x20, value: new Uint8Array([1, 0, 0, 0, 0]) };
  const { text } = await run([block([ssl]) + get("/")]);
  assertEquals(body(text), ["2001:db8::7", "5000", "443", "https", [2, "proxy", "127.0.0.1", 1]]);
  const plain: ProxyTLV = { type: 0x20, value: new Uint8Array([0, 0, 0, 0, 0]) };
  assertStringIncludes((await run([block([plain]) + get("/")])).text, '"http"');
});

test("LOCAL and UNKNOWN keep the addresses of the connection", async () => {
  const none = { source: undefined, destination: undefined, tlvs: [] };
  const local = latin1Text(encodeProxyHeader({ version: 2, command: "local", ...none }));
  for (const [header, command] of [[local, "local"], ["PROXY UNKNOWN\r\n", "proxy"]] as const) {
    const [address, , , , facts] = body((await run([header + get("/")])).text) as unknown[];
    assertEquals([address, (facts as unknown[])[1]], ["127.0.0.1", command]);
  }
});

test("a connection of another peer has no header, and one that comes is a bad request", async () => {
  const options: ProxyProtocolOptions = { trust: ["10.0.0.0/8"] };
  const plain = await run([get("/")], options);
  assertEquals((body(plain.text) as unknown[]).at(-1), "no header");
  const spoofed = await run([LINE + get("/")], options);
  assertStringIncludes(spoofed.text, "HTTP/1.1 400 ");
  assertEquals(spoofed.refusedProxyHeaders, 0);
});

test("a proxy without a header is closed without an answer, counted and told", async () => {
  const rows: readonly [string, ProxyProtocolOptions, string][] = [
    [get("/"), trusting, "begins without a PROXY header"],
    ["PROXY TCP4 x\r\n", trusting, "malformed"],
    [block([]), { ...trusting, version: "v1" }, "of version 1"],
    [LINE, { ...trusting, version: "v2" }, "of version 2"],
    ["PROXY UNKNOWN ".padEnd(120, "x"), trusting, "more than 107 bytes"],
  ];
  for (const [bytes, options, reason] of rows) {
    const { text, closed, kinds, refusedProxyHeaders } = await run([bytes], options);
    assertEquals([text, closed, refusedProxyHeaders], ["", true, 1]);
    assertEquals(kinds.map(([kind, status]) => [kind, status]), [["proxy-header", undefined]]);
    assertStringIncludes(String(kinds[0]?.[2]), reason);
  }
});

test("a header that does not come in time closes the connection", async () => {
  for (const bytes of ["", "PROXY TCP4"]) {
    const { text, closed, kinds, headTimeouts } = await run([bytes], trusting, 32_000);
    assertEquals([text, closed, headTimeouts], ["", true, 1]);
    assertStringIncludes(String(kinds[0]?.[2]), "did not come in time");
  }
  const { closed } = await run([LINE], trusting, 32_000);
  assertEquals(closed, false, "between two requests, the deadline is that of idle connections");
});

test("a header is not needed of a proxy that only looks whether the port is open", async () => {
  for (const [bytes, count] of [["", 0], ["PROXY", 1]] as const) {
    const stage = await serving(app, { proxyProtocol: trusting });
    const client = stage.ask(bytes);
    client.end();
    await stage.settle();
    assertEquals(stage.server.stats().refusedProxyHeaders, count);
    await stage.finish();
  }
});

test("a shutdown ends a connection that waits for its header", async () => {
  const stage = await serving(app, { proxyProtocol: trusting });
  stage.ask("PROXY");
  await stage.settle();
  await stage.finish();
});

test("trustProxy sees the client of the header as the peer", async () => {
  let seen = "";
  const inner: WSGIApp = (environ, startResponse) => {
    seen = environ.REMOTE_ADDR;
    startResponse("200 OK", []);
    return [];
  };
  const wsgiApp = trustProxy(inner, { trust: ["loopback"] });
  const stage = await serving(wsgiApp, { proxyProtocol: trusting });
  stage.ask(LINE + get("/", "X-Forwarded-For: 6.6.6.6"));
  await stage.settle();
  await stage.finish();
  assertEquals(seen, "192.0.2.7");
});

test("a wrong option is named", async () => {
  const rows: readonly [unknown, string][] = [
    [{}, "proxyProtocol.trust"],
    [{ trust: ["*"] }, "An entry of proxyProtocol.trust"],
    [{ trust: [], version: "v3" }, 'expected "v1", "v2" or "auto"'],
    [{ trust: [], versions: "v1" }, "Unknown option of proxyProtocol"],
  ];
  for (const [proxyProtocol, message] of rows) {
    let error: unknown;
    await serving(app, { proxyProtocol: proxyProtocol as never }).catch((one) => error = one);
    assertStringIncludes(String(error), message);
  }
});

/** A connection that a server without a listener accepts: all its bytes and its end come at once. */
async function accepted(
  bytes: string,
  options:
    & Partial<Pick<Socket, "encrypted">>
    & Partial<ConstructorParameters<typeof WSGIServer>[0]>,
): Promise<string> {
  const { encrypted = false, ...rest } = options;
  const { adapter } = memoryNetwork();
  const server = new WSGIServer({ adapter, wsgiApp: app, ...rest });
  let text = "";
  const loopback = ipAddress("127.0.0.1", 9000);
  const handler = await new Promise<SocketHandler>((resolve) => {
    const handler = server.accept({
      ...{ remote: loopback, local: loopback, encrypted },
      write: (block) => {
        text += typeof block === "string" ? block : latin1Text(block);
        return true;
      },
      endWrite: () => resolve(handler),
      destroy: () => resolve(handler),
      pauseReading() {},
      resumeReading() {},
    });
    const first = bytes.length >> 1;
    for (const piece of [bytes.slice(0, first), bytes.slice(first)]) {
      handler.onData(new TextEncoder().encode(piece));
    }
    handler.onEnd();
  });
  handler.onClose();
  await server.close();
  return text;
}

test("a server that never listens loads the reader when it accepts, and loses no event", async () => {
  const behind = await accepted(LINE + get("/"), { proxyProtocol: trusting });
  assertEquals((body(behind) as unknown[])[0], "192.0.2.7");
  assertEquals(await accepted(get("/"), { proxyProtocol: trusting }), "");
  const other = await accepted(get("/"), { proxyProtocol: { trust: ["10.0.0.0/8"] } });
  assertEquals((body(other) as unknown[])[0], "127.0.0.1");
  const tls = {
    ...{ cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" },
    ...{ ca: "-----BEGIN CERTIFICATE-----", clientCertificate: "optional" as const },
  };
  const keys: WSGIApp = (environ, startResponse) => {
    startResponse("200 OK", []);
    return [JSON.stringify([environ["SSL_CLIENT_VERIFY"] ?? "not asked"])];
  };
  const asked = { encrypted: true, tls, wsgiApp: keys };
  assertEquals(body(await accepted(get("/"), asked)), ["NONE"]);
  assertEquals(body(await accepted(get("/"), { ...asked, encrypted: false })), ["not asked"]);
});
