/**
 * The fuzzer of frames: the reader passes a fixed run, and the fuzzer finds planted faults.
 */

import { assert, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { MessageReader, WebSocketEvent } from "../../src/websocket/mod.ts";
import { readFrameCorpus } from "../websocket/codec/corpus.ts";
import { type CaseOptions, readerFor } from "../websocket/codec/transcript.ts";
import { runsOf, seedOf } from "../support/shares.ts";
import { FrameFuzzer, type FrameSubject } from "./frame_fuzzer.ts";
import { FuzzFailure } from "./fuzzer.ts";

const corpus = readFrameCorpus();

function runOf(fuzzer: FrameFuzzer, count: number): FrameFuzzer {
  while (fuzzer.runs < count) fuzzer.step();
  return fuzzer;
}

test("the WebSocket reader keeps its promises for frames changed at random", () => {
  const { shapes } = runOf(new FrameFuzzer(seedOf(20_261_126), corpus), runsOf(3000));
  assert(shapes.size > 60, `only ${shapes.size} kinds of outcome`);
});

/** A correct reader, to which each subclass adds a fault. */
class Faulty implements FrameSubject {
  protected readonly reader: MessageReader;

  constructor(options: CaseOptions) {
    this.reader = readerFor(options);
  }

  get bufferedBytes(): number {
    return this.reader.bufferedBytes;
  }

  get heldBytes(): number {
    return this.reader.heldBytes;
  }

  push(bytes: Uint8Array): void {
    this.reader.push(bytes);
  }

  detach(): void {
    this.reader.detach();
  }

  next(): WebSocketEvent {
    return this.reader.next();
  }
}

/** Each fault, and a part of the message with which the fuzzer reports it. */
const FAULTS: readonly [string, string, new (options: CaseOptions) => FrameSubject][] = [
  [
    "throws another error",
    "throws TypeError",
    class extends Faulty {
      override next(): WebSocketEvent {
        const event = super.next();
        if (event.type === "pong") throw new TypeError("planted");
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
    "holds more than has come",
    "holds",
    class extends Faulty {
      override get heldBytes(): number {
        return super.heldBytes * 1000;
      }
    },
  ],
  [
    "gives a message above its limit",
    "gives a message",
    class extends Faulty {
      override next(): WebSocketEvent {
        const event = super.next();
        return event.type === "binary" ? { ...event, data: new Uint8Array(200_000) } : event;
      }
    },
  ],
];

for (const [fault, finding, Subject] of FAULTS) {
  test(`finds a reader that ${fault}`, () => {
    const fuzzer = new FrameFuzzer(1, corpus, (options) => new Subject(options));
    const failure = assertThrows(() => runOf(fuzzer, 3000), FuzzFailure);
    assertStringIncludes(failure.message, finding);
    assertStringIncludes(failure.message, `npm run fuzz -- --seed 1 --runs ${fuzzer.runs}`);
  });
}
