/**
 * This file checks the answers of a server to a workload, before the timing begins. A server with
 * other answers is not comparable.
 *
 * @module
 */

import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import { type AnswerHead, AnswerReader, type AnswerSink } from "./answer_reader.ts";
import type { Answer } from "./content.ts";
import { POLL_PATHS } from "./content.ts";
import { get } from "./requests.ts";
import type { Workload } from "./workloads.ts";

/** The time that a server has to answer. */
const ANSWER_MILLISECONDS = 10_000;

/** The error for an answer that differs from the expected answer of the workload. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}

/** Compares answers with the expected one as they come. */
export class AnswerCheck implements AnswerSink {
  readonly #expected: Answer;
  readonly #body: Uint8Array;
  readonly #size: number;
  #received = 0;
  /** The pieces of a compressed body. */
  #packed: Uint8Array[] = [];
  /** The number of complete, correct answers. */
  answers = 0;

  constructor(expected: Answer) {
    this.#expected = expected;
    this.#body = new TextEncoder().encode(expected.body);
    this.#size = this.#body.length * (expected.repeats ?? 1);
  }

  onHead(head: AnswerHead): void {
    const { contentType, chunked, gzip } = this.#expected;
    expectEqual("status", head.status, 200);
    // Some frameworks insist on a charset.
    expectEqual("media type", head.field("Content-Type").split(";")[0], contentType);
    if (chunked) expectEqual("framing", head.framing, "chunks");
    expectEqual("content coding", head.field("Content-Encoding"), gzip ? "gzip" : "");
    if (head.field("Date") === "") throw new WrongAnswer("there is no Date");
    this.#received = 0;
    this.#packed = [];
  }

  onBody(bytes: Uint8Array): void {
    if (this.#expected.gzip) this.#packed.push(bytes.slice());
    else this.#compare(bytes);
  }

  onEnd(): void {
    if (this.#expected.gzip) this.#compare(gunzipSync(Buffer.concat(this.#packed)));
    expectEqual("length of the body", this.#received, this.#size);
    this.answers++;
  }

  #compare(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const offset = this.#received % this.#body.length;
      const wanted = this.#body.subarray(offset, offset + bytes.length - at);
      const part = bytes.subarray(at, at + wanted.length);
      if (Buffer.compare(part, wanted) !== 0) this.#complain(bytes, at);
      at += part.length;
      this.#received += part.length;
    }
  }

  #complain(bytes: Uint8Array, at: number): void {
    const text = JSON.stringify(new TextDecoder().decode(bytes.subarray(at, at + 100)));
    throw new WrongAnswer(`the body from byte ${this.#received} on is ${text}`);
  }
}

function expectEqual(part: string, got: unknown, wanted: unknown): void {
  if (got === wanted) return;
  throw new WrongAnswer(
    `the ${part} is ${JSON.stringify(got)}, expected ${JSON.stringify(wanted)}`,
  );
}

/**
 * Sends one batch of `workload` to a server, and compares the answers.
 *
 * @throws {WrongAnswer} If an answer differs, or does not come.
 */
export async function checkAnswers(port: number, workload: Workload): Promise<void> {
  const { request, depth, answer } = workload;
  const answered = exchange(port, request.repeat(depth), depth, answer);
  // Without a signal, no answer would come.
  if (workload.kind === "suspended") await letGo(port, workload);
  await answered;
}

/** Signals until no request waits, because the poll may arrive after the first signal. */
async function letGo(port: number, { answer }: Workload): Promise<void> {
  for (let count = 0; count < 3; count++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await exchange(port, get(POLL_PATHS.signal), 1, answer);
  }
}

/** Sends a text, and resolves when `count` correct answers have come. */
function exchange(port: number, text: string, count: number, answer: Answer): Promise<void> {
  const check = new AnswerCheck(answer);
  const reader = new AnswerReader(check);
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text, "latin1"));
    const fail = (reason: string) => {
      socket.destroy();
      reject(new WrongAnswer(reason));
    };
    const received = (receive: () => void) => {
      try {
        receive();
      } catch (error) {
        return fail((error as Error).message);
      }
      if (check.answers > count || check.answers === count && reader.inAnswer) {
        fail("more came than was asked for");
      } else if (check.answers === count) {
        socket.destroy();
        resolve();
      }
    };
    socket.setTimeout(ANSWER_MILLISECONDS, () => fail("no whole answer came"));
    socket.on("error", (error) => fail(error.message));
    socket.on("data", (bytes: Uint8Array) => received(() => reader.push(bytes)));
    socket.on("end", () => {
      received(() => reader.end());
      if (check.answers < count) fail("the connection was closed");
    });
  });
}
