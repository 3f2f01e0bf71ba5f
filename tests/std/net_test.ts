import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { getAvailablePort, getNetworkAddress } from "@std/net";

test("gives a port that can be listened on", async () => {
  const port = getAvailablePort();
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  assertEquals((server.address() as AddressInfo).port, port);
  server.close();
});

test("gives another port when the preferred one is in use", async () => {
  const server = createServer().listen(0);
  await once(server, "listening");
  const taken = (server.address() as AddressInfo).port;
  assertNotEquals(getAvailablePort({ preferredPort: taken }), taken);
  server.close();
});

test("gives no loopback address as the network's", () => {
  for (const family of ["IPv4", "IPv6"] as const) {
    const address = getNetworkAddress(family);
    assert(address === undefined || !/^(?:127\.|::1$)/.test(address), address);
  }
});
