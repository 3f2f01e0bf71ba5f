/** Requests for a WebSocket: those that are accepted, and those that are refused with their status. */

import { createHash } from "node:crypto";
import { HANDSHAKE, handshake } from "../raw_client.ts";
import { type CaseParts, type ConformanceCase, conformanceCase, frame } from "./case.ts";

type Fields = Readonly<Record<string, string | undefined>>;
const KEY = "Sec-WebSocket-Key";
const VERSION = "Sec-WebSocket-Version";
const PROTOCOL = "Sec-WebSocket-Protocol";
const EXTENSIONS = "Sec-WebSocket-Extensions";

/** A request with a further line. */
const withLine = (line: string, fields: Fields = {}): string =>
  handshake("/", fields).replace("\r\n\r\n", `\r\n${line}\r\n\r\n`);

/** The fields that differ from a plain handshake, or the whole request. */
const ACCEPTED: Readonly<Record<string, Fields | string>> = {
  "a plain handshake": {},
  "Upgrade in upper case": { Upgrade: "WEBSOCKET" },
  "Upgrade in mixed case": { Upgrade: "WebSocket" },
  "Connection in lower case": { Connection: "upgrade" },
  "Connection in mixed case": { Connection: "uPgRaDe" },
  "keep-alive before upgrade": { Connection: "keep-alive, Upgrade" },
  "upgrade before keep-alive": { Connection: "Upgrade, keep-alive" },
  "a Connection without spaces": { Connection: "keep-alive,upgrade" },
  "a Connection with empty members": { Connection: ",,keep-alive ,, upgrade ," },
  "a Connection on two lines": withLine("Connection: Upgrade", { Connection: "keep-alive" }),
  "a list of protocols to upgrade to": { Upgrade: "h2c, websocket" },
  "white space around the version": { [VERSION]: " \t13 \t" },
  "white space around the key": { [KEY]: `  ${HANDSHAKE[KEY]} ` },
  "no white space around the key": handshake("/").replaceAll(": ", ":"),
  "names of fields in lower case": handshake("/").replace(
    /^[\w-]+(?=:)/gm,
    (name) => name.toLowerCase(),
  ),
  "names of fields in upper case": handshake("/").replace(
    /^[\w-]+(?=:)/gm,
    (name) => name.toUpperCase(),
  ),
  "an absolute target": handshake("/", {}, "GET http://test/ HTTP/1.1"),
  "a query": handshake("/", {}, "GET /?a=b&c=%20 HTTP/1.1"),
  "a body of no bytes": { "Content-Length": "0" },
  "a page of the same origin": { Origin: "http://test" },
  "an unknown field": { "X-Unknown": "1" },
  "cookies": { Cookie: "a=b; c=d" },
  "credentials": { Authorization: "Basic YTpi" },
  "many fields": Object.fromEntries(Array.from({ length: 60 }, (_, at) => [`X-Field-${at}`, "x"])),
  "a field of 4,000 bytes": { "X-Long": "x".repeat(4000) },
  "a key of zeros": { [KEY]: "AAAAAAAAAAAAAAAAAAAAAA==" },
  "a key with plus and slash": { [KEY]: "x3JJHMbDL1EzLkh9+/BXDw==" },
  "an unknown extension": { [EXTENSIONS]: "x-unknown" },
  "an unknown extension with parameters": { [EXTENSIONS]: 'x-a; b; c=1; d="e", x-f' },
  "an old extension": { [EXTENSIONS]: "x-webkit-deflate-frame" },
  "a subprotocol that the app has not": { [PROTOCOL]: "other" },
};

/** The offered subprotocols, and the one that is agreed on. */
const PROTOCOLS: readonly (readonly [string, string | undefined])[] = [
  ["echo.v1", "echo.v1"],
  ["chat", "chat"],
  ["other, chat", "chat"],
  ["chat,echo.v1", "echo.v1"],
  ["echo.v1,chat", "echo.v1"],
  ["other,echo.v1,another", "echo.v1"],
  [" ,, chat ,", "chat"],
  ["CHAT", undefined],
  ["chat2", undefined],
];

/** The status, and the request. */
const REFUSED: Readonly<Record<string, readonly [number, Fields | string]>> = {
  "POST": [405, handshake("/", { "Content-Length": "0" }, "POST / HTTP/1.1")],
  "PUT": [405, handshake("/", { "Content-Length": "0" }, "PUT / HTTP/1.1")],
  "HEAD": [405, handshake("/", {}, "HEAD / HTTP/1.1")],
  "OPTIONS": [405, handshake("/", {}, "OPTIONS / HTTP/1.1")],
  "DELETE": [405, handshake("/", {}, "DELETE / HTTP/1.1")],
  "an unknown method": [405, handshake("/", {}, "SOCKET / HTTP/1.1")],
  "GET in lower case": [405, handshake("/", {}, "get / HTTP/1.1")],
  "HTTP/1.0": [400, handshake("/", {}, "GET / HTTP/1.0")],
  "HTTP/1.0 without Host": [400, handshake("/", { Host: undefined }, "GET / HTTP/1.0")],
  "HTTP/2.0": [505, handshake("/", {}, "GET / HTTP/2.0")],
  "no Host": [400, { Host: undefined }],
  "two Hosts": [400, withLine("Host: other")],
  "two equal Hosts": [400, withLine("Host: test")],
  "two hosts in one field": [400, { Host: "test, other" }],
  "a host with a space": [400, { Host: "te st" }],
  "no Upgrade": [426, { Upgrade: undefined }],
  "an empty Upgrade": [426, { Upgrade: "" }],
  "another protocol": [426, { Upgrade: "h2c" }],
  "a longer name of a protocol": [426, { Upgrade: "websockets" }],
  "a shorter name of a protocol": [426, { Upgrade: "websocke" }],
  "a name in quotes": [426, { Upgrade: '"websocket"' }],
  "no Connection": [426, { Connection: undefined }],
  "an empty Connection": [426, { Connection: "" }],
  "a Connection without upgrade": [426, { Connection: "keep-alive" }],
  "a Connection to close": [426, { Connection: "close" }],
  "a longer connection option": [426, { Connection: "upgrades" }],
  "a connection option in two words": [426, { Connection: "keep-alive Upgrade" }],
  "neither Upgrade nor Connection": [426, { Upgrade: undefined, Connection: undefined }],
  "no version": [426, { [VERSION]: undefined }],
  "an empty version": [426, { [VERSION]: "" }],
  ...Object.fromEntries(
    [
      ...[
        "0",
        "7",
        "8",
        "12",
        "14",
        "25",
        "130",
        "113",
        "013",
        "0013",
        "0xd",
        "0xD",
        "+13",
        "-13",
        "13.0",
        "1e1",
      ],
      ...["13, 8", "13,13", "8, 13", '"13"', "13;", "1 3", "thirteen", "Infinity", "\u0663"],
    ].map((version) => [`the version ${version}`, [426, { [VERSION]: version }] as const]),
  ),
  "two versions": [426, withLine(`${VERSION}: 13`)],
  "no key": [400, { [KEY]: undefined }],
  "an empty key": [400, { [KEY]: "" }],
  "a key of 15 bytes": [400, { [KEY]: btoa("a".repeat(15)) }],
  "a key of 17 bytes": [400, { [KEY]: btoa("a".repeat(17)) }],
  "a key of 1 byte": [400, { [KEY]: "YQ==" }],
  "a key that is no base64": [400, { [KEY]: "dGhlIHNhbXBsZSBub25jZ!==" }],
  "a key for addresses": [400, { [KEY]: "x3JJHMbDL1EzLkh9-_BXDw==" }],
  "a key without its padding": [400, { [KEY]: "dGhlIHNhbXBsZSBub25jZQ" }],
  "a key with one sign of padding": [400, { [KEY]: "dGhlIHNhbXBsZSBub25jZQ=" }],
  "a key with a space in it": [400, { [KEY]: "dGhlIHNhbXBsZS Bub25jZQ==" }],
  "two keys": [400, withLine(`${KEY}: ${HANDSHAKE[KEY]}`)],
  "two keys in one field": [400, { [KEY]: `${HANDSHAKE[KEY]}, ${HANDSHAKE[KEY]}` }],
  "a body with a length": [400, { "Content-Length": "5" }],
  "a chunked body": [400, { "Transfer-Encoding": "chunked" }],
  "an empty list of subprotocols": [400, { [PROTOCOL]: "" }],
  "a list of commas": [400, { [PROTOCOL]: ",," }],
  "a subprotocol in two words": [400, { [PROTOCOL]: "chat echo.v1" }],
  "a subprotocol in quotes": [400, { [PROTOCOL]: '"chat"' }],
  "a repeated subprotocol": [400, { [PROTOCOL]: "chat, chat" }],
  "a subprotocol that another line repeats": [
    400,
    withLine(`${PROTOCOL}: chat`, { [PROTOCOL]: "chat" }),
  ],
  "no extension": [400, { [EXTENSIONS]: "" }],
  "an extension without a name": [400, { [EXTENSIONS]: "; a" }],
  "an extension with an empty value": [400, { [EXTENSIONS]: "a; b=" }],
  "an extension that ends with a semicolon": [400, { [EXTENSIONS]: "permessage-deflate;" }],
  "an open quote": [400, { [EXTENSIONS]: 'a; b="c' }],
  "a quoted value that is no token": [400, { [EXTENSIONS]: 'a; b="c d"' }],
  "two names without a comma": [400, { [EXTENSIONS]: "a b" }],
  "a page of another site": [403, { Origin: "http://other" }],
  "a page of another port": [403, { Origin: "http://test:81" }],
  "a page of another scheme": [403, { Origin: "https://test" }],
  "a page without an origin": [403, { Origin: "null" }],
  "a space before the colon": [400, handshake("/").replace("Upgrade:", "Upgrade :")],
  "a folded line": [400, handshake("/").replace("Upgrade: ", "Upgrade:\r\n ")],
  "a control character in a field": [400, { "X-Odd": "a\x01b" }],
};

function requestOf(given: Fields | string): string {
  return typeof given === "string" ? given : handshake("/", given);
}

function* cases(): Generator<ConformanceCase> {
  const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accepts = (request: string): Fields => {
    const key = /^sec-websocket-key:[ \t]*(\S+)/mi.exec(request)?.[1] ?? "";
    const accept = createHash("sha1").update(key + GUID).digest("base64");
    return {
      "Upgrade": "websocket",
      "Connection": "Upgrade",
      "Sec-WebSocket-Accept": accept,
      "Content-Length": undefined,
      "Transfer-Encoding": undefined,
    };
  };
  const echoes = [frame("text", "accepted")];
  const messages = ["accepted"];
  const accepted = (name: string, request: string, fields: Fields): ConformanceCase => {
    const none = { [PROTOCOL]: undefined, [EXTENSIONS]: undefined };
    const parts: CaseParts = {
      request,
      messages,
      fields: { ...none, ...accepts(request), ...fields },
    };
    return conformanceCase(name, echoes, parts);
  };
  for (const [what, given] of Object.entries(ACCEPTED)) {
    yield accepted(`accepts ${what}`, requestOf(given), {});
  }
  for (const [offered, chosen] of PROTOCOLS) {
    const request = handshake("/", { [PROTOCOL]: offered });
    yield accepted(`of the subprotocols "${offered}": ${chosen ?? "none"}`, request, {
      [PROTOCOL]: chosen,
    });
  }
  const twoLines = withLine(`${PROTOCOL}: chat`, { [PROTOCOL]: "other" });
  yield accepted("subprotocols on two lines", twoLines, { [PROTOCOL]: "chat" });
  for (const [what, [status, given]] of Object.entries(REFUSED)) {
    const fields = {
      "Sec-WebSocket-Accept": undefined,
      "Upgrade": status === 426 ? "websocket" : undefined,
      [VERSION]: status === 426 ? "13" : undefined,
      "Allow": status === 405 ? "GET" : undefined,
    };
    yield conformanceCase(`refuses ${what}`, [], { request: requestOf(given), status, fields });
  }
}

/** The cases of this file. */
export const HANDSHAKES: readonly ConformanceCase[] = [...cases()];
