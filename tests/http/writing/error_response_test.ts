/**
 * The response to a peer that broke HTTP.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { errorResponse, ProtocolError } from "../../../src/http/mod.ts";

test("writes a complete response that closes the connection", () => {
  assertEquals(
    errorResponse(new ProtocolError(400, "No Host", 7), {
      date: "Thu, 01 Jan 1970 00:00:00 GMT",
    }),
    "HTTP/1.1 400 Bad Request\r\n" +
      "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n" +
      "Content-Type: text/plain\r\n" +
      "X-Content-Type-Options: nosniff\r\n" +
      "Content-Length: 24\r\n" +
      "Connection: close\r\n" +
      "\r\n400 Bad Request\nNo Host\n",
  );
});

test("has a reason phrase for every status that the parser answers with", () => {
  for (const status of [400, 413, 414, 417, 431, 501, 505]) {
    const line = errorResponse(new ProtocolError(status, "")).split("\r\n")[0] ?? "";
    assert(line.length > `HTTP/1.1 ${status} `.length);
  }
});

test("writes the message of an embedder in one line of ASCII", () => {
  const response = errorResponse(new ProtocolError(400, "a\r\nb\u20ac"));
  assert(response.endsWith("\n400 Bad Request\na??b?\n".slice(1)));
});

test("answers no error of another kind", () => {
  for (const error of [undefined, null, 400, { status: 400 }, new Error("no status")]) {
    assertThrows(
      () => errorResponse(error as never),
      TypeError,
      `error of errorResponse is of the type ${typeof error}: expected a ProtocolError`,
    );
  }
});
