import { assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { skipWithout } from "./optional_tools.ts";

test("a test is skipped without its program, but not where CI is true", () => {
  const before = process.env["CI"];
  try {
    process.env["CI"] = "";
    assertEquals(skipWithout("no-such-program"), "needs no-such-program");
    assertEquals(skipWithout(process.execPath), false);
    process.env["CI"] = "true";
    assertEquals(skipWithout("no-such-program"), false);
  } finally {
    if (before === undefined) delete process.env["CI"];
    else process.env["CI"] = before;
  }
});
