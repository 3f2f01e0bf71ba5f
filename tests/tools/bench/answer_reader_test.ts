import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { AnswerReader, BadAnswer } from "../../../bench/workloads/answer_reader.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The results of a reader for bytes that come in pieces of `size`. */
function read(text: string, size: number, ends = false): string[] {
  const told: string[] = [];
  let body = "";
  const reader = new AnswerReader({
    onHead: ({ status, framing }) => void told.push(`${status} ${framing}`),
    onBody: (bytes) => void (body += decoder.decode(bytes)),
    onEnd() {
      told.push(body);
      body = "";
    },
  });
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  if (ends) reader.end();
  return told;
}

const SIZED = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" +
  "3\r\nhel\r\nA;x=y\r\nlo, world!\r\n0\r\nTrailer: t\r\n\r\n";
const EMPTY = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const TOLD = ["200 length", "hello", "200 chunks", "hello, world!", "200 length", "", "200 length"];

for (const size of [1, 2, 7, 1000]) {
  test(`reads answers of every framing in pieces of ${size} bytes`, () => {
    assertEquals(read(SIZED + CHUNKED + EMPTY + SIZED, size), [...TOLD, "hello"]);
  });
}

test("reads an answer that ends with the connection", () => {
  assertEquals(read("HTTP/1.1 200 OK\r\n\r\nhello", 4, true), ["200 close", "hello"]);
});

test("an answer that is cut off does not end", () => {
  assertEquals(read(SIZED.slice(0, -1), 9, true), ["200 length"]);
  assertEquals(read(CHUNKED.slice(0, -1), 9, true), ["200 chunks"]);
});

test("says whether an answer has begun", () => {
  const reader = new AnswerReader({ onEnd() {} });
  assertEquals(reader.inAnswer, false);
  reader.push(encoder.encode("HTTP"));
  assertEquals(reader.inAnswer, true);
  reader.push(encoder.encode(SIZED.slice(4)));
  assertEquals(reader.inAnswer, false);
});

test("fields are found whatever the case of their names", () => {
  let type = "";
  const reader = new AnswerReader({
    onHead: (head) => void (type = head.field("Content-Type")),
    onEnd() {},
  });
  reader.push(encoder.encode("HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n"));
  assertEquals(type, "text/plain");
});

for (
  const [what, text] of [
    ["no status line", "hello\r\n\r\n"],
    ["a chunk size that is none", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    [
      "a chunk that is longer than it said",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    ],
  ] as const
) {
  test(`rejects ${what}`, () => {
    assertThrows(() => read(text, 3), BadAnswer);
  });
}
