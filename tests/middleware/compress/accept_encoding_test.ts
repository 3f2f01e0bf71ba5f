/** The choice of a content coding by `Accept-Encoding`. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { negotiate } from "../../../src/middleware/compress/accept_encoding.ts";
import type { Encoding } from "../../../src/middleware/compress/zlib.ts";

const ALL: readonly Encoding[] = ["zstd", "br", "gzip"];

/** The field, the chosen coding, and whether content without a coding is acceptable. */
const CASES: readonly (readonly [string | undefined, Encoding | undefined, boolean])[] = [
  [undefined, undefined, true],
  ["", undefined, true],
  ["gzip", "gzip", true],
  ["GZip", "gzip", true],
  ["x-gzip", "gzip", true],
  ["deflate", undefined, true],
  ["gzip, deflate, br, zstd", "zstd", true],
  ["gzip, br", "br", true],
  ["gzip;q=1, br;q=0.9", "gzip", true],
  ["gzip;q=0.5", "gzip", true],
  ["gzip ; Q=0.5 , br;q=0.501", "br", true],
  ["gzip;q=0", undefined, true],
  ["gzip;q=0.000, br;q=0", undefined, true],
  ["*", "zstd", true],
  ["zstd;q=0, *", "br", true],
  ["gzip;q=0.5, *;q=0.1", "gzip", true],
  ["gzip;q=0, *", "zstd", true],
  ["*;q=0", undefined, false],
  ["gzip, *;q=0", "gzip", false],
  ["identity", undefined, true],
  ["identity, gzip", "gzip", true],
  ["identity;q=1, gzip;q=0.5", undefined, true],
  ["identity;q=0.5, gzip;q=0.8, br;q=0.2", "gzip", true],
  ["identity;q=0", undefined, false],
  ["gzip, identity;q=0", "gzip", false],
  ["identity;q=0.1, *;q=0", undefined, true],
  ["gzip;q=2", undefined, true],
  ["gzip;q=-1, br;q=x", undefined, true],
  ["gzip;q=", undefined, true],
  ["gzip;q = 0", undefined, true],
  ["gzip;q=0.1234", undefined, true],
  ["gzip;level=9", "gzip", true],
  ["gzip;q=0, gzip;q=1", undefined, true],
  [",, gzip ,", "gzip", true],
  ["gzipped", undefined, true],
];

for (const [field, encoding, acceptsIdentity] of CASES) {
  test(`"${field}" gives ${encoding ?? "no coding"}`, () => {
    assertEquals(negotiate(field, ALL), { encoding, acceptsIdentity });
  });
}

test("among equal weights the order of the server decides", () => {
  assertEquals(negotiate("zstd, br, gzip", ["gzip", "br"]).encoding, "gzip");
  assertEquals(negotiate("*", ["br", "gzip"]).encoding, "br");
});

test("a coding that the server does not offer is not chosen", () => {
  assertEquals(negotiate("zstd, gzip;q=0.1", ["gzip"]).encoding, "gzip");
});
