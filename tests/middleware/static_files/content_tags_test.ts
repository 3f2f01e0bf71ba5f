/** The tags of contents, and the versions of files for which they are remembered. */

import { assertEquals, assertNotEquals } from "@std/assert";
import { test } from "node:test";
import { ContentTags } from "../../../src/middleware/static_files/content_tags.ts";
import { MemoryFile } from "../../support/memory_files.ts";

/** A file that changed at a time; `undefined` for a system that does not tell it. */
function file(size: number, changed: number | undefined) {
  return Object.assign(new MemoryFile(size), { changed });
}

test("a file is hashed once, until the system says that it has changed", async () => {
  const tags = new ContentTags();
  const first = file(200_000, 1000);
  const tag = await tags.tagOf(first, "/f");
  assertEquals(first.bytesRead, 200_000);
  const again = file(200_000, 1000);
  assertEquals([await tags.tagOf(again, "/f"), again.bytesRead], [tag, 0]);
  const changed = file(200_000, 2000);
  assertEquals([await tags.tagOf(changed, "/f"), changed.bytesRead], [tag, 200_000]);
});

test("a file is hashed each time if its change is recent or unknown", async () => {
  for (const changed of [undefined, Date.now()]) {
    const tags = new ContentTags();
    await tags.tagOf(file(10, changed), "/f");
    const again = file(10, changed);
    await tags.tagOf(again, "/f");
    assertEquals(again.bytesRead, 10);
  }
});

test("contents of one size have different tags, and an empty file has one", async () => {
  const tags = new ContentTags();
  const one = { ...file(3, undefined), read: reading("abc"), close: () => Promise.resolve() };
  const other = { ...one, read: reading("acb") };
  assertNotEquals(await tags.tagOf(one, "/f"), await tags.tagOf(other, "/f"));
  assertEquals((await tags.tagOf(file(0, undefined), "/f")).endsWith('-0"'), true);
});

function reading(text: string) {
  return (into: Uint8Array, position: number) => {
    const bytes = new TextEncoder().encode(text).subarray(position);
    into.set(bytes);
    return Promise.resolve(bytes.length);
  };
}
