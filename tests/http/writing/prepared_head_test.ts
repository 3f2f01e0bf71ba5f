/**
 * Prepared heads: their facts, and the checks that the cache of statuses and names must not skip.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { prepareHead, ResponseError } from "../../../src/http/mod.ts";

test("fields are written out in their order, and the facts for the framing are found", () => {
  assertEquals(
    prepareHead("404 Not Found", [
      ["X-A", "1"],
      ["CONTENT-Length", "12"],
      ["Trailer", "X-B"],
      ["trailer", "X-C"],
      ["Date", "now"],
      ["Server", "me"],
    ]),
    {
      status: "404 Not Found",
      code: 404,
      text: "X-A: 1\r\nCONTENT-Length: 12\r\nTrailer: X-B\r\ntrailer: X-C\r\nDate: now\r\n" +
        "Server: me\r\n",
      length: 12,
      lengthLine: "CONTENT-Length: 12\r\n",
      trailer: "X-B, X-C",
      hasDate: true,
      hasServer: true,
      hasUpgrade: false,
    },
  );
});

test("an invalid value is refused also beside a known name and status", () => {
  const bad: [string, unknown[]][] = [
    ["200 OK", [["X-Known", "a\r\nb"]]],
    ["200 OK", [["X-Known", 5]]],
    ["200 OK", [["X-Known"]]],
    ["200 OK", [["X-Known", "a", "b"]]],
    ["200 OK", ["XY"]],
    ["200 OK", [["Connection", "close"]]],
    ["200 OK\r\n", []],
  ];
  for (let round = 0; round < 2; round++) {
    prepareHead("200 OK", [["X-Known", "fine"]]);
    for (const [status, fields] of bad) {
      assertThrows(() => prepareHead(status, fields as [string, string][]), ResponseError);
    }
  }
});

test("names and statuses beyond those that are remembered are still checked", () => {
  for (let n = 0; n < 300; n++) {
    assertEquals(prepareHead(`200 OK ${n}`, [[`X-${n}`, "1"]]).text, `X-${n}: 1\r\n`);
    assertThrows(() => prepareHead("200 OK", [[`X ${n}`, "1"]]), ResponseError, "token");
  }
});
