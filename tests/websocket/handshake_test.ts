/**
 * The handshake: each request that is refused with its status, the negotiation of subprotocols and of
 * `permessage-deflate`, and the origins.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type Environ, trustProxy, type WSGIApp } from "../../mod.ts";
import { agreeOnDeflate, parseExtensions } from "../../src/websocket/codec/extensions.ts";
import { sha1 } from "../../src/websocket/codec/sha1.ts";
import {
  acceptWebSocket,
  permessageDeflate,
  type WebSocketOptions,
  type ZlibLike,
} from "../../src/websocket/mod.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { latin1Bytes, serving } from "../support/serving.ts";
import { clientFrame, HANDSHAKE, handshake } from "./raw_client.ts";

/** A zlib that takes a dictionary, on every runtime. Nothing is compressed here. */
const zlib: ZlibLike = {
  deflateRawSync: (bytes, { dictionary }) =>
    dictionary === undefined ? bytes : bytes.subarray(0, 1),
  inflateRawSync: (bytes) => bytes,
};

const accepting = (options: WebSocketOptions): WSGIApp =>
  function* (environ) {
    const socket = acceptWebSocket(environ, options);
    while ((yield* socket.receive()) !== undefined);
  };

/** The head of the answer to a request. */
async function answerTo(request: string, options: WebSocketOptions = {}): Promise<string> {
  const stage = await serving(accepting(options));
  const client = stage.ask(request);
  await stage.settle();
  const head = client.received().split("\r\n\r\n")[0] as string;
  client.destroy();
  await stage.finish();
  return head;
}

function statusOf(head: string): number {
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
}

function fieldOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1];
}

type Fields = Readonly<Record<string, string | undefined>>;

/** Requests that are accepted: the fields that differ from {@linkcode HANDSHAKE}. */
const ACCEPTED: Readonly<Record<string, Fields>> = {
  "a plain handshake": {},
  "tokens in another case": { Connection: "uPGRADE", Upgrade: "WebSocket" },
  "a list of connection options": { Connection: "keep-alive, Upgrade" },
  "a list with empty members": { Connection: ",keep-alive ,, upgrade," },
  "a list of protocols to upgrade to": { Upgrade: "h2c, websocket" },
  "white space around the version": { "Sec-WebSocket-Version": "  13 \t" },
  "white space around the key": { "Sec-WebSocket-Key": ` ${HANDSHAKE["Sec-WebSocket-Key"]}\t` },
  "a body of no bytes": { "Content-Length": "0" },
  "an unknown extension": { "Sec-WebSocket-Extensions": "x-new; a; b=1" },
  "a subprotocol that the app has not": { "Sec-WebSocket-Protocol": "other" },
  "an unknown field": { "X-New": "1" },
};

for (const [what, fields] of Object.entries(ACCEPTED)) {
  test(`accepts ${what}`, async () => {
    const head = await answerTo(handshake("/", fields), { protocols: ["chat"] });
    assertEquals(statusOf(head), 101);
    assertEquals(fieldOf(head, "Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assertEquals(fieldOf(head, "Upgrade"), "websocket");
    assertEquals(fieldOf(head, "Connection"), "Upgrade");
    assertEquals(fieldOf(head, "Sec-WebSocket-Protocol"), undefined);
    assertEquals(fieldOf(head, "Sec-WebSocket-Extensions"), undefined);
  });
}

test("lists on two lines are one list, and the target may be absolute", async () => {
  const offer = "permessage-deflate; unknown";
  const fields = { Connection: "keep-alive", "Sec-WebSocket-Extensions": offer };
  const request = handshake("/", fields, "GET http://test/ HTTP/1.1").replace(
    "\r\n\r\n",
    "\r\nConnection: Upgrade\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
  );
  const compression = permessageDeflate(zlib, { contextTakeover: true });
  const head = await answerTo(request, { compression });
  assertEquals(statusOf(head), 101);
  assertEquals(fieldOf(head, "Sec-WebSocket-Extensions"), "permessage-deflate");
});

test("a handshake may come byte by byte, with messages in the packet of its last byte", async () => {
  const received: unknown[] = [];
  const stage = await serving(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each((message) => void received.push(message));
  });
  const request = latin1Bytes(handshake("/"));
  const client = stage.ask("");
  for (const byte of request.subarray(0, -1)) client.send(Uint8Array.of(byte));
  await stage.settle();
  assertEquals(client.received(), "");
  const frames = [clientFrame("text", "one"), clientFrame("binary", Uint8Array.of(2))];
  client.send(joinBytes([request.subarray(-1), ...frames]));
  await stage.settle();
  assertEquals(statusOf(client.received()), 101);
  assertEquals(received, ["one", Uint8Array.of(2)]);
  client.destroy();
  await stage.finish();
});

/** Requests that are refused: the status, the fields, the start line, and further lines. */
const REFUSED: Readonly<Record<string, readonly [number, Fields, (string | undefined)?, string?]>> =
  {
    "POST": [405, { "Content-Length": "0" }, "POST / HTTP/1.1"],
    "HEAD": [405, {}, "HEAD / HTTP/1.1"],
    "OPTIONS": [405, {}, "OPTIONS / HTTP/1.1"],
    "a method in lower case": [405, {}, "get / HTTP/1.1"],
    "HTTP/1.0": [400, {}, "GET / HTTP/1.0"],
    "no Host": [400, { Host: undefined }],
    "two Hosts": [400, {}, undefined, "Host: other"],
    "no Upgrade": [426, { Upgrade: undefined }],
    "another protocol": [426, { Upgrade: "h2c" }],
    "a longer name of a protocol": [426, { Upgrade: "websockets" }],
    "no Connection": [426, { Connection: undefined }],
    "a Connection without upgrade": [426, { Connection: "keep-alive" }],
    "a longer connection option": [426, { Connection: "upgrades" }],
    "a body with a length": [400, { "Content-Length": "5" }],
    "a chunked body": [400, { "Transfer-Encoding": "chunked" }],
    "no version": [426, { "Sec-WebSocket-Version": undefined }],
    "version 8": [426, { "Sec-WebSocket-Version": "8" }],
    "version 14": [426, { "Sec-WebSocket-Version": "14" }],
    "version 013": [426, { "Sec-WebSocket-Version": "013" }],
    "version 0xd": [426, { "Sec-WebSocket-Version": "0xd" }],
    "version +13": [426, { "Sec-WebSocket-Version": "+13" }],
    "version 13.0": [426, { "Sec-WebSocket-Version": "13.0" }],
    "a list of versions": [426, { "Sec-WebSocket-Version": "13, 8" }],
    "two versions": [426, {}, undefined, "Sec-WebSocket-Version: 13"],
    "an empty version": [426, { "Sec-WebSocket-Version": "" }],
    "no key": [400, { "Sec-WebSocket-Key": undefined }],
    "an empty key": [400, { "Sec-WebSocket-Key": "" }],
    "a key of 15 bytes": [400, { "Sec-WebSocket-Key": btoa("a".repeat(15)) }],
    "a key of 17 bytes": [400, { "Sec-WebSocket-Key": btoa("a".repeat(17)) }],
    "a key that is no base64": [400, { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZ!==" }],
    "a key without its padding": [400, { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ" }],
    "two keys": [400, {}, undefined, `Sec-WebSocket-Key: ${HANDSHAKE["Sec-WebSocket-Key"]}`],
    "an empty list of subprotocols": [400, { "Sec-WebSocket-Protocol": "" }],
    "a subprotocol that is no token": [400, { "Sec-WebSocket-Protocol": "a b" }],
    "a subprotocol in quotes": [400, { "Sec-WebSocket-Protocol": '"chat"' }],
    "a repeated subprotocol": [400, { "Sec-WebSocket-Protocol": "chat, chat" }],
    "a subprotocol that another line repeats": [
      400,
      { "Sec-WebSocket-Protocol": "chat" },
      undefined,
      "Sec-WebSocket-Protocol: chat",
    ],
    "an extension without a name": [400, { "Sec-WebSocket-Extensions": "; a" }],
    "an extension with an empty value": [400, { "Sec-WebSocket-Extensions": "a; b=" }],
    "an open quote": [400, { "Sec-WebSocket-Extensions": 'a; b="c' }],
    "a quoted value that is no token": [400, { "Sec-WebSocket-Extensions": 'a; b="c d"' }],
    "two names without a comma": [400, { "Sec-WebSocket-Extensions": "a b" }],
    "a page of another site": [403, { Origin: "http://other" }],
  };

for (const [what, [status, fields, start, line]] of Object.entries(REFUSED)) {
  test(`refuses ${what} with ${status}`, async () => {
    const request = handshake("/", fields, start);
    const head = await answerTo(
      line === undefined ? request : request.replace("\r\n\r\n", `\r\n${line}\r\n\r\n`),
    );
    assertEquals(statusOf(head), status);
    assertEquals(fieldOf(head, "Upgrade"), status === 426 ? "websocket" : undefined);
    assertEquals(fieldOf(head, "Sec-WebSocket-Version"), status === 426 ? "13" : undefined);
    assertEquals(fieldOf(head, "Allow"), status === 405 ? "GET" : undefined);
    if (status === 426) assert(fieldOf(head, "Connection")?.toLowerCase().includes("upgrade"));
    assertEquals(fieldOf(head, "Sec-WebSocket-Accept"), undefined);
  });
}

const PROTOCOLS: readonly (readonly [string, string | undefined])[] = [
  ["chat", "chat"],
  ["other, chat", "chat"],
  ["chat,echo.v1", "echo.v1"],
  [" ,, chat ,", "chat"],
  ["CHAT", undefined],
  ["none", undefined],
];

for (const [offered, chosen] of PROTOCOLS) {
  test(`of the subprotocols "${offered}", ${chosen ?? "none"} is agreed on`, async () => {
    const request = handshake("/", { "Sec-WebSocket-Protocol": offered });
    const head = await answerTo(request, { protocols: ["echo.v1", "chat"] });
    assertEquals([statusOf(head), fieldOf(head, "Sec-WebSocket-Protocol")], [101, chosen]);
  });
}

/** Origins, the option, the Host, and whether the page may connect. */
const ORIGINS: readonly (readonly [string, WebSocketOptions["origin"], string, boolean])[] = [
  ["http://test", undefined, "test", true],
  ["http://TEST", undefined, "tesT", true],
  ["http://test:80", undefined, "test", true],
  ["http://test", undefined, "test:80", true],
  ["http://test:8080", undefined, "test:8080", true],
  ["http://[::1]:8080", undefined, "[::1]:8080", true],
  ["https://test", undefined, "test", false],
  ["http://test:443", undefined, "test", false],
  ["http://test:8080", undefined, "test", false],
  ["http://test", undefined, "test:8080", false],
  ["http://other", undefined, "test", false],
  ["http://test.other", undefined, "test", false],
  ["http://test@other", undefined, "test", false],
  ["http://test/", undefined, "test", false],
  ["null", undefined, "test", false],
  ["", undefined, "test", false],
  ["null", "*", "test", true],
  ["https://a.example", "https://a.example", "test", true],
  ["https://a.example:443", "https://A.example", "test", true],
  ["http://a.example", "https://a.example", "test", false],
  ["http://test", "https://a.example", "test", false],
  ["https://b.example", ["https://a.example", "https://b.example"], "test", true],
  ["null", ["https://a.example"], "test", false],
  ["app://x", (origin) => origin.startsWith("app:"), "test", true],
  ["http://test", (origin) => origin.startsWith("app:"), "test", false],
];

for (const [origin, option, host, isAllowed] of ORIGINS) {
  const shown = typeof option === "function" ? "a function" : JSON.stringify(option);
  test(`a page of "${origin}" at ${host} is ${isAllowed ? "" : "not "}allowed by ${shown}`, async () => {
    const request = handshake("/", { Host: host, Origin: origin });
    const options = option === undefined ? {} : { origin: option };
    assertEquals(statusOf(await answerTo(request, options)), isAllowed ? 101 : 403);
  });
}

test("behind a proxy that ends TLS, trustProxy tells the scheme of the page", async () => {
  for (const isTrusted of [true, false]) {
    const app = accepting({});
    const stage = await serving(isTrusted ? trustProxy(app, { trust: 1 }) : app);
    const fields = { "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7" };
    const client = stage.ask(handshake("/", { ...fields, Origin: "https://test" }));
    await stage.settle();
    assertEquals(statusOf(client.received()), isTrusted ? 101 : 403);
    client.destroy();
    await stage.finish();
  }
});

/** Offers of extensions, and the answer of a server with all windows and context takeover. */
const OFFERS: readonly (readonly [string, string | undefined])[] = [
  ["permessage-deflate", ""],
  ["permessage-deflate; client_max_window_bits", ""],
  ["permessage-deflate; client_max_window_bits=15", ""],
  ["permessage-deflate; client_max_window_bits=10", "; client_max_window_bits=10"],
  ["permessage-deflate; server_max_window_bits=8", "; server_max_window_bits=8"],
  ["permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15"],
  ["permessage-deflate; server_no_context_takeover", "; server_no_context_takeover"],
  ["permessage-deflate; client_no_context_takeover", "; client_no_context_takeover"],
  [
    "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9; " +
    "client_no_context_takeover; server_no_context_takeover",
    "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; " +
    "client_max_window_bits=9",
  ],
  // White space, quotes and empty members.
  [" ,\t, permessage-deflate ; server_max_window_bits = 10 , ,", "; server_max_window_bits=10"],
  ['permessage-deflate;server_max_window_bits="10"', "; server_max_window_bits=10"],
  ['permessage-deflate;server_max_window_bits="1\\0"', "; server_max_window_bits=10"],
  // Invalid offers are declined.
  ["permessage-deflate; server_max_window_bits", undefined],
  ["permessage-deflate; server_max_window_bits=7", undefined],
  ["permessage-deflate; server_max_window_bits=16", undefined],
  ["permessage-deflate; server_max_window_bits=010", undefined],
  ["permessage-deflate; server_max_window_bits=1e1", undefined],
  ["permessage-deflate; client_max_window_bits=7", undefined],
  ["permessage-deflate; client_max_window_bits=x", undefined],
  ["permessage-deflate; server_no_context_takeover=1", undefined],
  ["permessage-deflate; client_no_context_takeover=true", undefined],
  ["permessage-deflate; unknown", undefined],
  ["permessage-deflate; server_no_context_takeover; server_no_context_takeover", undefined],
  ["permessage-deflate; client_max_window_bits=9; client_max_window_bits=10", undefined],
  ["x-webkit-deflate-frame", undefined],
  ["permessage-bzip2, other; a=b", undefined],
  // A later valid offer is taken; of two valid ones, the first.
  ["permessage-deflate; unknown, permessage-deflate", ""],
  [
    "permessage-deflate; server_max_window_bits=99, x, permessage-deflate; server_max_window_bits=9",
    "; server_max_window_bits=9",
  ],
  [
    "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    "; server_max_window_bits=9",
  ],
];

for (const [offer, answer] of OFFERS) {
  test(`the offer "${offer}" is ${answer === undefined ? "declined" : "taken"}`, async () => {
    const compression = permessageDeflate(zlib, { contextTakeover: true });
    const request = handshake("/", { "Sec-WebSocket-Extensions": offer });
    const head = await answerTo(request, { compression });
    const expected = answer === undefined ? undefined : `permessage-deflate${answer}`;
    assertEquals(statusOf(head), 101);
    assertEquals(fieldOf(head, "Sec-WebSocket-Extensions"), expected);
    assertEquals(await answerTo(request).then(statusOf), 101);
  });
}

test("without context takeover, each end compresses each message by itself", async () => {
  const request = handshake("/", { "Sec-WebSocket-Extensions": "permessage-deflate" });
  const head = await answerTo(request, { compression: permessageDeflate(zlib) });
  assertEquals(
    fieldOf(head, "Sec-WebSocket-Extensions"),
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
  );
});

test("the window of an app limits the client only if the client knows the parameter", () => {
  const { parameters } = permessageDeflate(zlib, { contextTakeover: true, windowBits: 10 });
  const fieldFor = (offer: string) =>
    agreeOnDeflate(parseExtensions(offer) ?? [], parameters)?.field;
  assertEquals(fieldFor("permessage-deflate"), "permessage-deflate; server_max_window_bits=10");
  assertEquals(
    fieldFor("permessage-deflate; client_max_window_bits"),
    "permessage-deflate; server_max_window_bits=10; client_max_window_bits=10",
  );
  assertEquals(
    fieldFor("permessage-deflate; client_max_window_bits=9; server_max_window_bits=12"),
    "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9",
  );
});

test("a refused request leaves its connection open for the next one", async () => {
  const stage = await serving(accepting({}));
  const client = stage.ask(handshake("/", { Upgrade: undefined }) + handshake("/"));
  await stage.settle();
  assertEquals(client.received().match(/HTTP\/1\.1 (?:426|101)/g)?.length, 2);
  client.destroy();
  await stage.finish();
});

const OPTIONS: Readonly<Record<string, unknown>> = {
  '"protcols": did you mean "protocols"': { protcols: [] },
  'protocols is "chat": expected a list': { protocols: "chat" },
  'protocols is ["a b"]: expected a list': { protocols: ["a b"] },
  'origin is "example.com": expected an origin': { origin: "example.com" },
  'origin is "https://a.example/": expected an origin': { origin: ["https://a.example/"] },
  "origin is 5: expected an origin": { origin: 5 },
  'maxMessageBytes is "5": expected a number': { maxMessageBytes: "5" },
  "maxMessageBytes is -1: expected a whole number": { maxMessageBytes: -1 },
  "maxMessageBytes is 1.5: expected a whole number": { maxMessageBytes: 1.5 },
  '"every": expected one of interval': { ping: { every: 5 } },
  "ping is 5: expected an object": { ping: 5 },
  "compression is true: expected permessageDeflate": { compression: true },
};

for (const [message, options] of Object.entries(OPTIONS)) {
  test(`a wrong option is named: ${message}`, () => {
    const environ = { REQUEST_METHOD: "GET", cogen: {} } as Environ;
    assertThrows(() => acceptWebSocket(environ, options as WebSocketOptions), Error, message);
  });
}

test("a function that gives a promise allows no origin", async () => {
  const stage = await serving(accepting({ origin: (() => Promise.resolve(true)) as never }));
  const client = stage.ask(handshake("/", { Origin: "http://other" }));
  await stage.settle();
  assertEquals(client.response().status, "500 Internal Server Error");
  assert(stage.takeLog().join().includes("The result of origin is a Promise"));
  await stage.finish();
});

test("SHA-1 gives the values of RFC 3174", () => {
  const hex = (text: string) =>
    Array.from(sha1(text), (byte) => byte.toString(16).padStart(2, "0")).join("");
  assertEquals(hex("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  assertEquals(hex("a".repeat(55)).length, 40);
  assertEquals(hex(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  assertEquals(
    hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  );
  assertEquals(hex("0123456701234567".repeat(40)), "dea356a2cddd90c7a7ecedc5ebb563934f460452");
});
