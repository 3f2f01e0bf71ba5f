/** The head of a response, as a client reads it. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  malformedResponse,
  readField,
  readResponseHead,
} from "../../../src/http/reading/response_head.ts";

test("a head has a status, a phrase that may be empty, and fields in their order", () => {
  assertEquals(readResponseHead("HTTP/1.0 204 \r\nB: 1\r\na:\t2 \r\nB:"), {
    status: 204,
    reason: "",
    fields: [["B", "1"], ["a", "2"], ["B", ""]],
  });
});

test("a line that is none of a response is quoted", () => {
  assertThrows(() => readResponseHead("HTTP/2 200"), SyntaxError, 'status line, got "HTTP/2 200"');
  assertThrows(() => readResponseHead("HTTP/1.1 200 OK\r\nx"), SyntaxError, 'a field, got "x"');
  assertThrows(() => readField("a b: c"), SyntaxError, 'a field, got "a b: c"');
});

for (const [name, read] of Object.entries({ malformedResponse, readField, readResponseHead })) {
  test(`an argument of ${name} that is no text is an error with its name`, () => {
    const call = read as (...args: readonly unknown[]) => unknown;
    for (const value of [undefined, null, 5, new Uint8Array(2)]) {
      assertThrows(
        () => call(value, value),
        TypeError,
        `The text of ${name} is of the type ${typeof value}: expected a string`,
      );
    }
  });
}
