/**
 * Request framing, by a table of all combinations of version and fields, and the errors.
 */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { ProtocolError, requestFraming } from "../../../src/http/mod.ts";

test("decides for every combination of version and fields as RFC 9112 §6.3 does", () => {
  const table: [0 | 1, string | undefined, string | undefined, string | number][] = [
    [0, undefined, undefined, "none"],
    [1, undefined, undefined, "none"],
    [0, "5", undefined, "length"],
    [1, "5", undefined, "length"],
    [1, undefined, "chunked", "chunked"],
    [0, undefined, "chunked", 400],
    [1, "5", "chunked", 400],
    [0, "5", "chunked", 400],
    [1, "5", "gzip", 400],
    [1, undefined, "gzip", 400],
    [1, undefined, "gzip, chunked", 501],
    [1, undefined, "gzip;level=1, br , chunked", 501],
    [1, undefined, "a b, chunked", 400],
    [1, undefined, ",chunked", 400],
    [1, "", undefined, 400],
    [1, "-0", undefined, 400],
  ];
  for (const [minorVersion, contentLength, transferEncoding, expected] of table) {
    let found: string | number;
    try {
      found = requestFraming({ minorVersion, contentLength, transferEncoding }).kind;
    } catch (error) {
      found = (error as ProtocolError).status;
    }
    assertEquals(found, expected, `${minorVersion} ${contentLength} ${transferEncoding}`);
  }
});

test("an error quotes the unreadable value, in printable ASCII and cut short", () => {
  const contentLength = `\x80"${"9".repeat(100)}`;
  const error = assertThrows(
    () => requestFraming({ minorVersion: 1, contentLength }),
    ProtocolError,
  );
  assertEquals(
    error.message,
    `Cannot parse Content-Length "?"${"9".repeat(38)}...": not decimal digits`,
  );
});

test("gives the same object for all requests without a body", () => {
  assertStrictEquals(requestFraming({ minorVersion: 1 }), requestFraming({ minorVersion: 0 }));
});

test("decides nothing for arguments of a wrong kind", () => {
  const decide = requestFraming as (...args: readonly unknown[]) => unknown;
  const wrong: readonly (readonly [fields: unknown, message: string])[] = [
    [undefined, "minorVersion of requestFraming is of the type undefined: expected 0 or 1"],
    [null, "minorVersion of requestFraming is of the type undefined: expected 0 or 1"],
    [
      { minorVersion: "1" },
      "minorVersion of requestFraming is of the type string: expected 0 or 1",
    ],
    [
      { minorVersion: 1, contentLength: 7 },
      "contentLength of requestFraming is of the type number",
    ],
    [
      { minorVersion: 1, transferEncoding: [] },
      "transferEncoding of requestFraming is of the type",
    ],
  ];
  for (const [fields, message] of wrong) assertThrows(() => decide(fields), TypeError, message);
});
