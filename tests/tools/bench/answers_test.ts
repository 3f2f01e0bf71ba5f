import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { AnswerReader } from "../../../bench/workloads/answer_reader.ts";
import { AnswerCheck, checkAnswers, WrongAnswer } from "../../../bench/workloads/answers.ts";
import type { Answer } from "../../../bench/workloads/content.ts";
import { WORKLOADS } from "../../../bench/workloads/workloads.ts";

const HELLO: Answer = { contentType: "text/plain", body: "hello" };
const DATE = "Date: Thu, 01 Jan 2026 00:00:00 GMT";

function answer(body: string, ...fields: readonly string[]): string {
  return ["HTTP/1.1 200 OK", ...fields, "", body].join("\r\n");
}

/** How many right answers are in `text`. */
function check(expected: Answer, text: string): number {
  const checked = new AnswerCheck(expected);
  new AnswerReader(checked).push(new TextEncoder().encode(text));
  return checked.answers;
}

const TYPE = "Content-Type: text/plain";
const GOOD = answer("hello", TYPE, DATE, "Content-Length: 5");
const CHUNKED = answer(
  "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
  TYPE,
  DATE,
  "Transfer-Encoding: chunked",
);

test("equal bodies are right however they are framed", () => {
  assertEquals(check(HELLO, GOOD + CHUNKED), 2);
});

test("a charset is no difference", () => {
  const text = answer("hello", `${TYPE};charset=utf-8`, DATE, "Content-Length: 5");
  assertEquals(check(HELLO, text), 1);
});

test("a repeated body is compared to its end", () => {
  const thrice = { ...HELLO, repeats: 3 };
  assertEquals(check(thrice, answer("hello".repeat(3), TYPE, DATE, "Content-Length: 15")), 1);
  const wrong = answer("hellohellohellO", TYPE, DATE, "Content-Length: 15");
  assertThrows(() => check(thrice, wrong), WrongAnswer, "from byte 10");
});

for (
  const [what, text, complaint] of [
    ["another body", GOOD.replace("hello", "hallo"), "the body"],
    ["a body too short", answer("hell", TYPE, DATE, "Content-Length: 4"), "length of the body"],
    ["another status", GOOD.replace("200", "404"), "status"],
    ["another media type", GOOD.replace("text/plain", "text/html"), "media type"],
    ["no Date", answer("hello", TYPE, "Content-Length: 5"), "Date"],
  ] as const
) {
  test(`rejects ${what}`, () => {
    assertThrows(() => check(HELLO, text), WrongAnswer, complaint);
  });
}

test("rejects a length where chunks are asked for", () => {
  assertEquals(check({ ...HELLO, chunked: true }, CHUNKED), 1);
  assertThrows(() => check({ ...HELLO, chunked: true }, GOOD), WrongAnswer, "framing");
});

/** A server that gives the same bytes to each client. */
async function servingBytes(bytes: string, act: (port: number) => Promise<void>): Promise<void> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await act((server.address() as AddressInfo).port);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const [PLAIN] = WORKLOADS;
const TWICE = { ...PLAIN, depth: 2, answer: HELLO } as NonNullable<typeof PLAIN>;

test("takes as many answers as were asked for", async () => {
  await servingBytes(GOOD + CHUNKED, (port) => checkAnswers(port, TWICE));
});

test("rejects fewer answers, and more", async () => {
  const rejects = (port: number) =>
    assertRejects(() => checkAnswers(port, TWICE), WrongAnswer).then(() => {});
  await servingBytes(GOOD, rejects);
  await servingBytes(GOOD + GOOD + "HTTP/1.1", rejects);
});
