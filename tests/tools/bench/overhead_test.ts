/** The sources have the statements that `--overhead` takes out. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { COUNTING } from "../../../bench/modes/overhead.ts";
import { readText } from "../gates/sources.ts";

test("each counting statement is once in its file", () => {
  for (const [file, statement] of COUNTING) {
    // The compiler takes the assertions `!` away.
    const source = readText(file.replace(/js$/, "ts")).replaceAll("]!++", "]++");
    assertEquals([statement, source.split(statement).length - 1], [statement, 1]);
  }
});
