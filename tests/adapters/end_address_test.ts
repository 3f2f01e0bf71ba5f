import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import {
  endAddress,
  pathsAccepted,
  pathsDialled,
  shareLocal,
} from "../../adapters/shared/end_address.ts";

test("only the listening end of a Unix connection has a path", () => {
  const path = "/run/app";
  assertEquals(pathsAccepted({ path }), { local: path, remote: "" });
  assertEquals(pathsDialled({ path }), { local: "", remote: path });
  assertEquals(endAddress("", undefined, undefined), { family: "unix", path: "" });
  assertEquals(endAddress(path, undefined, undefined), { family: "unix", path });
});

test("the ends of a TCP connection have a host and a port", () => {
  assertEquals(pathsAccepted({ host: "::1", port: 80 }), undefined);
  assertEquals(pathsDialled({ host: "::1", port: 80 }), undefined);
  const address = { family: "IPv6", host: "::1", port: 80 } as const;
  assertEquals(endAddress(undefined, "::1", 80), address);
});

test("an end that the runtime has forgotten has no host and port 0", () => {
  const address = { family: "IPv4", host: "", port: 0 } as const;
  assertEquals(endAddress(undefined, undefined, undefined), address);
});

test("connections with the same own end share its address, and others keep theirs", () => {
  const ends = [
    { family: "IPv4", host: "127.0.0.1", port: 80 },
    { family: "IPv4", host: "127.0.0.1", port: 81 },
    { family: "IPv4", host: "127.0.0.2", port: 81 },
    { family: "IPv6", host: "::1", port: 81 },
    { family: "unix", path: "/run/app" },
    { family: "unix", path: "/run/other" },
  ] as const;
  for (const end of ends) {
    const first = shareLocal({ ...end });
    assertEquals(first, end);
    assert(shareLocal({ ...end }) === first);
  }
});
