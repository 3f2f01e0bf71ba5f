/**
 * Real proxies in front of the server, with connections to it that many clients share: in each message of the
 * corpus, and in messages whose body looks like a request, the proxy and the server see the same requests. If
 * they differed, the server would answer a request that the proxy does not know, and a client would get the
 * response to the request of another one.
 *
 * Each client sends one message, and then a last request with a path of its own.
 */

import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { test } from "node:test";
import { serve } from "../../../mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { readCorpus } from "../../http/corpus.ts";
import { latin1Text } from "../../http/transcript.ts";
import { freePort } from "../../support/free_port.ts";
import { latin1Bytes } from "../../support/latin1_bytes.ts";
import { nginxConfiguration, withProxy } from "../../support/real_proxy.ts";
import { isMine } from "../../support/shares.ts";
import { skipWithout } from "../../tools/optional_tools.ts";

/** The messages that wait for more bytes end by a time-out of the proxy, so that many are sent at once. */
const CLIENTS_AT_ONCE = 24;

/** Fields that frame a body, alone or in contradiction; `LENGTH` stands for the length of the body. */
const FRAMINGS: readonly string[] = [
  ...[
    "Content-Length: LENGTH",
    "Content-Length: 0",
    "Content-Length : LENGTH",
    "Content-Length: +LENGTH",
  ],
  ...[
    "Content-Length: 0LENGTH",
    "Content-Length: LENGTH, LENGTH",
    "Content-Length: 0\r\nContent-Length: LENGTH",
  ],
  ...[
    "Content-Length: LENGTH\r\nContent-Length: 0",
    "Content_Length: LENGTH",
    "Content-Length:\x0bLENGTH",
  ],
  ...["Transfer-Encoding: chunked", "Transfer-Encoding: identity", "Transfer-Encoding: xchunked"],
  ...["Transfer-Encoding: chunked\r\nContent-Length: LENGTH", "Transfer-Encoding : chunked"],
  ...[
    "Content-Length: LENGTH\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: chunked, identity",
  ],
  ...["Content-Length: LENGTH\r\nTransfer-Encoding: \x0bchunked", "Transfer-Encoding:\r\n chunked"],
  ...["Content-Length: LENGTH\r\nTransfer-Encoding: x", "X: y\nTransfer-Encoding: chunked"],
  ...["Content-Length: LENGTH\r\nX: y\nTransfer-Encoding: chunked", "X: y\rContent-Length: LENGTH"],
  ...[
    "Content-Length: LENGTH\r\nTransfer_Encoding: chunked",
    "Connection: Content-Length\r\nContent-Length: LENGTH",
  ],
];

/** The beginnings of bodies before the request that they hide: no chunk, the last one, and one of a wrong size. */
const BEGINNINGS = [
  "",
  "0\r\n\r\n",
  "1\r\nZ\r\n0\r\n\r\n",
  "0\n\n",
  "0;\nx\r\n\r\n",
  "00000000000000000\r\n\r\n",
];

interface Message {
  readonly name: string;
  /** The message; a request that its body hides has this path. */
  textWith(path: string): string;
}

/** Messages whose bodies hide a request. */
const HIDING: readonly Message[] = FRAMINGS.flatMap((framing) =>
  BEGINNINGS.map((beginning) => ({
    name: JSON.stringify([framing, beginning]),
    textWith: (path) => {
      const body = `${beginning}GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
      const fields = framing.replaceAll("LENGTH", String(body.length));
      return `POST /a HTTP/1.1\r\nHost: x\r\n${fields}\r\n\r\n${body}`;
    },
  }))
);

const CORPUS: readonly Message[] = readCorpus().map(({ name, bytes }) => ({
  name,
  textWith: () => latin1Text(bytes),
}));

/** The targets of all requests of an app. */
const seen = new Set<string>();

const app: WSGIApp = function* (environ, startResponse) {
  const body = yield* environ["wsgi.input"].read();
  seen.add(environ.REQUEST_URI);
  startResponse("200 OK", [["X-Seen", environ.REQUEST_URI]]);
  yield `${body.length} bytes`;
};

/** Sends bytes, and gives all that comes until the connection ends. */
function talk(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.on("error", () => {});
    socket.on("data", (piece: Uint8Array) => text += latin1Text(piece));
    socket.on("close", () => resolve(text));
  });
}

/** The targets of the requests that the app has answered. */
function targetsIn(text: string): string[] {
  return [...text.matchAll(/\r\nx-seen: ([^\r]*)\r\n/gi)].map(([, target = ""]) => target);
}

const lastRequest = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;

/** The targets that only one client asks for. */
const OWN = /^\/(?:last|after|hidden)-/;

async function checkBoundaries(port: number): Promise<void> {
  seen.clear();
  while (await talk(port, latin1Bytes(lastRequest("/begin"))) === "") {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const messages = [...HIDING, ...CORPUS].filter((_message, row) => isMine(row));
  const answered = new Set<string>();
  let next = 0;
  const client = async () => {
    for (let row; (row = next++) < messages.length;) {
      const { name, textWith } = messages[row]!;
      const own = ["last", "after", "hidden"].map((word) => `/${word}-${row}-`);
      const [path = "", after = "", hiding = ""] = own;
      const sent = latin1Bytes(textWith(hiding) + lastRequest(path));
      const targets = targetsIn(await talk(port, sent));
      const foreign = targets.filter((target) => OWN.test(target) && !own.includes(target));
      assertEquals(foreign, [], name);
      assert(targets.indexOf(path) === targets.lastIndexOf(path), `${name}: two answers`);
      for (const target of targets) answered.add(target);
      assertEquals(targetsIn(await talk(port, latin1Bytes(lastRequest(after)))), [after], name);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS_AT_ONCE }, client));
  const unknown = [...seen].filter((target) => OWN.test(target) && !answered.has(target));
  assertEquals(unknown.filter((target) => !target.startsWith("/after-")), []);
  assert(answered.size >= messages.length / 4, `${answered.size} of ${messages.length}`);
}

const nginx = (port: number, target: number) =>
  nginxConfiguration(`    client_header_timeout 1s;
    client_body_timeout 1s;
    keepalive_timeout 1s;
    ignore_invalid_headers off;
    underscores_in_headers on;
    upstream app {
        server 127.0.0.1:${target};
        keepalive 4;
    }
    server {
        listen 127.0.0.1:${port};
        location / {
            proxy_pass http://app;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_request_buffering off;
            proxy_read_timeout 60s;
        }
    }`);

const haproxy = (port: number, target: number) => () => `
defaults
    mode http
    timeout connect 60s
    timeout client 1s
    timeout http-request 1s
    timeout server 60s
    http-reuse always
frontend front
    bind 127.0.0.1:${port}
    option accept-invalid-http-request
    default_backend app
backend app
    server app 127.0.0.1:${target}
`;

const PROXIES = [
  { name: "nginx", configuration: nginx },
  { name: "haproxy", configuration: haproxy },
] as const;

for (const { name, configuration } of PROXIES) {
  test(`${name} and the server see the same requests in each message of the corpus`, {
    skip: skipWithout(name, ["-v"]),
  }, async () => {
    await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: app, log: () => {} });
    const { port: target } = server.address as { port: number };
    const port = await freePort();
    const conf = configuration(port, target);
    await withProxy(name, conf, () => checkBoundaries(port));
  });
}
