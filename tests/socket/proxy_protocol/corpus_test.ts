/** All headers of `tests/corpus/proxy_protocol`: whole, one byte at a time, and cut in two at every place. */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { everyByte, splitAt } from "../../http/transcript.ts";
import { isMine } from "../../support/shares.ts";
import { readHeaderCorpus, resultOf } from "./corpus.ts";

const corpus = readHeaderCorpus();

test("the corpus of headers is found, and its cases have different names", () => {
  assert(corpus.length >= 50);
  assertEquals(new Set(corpus.map(({ name }) => name)).size, corpus.length);
});

for (const { name, bytes, version, result } of corpus) {
  test(`${name}, in every split`, () => {
    assertEquals(resultOf([bytes], version), result);
    assertEquals(resultOf(everyByte(bytes), version), result);
    for (let index = 1; index < bytes.length; index++) {
      if (!isMine(index)) continue;
      assertEquals(resultOf(splitAt(bytes, index), version), result, `split at ${index}`);
    }
  });
}
