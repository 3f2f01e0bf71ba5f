/**
 * The grammar of authorities: IPv6 addresses, ports, and the host and port of CONNECT. Names and IPv4
 * addresses are cases in `tests/corpus/host.md`.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { isAuthority, isHostAndPort } from "../../src/http/authority.ts";

test("knows IPv6 addresses by RFC 3986 §3.2.2", () => {
  const valid = [
    "::",
    "::1",
    "1::",
    "1:2:3:4:5:6:7:8",
    "1::8",
    "::2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7::",
  ];
  const withIpv4 = ["::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "64:ff9b::192.0.2.33"];
  for (const address of [...valid, ...withIpv4]) assertEquals(isAuthority(`[${address}]`), true);
  const invalid = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    ":1::",
    "1::g",
  ];
  const badIpv4 = ["1.2.3.4", "::1.2.3", "::1.2.3.256", "::01.2.3.4", "1.2.3.4::", "::1.2.3.4:5"];
  const tooLong = ["1:2:3:4:5:6:7:8::", "1:2:3:4:5:6:7:1.2.3.4"];
  for (const address of [...invalid, ...badIpv4, ...tooLong]) {
    assertEquals(isAuthority(`[${address}]`), false, address);
  }
});

test("reads an empty port, and a port of digits up to 65535", () => {
  for (const port of ["", ":", ":0", ":80", ":65535"]) assertEquals(isAuthority(`x${port}`), true);
  for (const port of [":65536", ":-1", ":1e3", ": 1", ":080000", "::"]) {
    assertEquals(isAuthority(`x${port}`), false, port);
  }
});

test("takes linear time in the length of a name", () => {
  // A pattern with backtracking would need years for this text.
  assertEquals(isAuthority(`${"a%41".repeat(8000)}@`), false);
});

test("isHostAndPort needs both a host and a port", () => {
  assertEquals(["x:1", "[::1]:1"].map(isHostAndPort), [true, true]);
  assertEquals(
    ["x", "x:", ":1", "", "[::1]", "x:y", "x:0", "x:00"].map(isHostAndPort),
    Array(8).fill(false),
  );
});
