/** The fuzzer of PROXY headers: the reader passes a fixed run, and the fuzzer finds planted faults. */

import { assert, assertThrows } from "@std/assert";
import { test } from "node:test";
import { readHeaderCorpus, resultOf } from "../socket/proxy_protocol/corpus.ts";
import { FuzzFailure } from "./fuzzer.ts";
import { ProxyFuzzer, type ReadPieces } from "./proxy_fuzzer.ts";

const corpus = readHeaderCorpus();

function runOf(fuzzer: ProxyFuzzer, count: number): ProxyFuzzer {
  while (fuzzer.runs < count) fuzzer.step();
  return fuzzer;
}

test("the reader of PROXY headers keeps its promises for headers changed at random", () => {
  const { shapes } = runOf(new ProxyFuzzer(20_261_126, corpus), 2000);
  assert(shapes.size > 20, `only ${shapes.size} kinds of outcome`);
});

const FAULTS: Readonly<Record<string, ReadPieces>> = {
  "forgets the bytes of an earlier piece": (pieces, version) => resultOf(pieces.slice(-1), version),
  "throws an error of another class": (pieces, version) => {
    const result = resultOf(pieces, version);
    if (result.includes("cut TLV")) throw new TypeError(result);
    return result;
  },
};

for (const [fault, read] of Object.entries(FAULTS)) {
  test(`the fuzzer of PROXY headers finds a reader that ${fault}`, () => {
    assertThrows(() => runOf(new ProxyFuzzer(1, corpus, read), 3000), FuzzFailure);
  });
}
