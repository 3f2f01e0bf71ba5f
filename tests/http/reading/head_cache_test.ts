/**
 * The cache of the last head: a hit gives the same result as a new read, also if the line, the
 * version, the authority or the body differs from the last request.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ProtocolError, type RequestHead, RequestParser } from "../../../src/http/mod.ts";
import { latin1Bytes } from "../transcript.ts";

/** The heads of messages without a body, each pushed whole after the one before. */
function heads(parser: RequestParser, ...messages: string[]): RequestHead[] {
  return messages.map((message) => {
    parser.push(latin1Bytes(message));
    const head = parser.next();
    assert(head.type === "request");
    assertEquals(parser.next().type, "end");
    parser.detach();
    return head;
  });
}

const FIELDS = "Host: x\r\nAccept: */*\r\nCookie: a=1\r\n\r\n";

test("an equal head is read once, and is the same object", () => {
  const [first, same, other] = heads(
    new RequestParser(),
    `GET /a HTTP/1.1\r\n${FIELDS}`,
    `GET /a HTTP/1.1\r\n${FIELDS}`,
    `POST /b?c HTTP/1.1\r\n${FIELDS}`,
  );
  assert(same === first);
  assertEquals([other?.method, other?.path, other?.query], ["POST", "/b", "c"]);
  assert(same?.fields === first?.fields && other?.fields === first?.fields);
});

test("a head with a new line and known fields is cached with that line", () => {
  const [, second, third, fourth] = heads(
    new RequestParser(),
    `GET /a HTTP/1.1\r\n${FIELDS}`,
    `GET /b HTTP/1.1\r\n${FIELDS}`,
    `GET /b HTTP/1.1\r\n${FIELDS}`,
    `GET /a HTTP/1.1\r\n${FIELDS}`,
  );
  assert(third === second);
  assertEquals([second?.path, fourth?.path], ["/b", "/a"]);
});

test("fields that differ in a byte, or that go on, are read anew", () => {
  const [first, differs, longer, shorter] = heads(
    new RequestParser(),
    `GET / HTTP/1.1\r\n${FIELDS}`,
    `GET / HTTP/1.1\r\n${FIELDS.replace("a=1", "a=2")}`,
    `GET / HTTP/1.1\r\n${FIELDS.slice(0, -2)}X: y\r\n\r\n`,
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
  );
  assertEquals(first?.fields.at(-1), "a=1");
  assertEquals(differs?.fields.at(-1), "a=2");
  assertEquals(longer?.fields.at(-1), "y");
  assertEquals(shorter?.fields, ["host", "x"]);
});

test("equal fields are judged again for another version", () => {
  const fields = "Host: x\r\n\r\n";
  const [modern] = heads(new RequestParser(), `GET / HTTP/1.1\r\n${fields}`);
  const parser = new RequestParser();
  const [, old] = heads(parser, `GET / HTTP/1.1\r\n${fields}`, `GET / HTTP/1.0\r\n${fields}`);
  assertEquals([modern?.keepAlive, old?.keepAlive], [true, false]);
});

test("equal fields after a target with an authority are for that authority", () => {
  const [, absolute, origin] = heads(
    new RequestParser(),
    `GET / HTTP/1.1\r\n${FIELDS}`,
    `GET http://other/ HTTP/1.1\r\n${FIELDS}`,
    `GET / HTTP/1.1\r\n${FIELDS}`,
  );
  assertEquals([absolute?.host, origin?.host], ["other", "x"]);
});

test("the limit on the head also holds for cached fields", () => {
  const parser = new RequestParser({ limits: { maxHeadBytes: 60 } });
  heads(parser, `GET / HTTP/1.1\r\n${FIELDS}`);
  parser.push(latin1Bytes(`GET /${"a".repeat(20)} HTTP/1.1\r\n${FIELDS}`));
  assertThrows(() => parser.next(), ProtocolError, "Head too long");
});

test("equal fields with a body frame each body by itself", () => {
  const parser = new RequestParser();
  const message = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
  parser.push(latin1Bytes(`${message}hi${message}ho`));
  const seen: string[] = [];
  for (let event = parser.next(); event.type !== "need-data"; event = parser.next()) {
    seen.push(event.type === "data" ? String.fromCharCode(...event.bytes) : event.type);
  }
  assertEquals(seen, ["request", "hi", "end", "request", "ho", "end"]);
});

test("a long section is not cached, but is read correctly", () => {
  const fields = `Host: x\r\nX-Long: ${"y".repeat(3000)}\r\n\r\n`;
  const [first, second] = heads(
    new RequestParser(),
    `GET / HTTP/1.1\r\n${fields}`,
    `GET / HTTP/1.1\r\n${fields}`,
  );
  assertEquals(second, first);
});
