/**
 * All frames of `tests/corpus/websocket`, whole, one byte at a time, and cut in two at every place. Of a long
 * payload, only the first and the last bytes are cut.
 */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { everyByte, splitAt } from "../../http/transcript.ts";
import { isMine } from "../../support/shares.ts";
import { readFrameCorpus } from "./corpus.ts";
import { transcript } from "./transcript.ts";

/** A case with more bytes is cut at its ends alone. */
const MAX_CUTS = 300;
/** The number of cuts at each end of a longer case, so that each byte of its header is cut off. */
const END_CUTS = 16;

const corpus = readFrameCorpus();

test("the corpus of frames is found, and its cases have different names", () => {
  assert(corpus.length >= 150);
  assertEquals(new Set(corpus.map(({ name }) => name)).size, corpus.length);
});

for (const { name, bytes, options, events } of corpus) {
  test(`${name}, in every split`, () => {
    assertEquals(transcript([bytes], options), events);
    if (bytes.length <= MAX_CUTS) assertEquals(transcript(everyByte(bytes), options), events);
    for (let index = 1; index < bytes.length; index++) {
      const isInside = index > END_CUTS && index < bytes.length - END_CUTS;
      if (bytes.length > MAX_CUTS && isInside) continue;
      if (!isMine(index)) continue;
      assertEquals(transcript(splitAt(bytes, index), options), events, `split at ${index}`);
    }
  });
}
