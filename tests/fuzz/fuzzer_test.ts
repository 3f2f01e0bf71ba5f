/**
 * The fuzzer: the parser passes a fixed run, and the fuzzer finds planted faults.
 */

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { type HttpEvent, type ParserOptions, RequestParser } from "../../src/http/mod.ts";
import { readCorpus } from "../http/corpus.ts";
import { latin1Bytes } from "../http/transcript.ts";
import { runsOf, seedOf } from "../support/shares.ts";
import { Fuzzer, FuzzFailure } from "./fuzzer.ts";
import type { Subject } from "./observation.ts";
import { shrink } from "./shrink.ts";

const corpus = readCorpus();

function runOf(fuzzer: Fuzzer, count: number): Fuzzer {
  while (fuzzer.runs < count) fuzzer.step();
  return fuzzer;
}

test("the parser keeps its promises for messages changed at random", () => {
  const { shapes } = runOf(new Fuzzer(seedOf(20_240_229), corpus), runsOf(10_000));
  assert(shapes.size > 100, `only ${shapes.size} kinds of outcome`);
});

test("one seed gives the same inputs again", () => {
  const one = runOf(new Fuzzer(3, corpus), 500);
  const other = runOf(new Fuzzer(3, corpus), 500);
  assertEquals(one.bytes, other.bytes);
  assertEquals([...one.shapes], [...other.shapes]);
  assert(runOf(new Fuzzer(4, corpus), 500).bytes !== one.bytes);
});

/** A correct parser, to which each subclass adds a fault. */
class Faulty implements Subject {
  protected readonly parser: RequestParser;

  constructor(options: ParserOptions) {
    this.parser = new RequestParser(options);
  }

  get bufferedBytes(): number {
    return this.parser.bufferedBytes;
  }

  push(bytes: Uint8Array): void {
    this.parser.push(bytes);
  }

  detach(): void {
    this.parser.detach();
  }

  end(): void {
    this.parser.end();
  }

  next(): HttpEvent {
    return this.parser.next();
  }
}

/** Each fault, and a part of the message with which the fuzzer reports it. */
const FAULTS: readonly [string, string, new (options: ParserOptions) => Subject][] = [
  [
    "throws another error",
    "throws TypeError",
    class extends Faulty {
      override next(): HttpEvent {
        const event = super.next();
        if (event.type === "end" && event.trailers.length > 2) throw new TypeError("planted");
        return event;
      }
    },
  ],
  [
    "keeps borrowed bytes",
    "in pieces gives",
    class extends Faulty {
      override detach(): void {}
    },
  ],
  [
    "holds more than its limits",
    "over its limit",
    class extends Faulty {
      override get bufferedBytes(): number {
        return super.bufferedBytes * 1000;
      }
    },
  ],
  [
    "depends on how the input is cut",
    "in pieces gives",
    class extends Faulty {
      override push(bytes: Uint8Array): void {
        super.push(bytes[0] === 0x0a ? bytes.subarray(1) : bytes);
      }
    },
  ],
  [
    "gives less of a body than the head tells",
    "bytes of a body of",
    class extends Faulty {
      override next(): HttpEvent {
        const event = super.next();
        if (event.type !== "request" || event.framing.kind !== "length") return event;
        return { ...event, framing: { kind: "length", length: event.framing.length + 1 } };
      }
    },
  ],
  [
    "never ends",
    "never ends",
    class extends Faulty {
      #data: HttpEvent | undefined;
      override next(): HttpEvent {
        const event = this.#data ?? super.next();
        if (event.type === "data") this.#data = event;
        return event;
      }
    },
  ],
];

for (const [fault, finding, Subject] of FAULTS) {
  test(`finds a parser that ${fault}`, () => {
    const fuzzer = new Fuzzer(1, corpus, (options) => new Subject(options));
    const failure = assertThrows(() => runOf(fuzzer, 3000), FuzzFailure);
    assertStringIncludes(failure.message, finding);
    assertStringIncludes(failure.message, `npm run fuzz -- --seed 1 --runs ${fuzzer.runs}`);
  });
}

test("shrinks an input to the bytes that make it fail", () => {
  const bytes = latin1Bytes(`${"a".repeat(300)}x${"b".repeat(200)}y`);
  const shortest = shrink(bytes, (part) => part.includes(0x78) && part.includes(0x79));
  assertEquals(shortest, latin1Bytes("xy"));
});
