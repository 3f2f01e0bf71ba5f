import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { quotePath, unquotePath } from "../../src/wsgi/mod.ts";

const CASES: readonly (readonly [name: string, path: string, expected: string])[] = [
  ["a path without escapes stays as it is", "/a/b", "/a/b"],
  ["escapes become bytes, each one character", "/caf%C3%A9", "/caf\xc3\xa9"],
  ["digits of both cases are read", "/%c3%C3", "/\xc3\xc3"],
  ["%2F stays, as it is no separator", "/a%2Fb", "/a%2Fb"],
  ["%2f becomes %2F, the only spelling of a slash in a segment", "/a%2fb%2Fc%2f", "/a%2Fb%2Fc%2F"],
  ["%2f that comes out of the decoding of %25 stays", "/%252f", "/%2f"],
  ["%25 is decoded once only", "/%252F%2541", "/%2F%41"],
  ["a % without two digits stays", "/100%/%4/%zz/%", "/100%/%4/%zz/%"],
  ["a plus is a plus", "/a+b", "/a+b"],
  ["every byte can be escaped", "/%00%7f%80%ff", "/\0\x7f\x80\xff"],
];

for (const [name, path, expected] of CASES) {
  test(name, () => assertEquals(unquotePath(path), expected));
}

test("quotePath gives a path that is decoded to the same one", () => {
  for (const [, path] of CASES) {
    const decoded = unquotePath(path);
    assertEquals(unquotePath(quotePath(decoded)), decoded);
    assertEquals(/[^!-~]/.test(quotePath(decoded)), false);
  }
  assertEquals(quotePath("/a%2Fb/100%/?#"), "/a%2Fb/100%25/%3F%23");
  assertEquals(quotePath("//host\r\n"), "/host%0D%0A");
});

test("a path that is no text is an error with the name of its function", () => {
  for (const [name, convert] of Object.entries({ quotePath, unquotePath })) {
    for (const path of [undefined, null, 7, {}]) {
      assertThrows(() => convert(path as never), TypeError, `path of ${name} is`);
    }
  }
});
