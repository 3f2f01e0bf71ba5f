import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { basicCredentials } from "../../src/wsgi/mod.ts";

const GOOD: readonly (readonly [name: string, field: string, user: string, password: string])[] = [
  ["reads user and password", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"],
  ["takes the scheme in any case", "bASIC YTpi", "a", "b"],
  ["takes several spaces", "Basic   YTpi", "a", "b"],
  ["splits at the first colon", `Basic ${btoa("a:b:c")}`, "a", "b:c"],
  ["takes an empty user and password", `Basic ${btoa(":")}`, "", ""],
  ["gives bytes as latin-1", `Basic ${btoa("\xc3\xa9:\xff")}`, "\xc3\xa9", "\xff"],
];

for (const [name, field, user, password] of GOOD) {
  test(name, () => assertEquals(basicCredentials(field), { user, password }));
}

const BAD: readonly (readonly [name: string, field: string])[] = [
  ["another scheme", "Bearer YTpi"],
  ["no credentials", "Basic"],
  ["no colon", `Basic ${btoa("ab")}`],
  ["what is no base64", "Basic !!!!"],
  ["base64 of an impossible length", "Basic YTpiY"],
  ["two credentials", "Basic YTpi, Basic YTpi"],
  ["spaces inside", "Basic YT pi"],
  ["an empty field", ""],
];

for (const [name, field] of BAD) {
  test(`gives nothing for ${name}`, () => assertEquals(basicCredentials(field), undefined));
}
