/**
 * A fuzzer of the WebSocket reader.
 *
 * Strategy: the fuzzer mutates the frames of the corpus, as bytes and as frames, and reads each input whole
 * and in random pieces. Both runs must give the same events, and each run must keep the promises that
 * {@linkcode observeFrames} checks. The seed decides everything, so every failure can be repeated.
 *
 * `main.ts` (`npm run fuzz`) and `frame_fuzzer_test.ts` call this.
 */

import { FrameError, type MessageReader, type WebSocketEvent } from "../../src/websocket/mod.ts";
import { escapeBytes, latin1Text } from "../http/transcript.ts";
import type { FrameCase } from "../websocket/codec/corpus.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { rawFrame } from "../websocket/codec/frames.ts";
import { type CaseOptions, describe, readerFor } from "../websocket/codec/transcript.ts";
import { FuzzFailure } from "./fuzzer.ts";
import { mutate } from "./mutations.ts";
import { BrokenPromise } from "./observation.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";

/** The part of a reader that is under test. */
export type FrameSubject = Pick<
  MessageReader,
  "bufferedBytes" | "heldBytes" | "push" | "detach" | "next"
>;
export type MakeFrameSubject = (options: CaseOptions) => FrameSubject;

/** The longest incomplete part that stays in the input: a masked control frame without its last byte. */
const MAX_BUFFERED_BYTES = 2 + 4 + 124;
const CODES: readonly number[] = [1002, 1007, 1009];

/**
 * Runs a reader with `bytes`, cut at each of `cuts`.
 *
 * @returns The events and the error, one a line.
 * @throws {BrokenPromise} For another error, memory beyond the limits, or a message beyond its limit.
 */
export function observeFrames(
  bytes: Uint8Array,
  cuts: readonly number[],
  options: CaseOptions,
  makeSubject: MakeFrameSubject,
): string {
  const subject = makeSubject(options);
  const lines: string[] = [];
  const lent = new Uint8Array(bytes.length);
  let from = 0;
  let calls = 0;
  try {
    for (const cut of [...cuts, bytes.length]) {
      const piece = lent.subarray(0, cut - from);
      piece.set(bytes.subarray(from, cut));
      subject.push(piece);
      for (let event = subject.next(); event.type !== "need-data"; event = subject.next()) {
        if (++calls > bytes.length) throw new BrokenPromise("never ends");
        checkEvent(event, options);
        lines.push(describe(event));
      }
      from = cut;
      checkMemory(subject, from);
      subject.detach();
      piece.fill(0xee);
    }
  } catch (error) {
    lines.push(errorLine(error, bytes.length));
  }
  return lines.join("\n");
}

function checkEvent(event: WebSocketEvent, { maxMessageBytes = Infinity }: CaseOptions): void {
  if (event.type === "binary" && event.data.length > maxMessageBytes) {
    throw new BrokenPromise(`gives a message of ${event.data.length} bytes`);
  }
  if (event.type === "text" && event.data.length > maxMessageBytes) {
    throw new BrokenPromise(`gives a text of ${event.data.length} characters`);
  }
}

function checkMemory(subject: FrameSubject, pushed: number): void {
  const { bufferedBytes, heldBytes } = subject;
  if (bufferedBytes > MAX_BUFFERED_BYTES) throw new BrokenPromise(`buffers ${bufferedBytes} bytes`);
  if (heldBytes > 2 * pushed + 1024) {
    throw new BrokenPromise(`holds ${heldBytes} bytes of ${pushed}`);
  }
}

function errorLine(error: unknown, length: number): string {
  if (error instanceof BrokenPromise) throw error;
  if (!(error instanceof FrameError)) throw new BrokenPromise(`throws ${String(error)}`);
  const { code, message, offset } = error;
  if (!CODES.includes(code)) throw new BrokenPromise(`closes with ${code}`);
  if (!/^[ -~]{1,123}$/.test(message)) throw new BrokenPromise(`gives the reason "${message}"`);
  if (!(offset >= 0 && offset <= length)) throw new BrokenPromise(`places an error at ${offset}`);
  return `error ${code} at ${offset}: ${message}`;
}

/** Makes one input after the other, and checks the reader with it. */
export class FrameFuzzer {
  readonly #seed: number;
  readonly #random: Random;
  readonly #seeds: readonly FrameCase[];
  readonly #makeSubject: MakeFrameSubject;
  /** The number of inputs so far. */
  runs = 0;
  /** The bytes of all inputs so far. */
  bytes = 0;
  /** The kinds of outcome so far: the lines without their contents. */
  readonly shapes: Set<string> = new Set();

  constructor(
    seed: number,
    seeds: readonly FrameCase[],
    makeSubject: MakeFrameSubject = readerFor,
  ) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#seeds = seeds.filter(({ bytes }) => bytes.length < 400);
    this.#makeSubject = makeSubject;
  }

  /**
   * Makes and checks one input.
   *
   * @throws {FuzzFailure} If the reader broke a promise.
   */
  step(): void {
    const random = this.#random;
    const { options: own } = random.pick(this.#seeds);
    const bytes = this.#makeBytes();
    const options: CaseOptions = {
      ...own,
      maxMessageBytes: random.onceIn(3) ? random.below(200) : 100_000,
      compressed: random.onceIn(2),
    };
    const cuts = Array.from({ length: 1 + random.below(5) }, () => random.below(bytes.length + 1))
      .sort((one, other) => one - other);
    this.runs++;
    this.bytes += bytes.length;
    const fault = this.#faultOf(bytes, cuts, options);
    if (fault !== undefined) throw this.#failure(fault, bytes, cuts, options);
  }

  #makeBytes(): Uint8Array {
    const random = this.#random;
    const parts: Uint8Array[] = [];
    for (let count = 1 + random.below(3); count > 0; count--) {
      parts.push(random.onceIn(2) ? random.pick(this.#seeds).bytes : this.#makeFrame());
    }
    const bytes = joinBytes(parts);
    return random.onceIn(3) ? bytes : mutate(bytes, random, random.pick(this.#seeds).bytes);
  }

  #makeFrame(): Uint8Array {
    const random = this.#random;
    const length = random.pick([0, 1, 2, 5, 125, 126, 127, 300]);
    const payload = Uint8Array.from({ length }, () => random.onceIn(40) ? random.below(256) : 0x61);
    return rawFrame({
      opcode: random.pick([0, 0, 0, 1, 1, 2, 8, 9, 10]),
      payload,
      isFinal: !random.onceIn(3),
      reserved: random.onceIn(8) ? random.below(8) : 0,
      mask: random.onceIn(20) ? undefined : Uint8Array.from({ length: 4 }, () => random.below(256)),
    });
  }

  /** The promise that an input breaks. */
  #faultOf(
    bytes: Uint8Array,
    cuts: readonly number[],
    options: CaseOptions,
  ): string | undefined {
    try {
      const whole = observeFrames(bytes, [], options, this.#makeSubject);
      const pieces = observeFrames(bytes, cuts, options, this.#makeSubject);
      if (whole !== pieces) return `in pieces gives\n${pieces}\nbut whole\n${whole}`;
      this.shapes.add(whole.replace(/"(?:[^"\\]|\\.)*"|\d+/g, "#"));
      return undefined;
    } catch (error) {
      if (error instanceof BrokenPromise) return error.message;
      throw error;
    }
  }

  #failure(
    fault: string,
    bytes: Uint8Array,
    cuts: readonly number[],
    options: CaseOptions,
  ): FuzzFailure {
    const everyCut = (length: number) => Array.from({ length }, (_, index) => index);
    const shortest = shrink(
      bytes,
      (part) => this.#faultOf(part, everyCut(part.length), options) !== undefined,
    );
    return new FuzzFailure([
      `Run ${this.runs} of seed ${this.#seed}: the WebSocket reader ${fault}`,
      `options ${JSON.stringify(options)}, cuts ${JSON.stringify(cuts)}`,
      `input ${escapeBytes(latin1Text(shortest))}`,
      `again: npm run fuzz -- --seed ${this.#seed} --runs ${this.runs}`,
    ].join("\n"));
  }
}
