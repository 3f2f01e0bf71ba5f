/** The messages to a worker on Deno: one with a connection goes alone. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { QuietLink } from "../../../src/cli/workers/quiet_link.ts";

test("a message with a connection waits for the answers to those before, and others wait behind it", () => {
  const sent: string[] = [];
  const link = new QuietLink<string, object>((message, stream) => {
    sent.push(stream === undefined ? message : `${message} with a connection`);
  });
  link.send("a", {});
  link.send("1", undefined);
  link.send("2", undefined);
  link.send("b", {});
  link.send("3", undefined);
  link.send("c", {});
  assertEquals(sent.splice(0), ["a with a connection", "1", "2"]);
  link.heard(1);
  assertEquals(sent, []);
  link.heard(1);
  assertEquals(sent.splice(0), ["b with a connection", "3"]);
  link.heard(1);
  assertEquals(sent, ["c with a connection"]);
});
