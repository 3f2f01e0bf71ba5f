/**
 * The checks of statuses, fields and trailers, also with arguments of wrong types.
 */

import { assertThrows } from "@std/assert";
import { test } from "node:test";
import { checkFields, checkStatus, checkTrailers, ResponseError } from "../../../src/http/mod.ts";

test("accepts a status of three digits, a space and a phrase", () => {
  for (const status of ["200 OK", "404 Not Found", "200 ", "599 \xe9t\xe9", "299 a\tb"]) {
    checkStatus(status);
  }
});

test("refuses a status of another form", () => {
  const refused = ["", "200", "OK", "20 OK", "2000 OK", "200OK", " 200 OK", "600 No", "099 No"];
  const injected = ["200 OK\r\nA: b", "200 OK\n", "200 \0", "200 \x7f", "200 \u0100", "\n200 OK"];
  for (const status of [...refused, ...injected]) {
    assertThrows(() => checkStatus(status), ResponseError, "Cannot send status");
  }
});

test("refuses an informational status as a final one", () => {
  assertThrows(() => checkStatus("103 Early Hints"), ResponseError, "informational");
});

test("accepts fields of tokens and latin-1 values", () => {
  checkFields([["Content-Type", "text/plain"], ["X-\xe9".slice(0, 2), "caf\xe9\t\x80"], ["a", ""]]);
});

test("refuses a name that is no token", () => {
  for (const name of ["", "a b", "a:", "a\r\n", "\xe9", "a\0", "(a)"]) {
    assertThrows(() => checkFields([[name, "b"]]), ResponseError, "expected a token");
  }
});

test("refuses a value that could end its line", () => {
  for (const value of ["a\r\nb: c", "a\n", "\r", "a\0", "a\x0b", "a\x7f", "a\u0100", "\u{1f600}"]) {
    assertThrows(() => checkFields([["A", value]]), ResponseError, 'Cannot send field "A"');
  }
});

test("refuses values of other types, which an untyped app may give", () => {
  const pair = ["Content-Length", 5] as unknown as [string, string];
  assertThrows(() => checkFields([pair]), ResponseError, "expected a string");
  assertThrows(() => checkFields([[1, "a"] as unknown as [string, string]]), ResponseError);
  assertThrows(() => checkFields(["ab"] as unknown as [string, string][]), ResponseError);
  assertThrows(() => checkFields([null] as unknown as [string, string][]), ResponseError);
  assertThrows(() => checkStatus(200 as unknown as string), ResponseError);
});

test("refuses hop-by-hop fields, in any case", () => {
  const names = ["Connection", "keep-alive", "Proxy-Authenticate", "Proxy-Authorization", "TE"];
  for (const name of [...names, "Trailers", "TRANSFER-ENCODING", "Upgrade", "Proxy-Connection"]) {
    assertThrows(() => checkFields([[name, "a"]]), ResponseError, "hop-by-hop");
  }
});

test("lets an app announce trailers", () => {
  checkFields([["Trailer", "Digest"]]);
});

test("refuses every trailer that a recipient refuses or discards", () => {
  const refused = ["Transfer-Encoding", "Content-Length", "host", "Authorization", "Set-Cookie"];
  const discarded = ["Vary", "Content-Type", "CACHE-CONTROL", "If-Match", "Date", "Trailer"];
  for (const name of [...refused, ...discarded]) {
    assertThrows(() => checkTrailers([[name, "a"]]), ResponseError, "as a trailer field");
  }
  checkTrailers([["ETag", '"a"'], ["Content-Digest", "sha-256=:YQ==:"], ["Server-Timing", "a"]]);
});

test("fields and trailers that are no array are errors with their names", () => {
  for (const value of [undefined, null, 7, {}, "text"]) {
    assertThrows(() => checkFields(value as never), ResponseError, "Headers are not an array of");
    assertThrows(
      () => checkTrailers(value as never),
      ResponseError,
      "Trailers are not an array of",
    );
  }
});
