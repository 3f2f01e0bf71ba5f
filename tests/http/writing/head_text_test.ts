/**
 * The cached text of a head. A head that differs in one part never gets the text of the last one.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type FramingField, headText } from "../../../src/http/writing/head_text.ts";
import { prepareHead } from "../../../src/http/mod.ts";

const OK = prepareHead("200 OK", [["A", "b"]]);
const NOT_FOUND = prepareHead("404 Not Found", []);

type Parts = Parameters<typeof headText>;
const BASE: Parts = ["HTTP/1.1", OK, "now", undefined, 5, ""];
const BASE_TEXT = "HTTP/1.1 200 OK\r\nA: b\r\nDate: now\r\nContent-Length: 5\r\n\r\n";

/** Replaces one part of the base. */
function withPart<Index extends 0 | 1 | 2 | 3 | 4 | 5>(index: Index, part: Parts[Index]): Parts {
  const parts: Parts = [...BASE];
  parts[index] = part;
  return parts;
}

const framing = (field: FramingField) => withPart(4, field);
const VARIANTS: readonly [Parts, string][] = [
  [withPart(0, "HTTP/1.0"), BASE_TEXT.replace("1.1", "1.0")],
  [withPart(1, NOT_FOUND), "HTTP/1.1 404 Not Found\r\nDate: now\r\nContent-Length: 5\r\n\r\n"],
  [withPart(2, "then"), BASE_TEXT.replace("now", "then")],
  [withPart(2, undefined), BASE_TEXT.replace("Date: now\r\n", "")],
  [withPart(3, "me"), BASE_TEXT.replace("now\r\n", "now\r\nServer: me\r\n")],
  [framing(6), BASE_TEXT.replace("5", "6")],
  [framing(0), BASE_TEXT.replace("5", "0")],
  [framing(undefined), BASE_TEXT.replace("Content-Length: 5\r\n", "")],
  [framing("chunked"), BASE_TEXT.replace("Content-Length: 5", "Transfer-Encoding: chunked")],
  [withPart(5, "Connection: close\r\n"), BASE_TEXT.replace("5\r\n", "5\r\nConnection: close\r\n")],
];

test("a head that differs from the last one in one part is made anew", () => {
  for (const [parts, text] of VARIANTS) {
    assertEquals(headText(...BASE), BASE_TEXT);
    assertEquals(headText(...parts), text);
    assertEquals(headText(...parts), text);
  }
});
