/** Sets of peers: the addresses of each range, the forms of addresses, and the refusal of all others. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { addressGroups, addressOfGroups, trustedPeers } from "../../src/socket/mod.ts";

const has = (range: string, address: string) => trustedPeers("from", [range]).has(address);

test("a range has its addresses and no other", () => {
  const rows: readonly [string, readonly string[], readonly string[]][] = [
    ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"], [
      "9.255.255.255",
      "11.0.0.0",
    ]],
    ["192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.0"]],
    ["192.0.2.1", ["192.0.2.1"], ["192.0.2.0", "192.0.2.2"]],
    ["0.0.0.0/0", ["1.2.3.4", "255.255.255.255"], ["::1", "::"]],
    ["::/0", ["::1", "2001:db8::1"], ["1.2.3.4", "::ffff:1.2.3.4"]],
    ["2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::1", "2001:db9::1"]],
    ["fe80::/10", ["fe80::1%eth0", "febf::1"], ["fec0::1"]],
    ["::ffff:10.0.0.1", ["10.0.0.1"], ["10.0.0.2"]],
    ["loopback", ["127.0.0.1", "127.9.9.9", "::1"], ["128.0.0.1", "::2", "", "localhost"]],
    ["private", ["10.1.1.1", "172.31.0.1", "192.168.0.1", "fd00::1"], ["172.32.0.1", "fe00::1"]],
    ["unix", [], ["", "127.0.0.1", "unix"]],
  ];
  for (const [range, inside, outside] of rows) {
    for (const address of inside) assertEquals(has(range, address), true, `${range} ${address}`);
    for (const address of outside) assertEquals(has(range, address), false, `${range} ${address}`);
  }
  assertEquals(trustedPeers("from", ["unix"]).hasUnix, true);
  assertEquals(trustedPeers("from", ["loopback"]).hasUnix, false);
});

test("only the usual forms of an address are read", () => {
  const wrong = [
    "127.1",
    "0177.0.0.1",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "0x7f.0.0.1",
    " 1.2.3.4",
    "1.2.3.4 ",
  ];
  const wrong6 = [
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "12345::",
    "::g",
    "1.2.3.4::",
  ];
  for (const text of [...wrong, ...wrong6, "1:2:3:4:5:6:7:8::", "[::1]", ""]) {
    assertEquals(addressGroups(text), undefined, text);
  }
  assertEquals(addressGroups("1:2:3:4:5:6:7:8"), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals(addressGroups("::"), [0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(addressGroups("1::1.2.3.4"), [1, 0, 0, 0, 0, 0, 0x102, 0x304]);
});

test("groups are written as the usual text of their address", () => {
  assertEquals(addressOfGroups([0x7f00, 1]), "127.0.0.1");
  assertEquals(addressOfGroups([0, 0, 0, 0, 0, 0xffff, 0x0a00, 1]), "10.0.0.1");
  assertEquals(addressOfGroups([0, 0, 0, 0, 0, 0xfffe, 0x0a00, 1]), "::fffe:a00:1");
  assertEquals(addressOfGroups([0x2001, 0xdb8, 0, 1, 0, 0, 0, 5]), "2001:db8:0:1::5");
});

test("an entry that is no peer is an error with the name of the option", () => {
  for (
    const entry of [
      "*",
      "all",
      "10.0.0.0/",
      "10.0.0.0/-1",
      "10.0.0.0/33",
      "::/129",
      "1.2.3.4/8/8",
      "Loopback",
    ]
  ) {
    assertThrows(() => trustedPeers("from", [entry]), TypeError, "An entry of from is");
  }
  assertThrows(() => trustedPeers("from", ["10.0.0.1/8"]), TypeError, 'leave out "/8"');
  assertThrows(() => trustedPeers("from", "loopback" as never), TypeError, "from is");
});
