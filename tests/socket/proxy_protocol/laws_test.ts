/** Laws of the PROXY protocol: what is written is read, in every split; and no bytes break the reader. */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { type Address, ipAddress } from "../../../src/socket/mod.ts";
import {
  encodeProxyHeader,
  type ProxyHeader,
  ProxyHeaderError,
  ProxyHeaderReader,
} from "../../../src/socket/proxy_protocol/mod.ts";
import { assertLaw } from "../../support/shares.ts";

const RUNS = 200;
const port = fc.integer({ min: 0, max: 65_535 });
const ipv4 = fc.tuple(fc.ipV4(), port).map(([host, number]) => ipAddress(host, number));
/** Addresses in the form of RFC 5952, as the reader gives them. */
const ipv6 = fc.tuple(
  fc.integer({ min: 1, max: 0xffff }),
  fc.integer({ min: 1, max: 0xffff }),
  port,
)
  .map(([first, last, number]) => {
    return ipAddress(`${first.toString(16)}::${last.toString(16)}`, number);
  });
const unix = fc.string({ unit: fc.constantFrom(..."/abc.é"), maxLength: 108 })
  .map((path): Address => ({ family: "unix", path }));
const pairs = (one: fc.Arbitrary<Address>) => fc.tuple(one, one);
const tlvs = fc.array(
  fc.record({
    type: fc.integer({ min: 0, max: 255 }).filter((type) => type !== 3),
    value: fc.uint8Array({ maxLength: 40 }),
  }),
  { maxLength: 4 },
);

const v1: fc.Arbitrary<ProxyHeader> = fc.oneof(pairs(ipv4), pairs(ipv6))
  .map(([source, destination]) => ({
    ...{ version: 1, command: "proxy", source, destination, tlvs: [] },
  }));
const v2: fc.Arbitrary<ProxyHeader> = fc.tuple(
  fc.oneof(pairs(ipv4), pairs(ipv6), pairs(unix)),
  tlvs,
).map(([[source, destination], facts]) => ({
  ...{ version: 2, command: "proxy", source, destination, tlvs: facts },
}));

test("a header that is written is read, in every split", () => {
  const law = fc.property(fc.oneof(v1, v2), fc.uint8Array({ maxLength: 9 }), fc.nat(), (
    header,
    rest,
    place,
  ) => {
    const bytes = new Uint8Array([...encodeProxyHeader(header), ...rest]);
    const cut = place % bytes.length;
    const reader = new ProxyHeaderReader("auto");
    const lent = bytes.slice(0, cut);
    const early = reader.read(lent);
    if (early === undefined) lent.fill(0);
    const read = early ?? reader.read(bytes.subarray(cut));
    assertEquals({ ...read, tlvs: read?.tlvs.map(({ type, value }) => [type, ...value]) }, {
      ...header,
      tlvs: header.tlvs.map(({ type, value }) => [type, ...value]),
    });
    if (early === undefined) assertEquals([...reader.rest], [...rest]);
  });
  assertLaw(law, RUNS);
});

test("a written checksum is right, and any changed byte of the header is noticed", () => {
  const [source, destination] = [ipAddress("192.0.2.7", 5), ipAddress("10.0.0.1", 80)];
  const facts = [{ type: 3, value: new Uint8Array(0) }, { type: 2, value: new Uint8Array([97]) }];
  const bytes = encodeProxyHeader({
    ...{ version: 2, command: "proxy", source, destination, tlvs: facts },
  });
  assertEquals(new ProxyHeaderReader("v2").read(bytes)?.tlvs.length, 2);
  for (let at = 16; at < 28; at++) {
    const changed = bytes.slice();
    changed[at] = (changed[at] as number) ^ 1;
    assertThrows(() => new ProxyHeaderReader("v2").read(changed), ProxyHeaderError, "checksum");
  }
});

test("any bytes give a header, an error of the protocol, or a wait", () => {
  const law = fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isV2) => {
    const start = isV2 ? encodeProxyHeader(LOCAL).subarray(0, 13) : latin1("PROXY ");
    const reader = new ProxyHeaderReader("auto");
    try {
      reader.read(new Uint8Array([...start, ...bytes]));
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
    }
  });
  assertLaw(law, RUNS);
});

const LOCAL: ProxyHeader = {
  ...{ version: 2, command: "local", source: undefined, destination: undefined, tlvs: [] },
};

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

test("the writer refuses what a version cannot tell", () => {
  const [source, destination] = [ipAddress("192.0.2.7", 5), ipAddress("10.0.0.1", 80)];
  const ends = { command: "proxy", source, destination, tlvs: [] } as const;
  const tlv = { type: 2, value: new Uint8Array(5000) };
  const path: Address = { family: "unix", path: "/a" };
  assertThrows(() => encodeProxyHeader({ ...ends, version: 1, tlvs: [tlv] }), TypeError, "no TLVs");
  assertThrows(() => encodeProxyHeader({ ...LOCAL, version: 1 }), TypeError, "no LOCAL");
  assertThrows(() => encodeProxyHeader({ ...ends, version: 2, tlvs: [tlv] }), RangeError, "4096");
  assertThrows(
    () => encodeProxyHeader({ ...ends, version: 2, source: path }),
    TypeError,
    "two ends of one family",
  );
  assertThrows(
    () => encodeProxyHeader({ ...ends, version: 2, source: undefined }),
    TypeError,
    "a source and a destination",
  );
});
