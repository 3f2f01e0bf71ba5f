/** The parts of certificates: names that try to look like others, kinds of text, times, and damaged bytes. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { certificateKeys } from "../../../src/server/opening/client_certificate/environ_keys.ts";
import { CERT, CLIENT, NAMED } from "../../support/tls_fixtures.ts";

/** An element of DER. */
function element(tag: number, ...parts: readonly (readonly number[])[]): number[] {
  const content = parts.flat();
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return [tag, ...size, ...content];
}

const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];
const COMMON_NAME = element(0x06, [0x55, 4, 3]);
const ORGANISATION = element(0x06, [0x55, 4, 10]);
const OTHER = element(0x06, [0x2a, 3, 4]);
const attribute = (type: number[], tag: number, value: readonly number[]): number[] =>
  element(0x30, type, element(tag, value));
const name = (...attributes: number[][]): number[] =>
  element(0x30, ...attributes.map((one) => element(0x31, one)));
const UTF8 = 0x0c;

/** The keys of a certificate with this subject. */
function keysOf(
  subject: number[],
  { time = element(0x17, bytesOf("491231235959Z")), serial = [0, 0x80] } = {},
): Record<string, string> {
  const times = element(0x30, time, element(0x18, bytesOf("20500102030405Z")));
  const issuer = name(attribute(COMMON_NAME, UTF8, bytesOf("CA")));
  const signed = element(0x30, element(0x02, serial), element(0x30), issuer, times, subject);
  return { ...certificateKeys(Uint8Array.from(element(0x30, signed))) };
}

const subjectOf = (text: string): string | undefined =>
  keysOf(name(attribute(COMMON_NAME, UTF8, bytesOf(text)))).SSL_CLIENT_S_DN;

test("a value cannot look like a further part of a name", () => {
  const rows: readonly (readonly [string, string])[] = [
    ["Ada,O=Admin", "CN=Ada\\,O=Admin"],
    ["Ada+O=Admin", "CN=Ada\\+O=Admin"],
    ["Ada\nO=Admin", "CN=Ada\\0AO=Admin"],
    ["Ada\0", "CN=Ada\\00"],
    ["\\,", "CN=\\\\\\,"],
    [' "<>; ', 'CN=\\ \\"\\<\\>\\;\\ '],
    ["#1", "CN=\\#1"],
    [" ", "CN=\\ "],
    ["", "CN="],
  ];
  for (const [value, expected] of rows) assertEquals(subjectOf(value), expected);
  assertEquals(
    keysOf(name(attribute(COMMON_NAME, UTF8, bytesOf("a,b")))).SSL_CLIENT_S_DN_CN,
    "a,b",
  );
});

test("the parts are reversed, and a part may have several attributes", () => {
  const both = element(
    0x31,
    attribute(COMMON_NAME, UTF8, bytesOf("b")),
    attribute(ORGANISATION, UTF8, bytesOf("a")),
  );
  const first = element(0x31, attribute(ORGANISATION, UTF8, bytesOf("z")));
  assertEquals(keysOf(element(0x30, first, both)).SSL_CLIENT_S_DN, "O=a+CN=b,O=z");
});

test("each kind of text becomes UTF-8, and an unknown attribute is hexadecimal", () => {
  const e = "\u00c3\u00a9";
  const kinds: readonly (readonly [number, readonly number[], string])[] = [
    [0x13, bytesOf("Ada"), "CN=Ada"],
    [0x14, [0xe9], `CN=${e}`],
    [0x1e, [0, 0xe9], `CN=${e}`],
    [0x1c, [0, 0, 0, 0xe9], `CN=${e}`],
    [0x1c, [0xff, 0, 0, 0], "CN=\u00ef\u00bf\u00bd"],
    [0x02, [5], "CN=#020105"],
  ];
  for (const [tag, value, expected] of kinds) {
    assertEquals(keysOf(name(attribute(COMMON_NAME, tag, value))).SSL_CLIENT_S_DN, expected);
  }
  assertEquals(keysOf(name(attribute(OTHER, UTF8, [65]))).SSL_CLIENT_S_DN, "1.2.3.4=#0C0141");
});

test("the times and the serial number have the form of OpenSSL", () => {
  const subject = name();
  const { SSL_CLIENT_V_START, SSL_CLIENT_V_END, SSL_CLIENT_M_SERIAL } = keysOf(subject);
  assertEquals([SSL_CLIENT_V_START, SSL_CLIENT_V_END, SSL_CLIENT_M_SERIAL], [
    ...["Dec 31 23:59:59 2049 GMT", "Jan  2 03:04:05 2050 GMT", "80"],
  ]);
  const old = keysOf(subject, { time: element(0x17, bytesOf("500101000000Z")), serial: [0] });
  assertEquals([old.SSL_CLIENT_V_START, old.SSL_CLIENT_M_SERIAL], [
    "Jan  1 00:00:00 1950 GMT",
    "00",
  ]);
});

test("damaged bytes are a failure that is told, never an error or a success without a name", () => {
  for (const pem of [CERT, CLIENT.cert, NAMED.cert]) {
    const der = new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ""), "base64"));
    assertEquals(certificateKeys(der).SSL_CLIENT_VERIFY, "SUCCESS");
    for (let length = 0; length < der.length; length++) {
      const keys = certificateKeys(der.subarray(0, length));
      assertMatch(keys.SSL_CLIENT_VERIFY ?? "", /^FAILED:The certificate/, `${length} bytes`);
    }
    for (let at = 0; at < der.length; at++) {
      const damaged = der.slice();
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      const { SSL_CLIENT_VERIFY, SSL_CLIENT_S_DN } = certificateKeys(damaged);
      assert(SSL_CLIENT_VERIFY?.startsWith("FAILED:") || SSL_CLIENT_S_DN !== undefined);
    }
  }
});
