/** Only `./middleware/compress` may load `node:zlib`. */

import { assert, assertEquals } from "@std/assert";
import { posix } from "node:path";
import { test } from "node:test";
import { blankComments, importedModules } from "../../tools/gates/rules/source_text.ts";
import { readJson, readText } from "../../tools/gates/sources.ts";

/** All modules that a module imports, itself included, directly and through others. */
function reached(entry: string): ReadonlySet<string> {
  const found = new Set([entry]);
  for (const path of found) {
    if (!path.endsWith(".ts")) continue;
    for (const specifier of importedModules(blankComments(readText(path)))) {
      const isFile = specifier.startsWith(".");
      found.add(isFile ? posix.join(posix.dirname(path), specifier) : specifier);
    }
  }
  return found;
}

const { exports } = readJson("deno.json") as { exports: Record<string, string> };

for (const [name, file] of Object.entries(exports)) {
  const isCompress = name === "./middleware/compress";
  test(`${name} ${isCompress ? "loads" : "does not load"} node:zlib`, () => {
    const modules = reached(posix.normalize(file));
    assert(modules.size > 1, "no imports were found");
    assertEquals(modules.has("node:zlib"), isCompress);
  });
}
