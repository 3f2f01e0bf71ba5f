/** Listening on the addresses of a name, by the runtime's adapter and a lookup that the test makes. */

import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { listenOnEvery, type ListenOnOne } from "../../adapters/shared/every_address.ts";
import type { NameLookup } from "../../adapters/shared/name_lookup.ts";
import { runtimeAdapter } from "../../mod.ts";
import { formatAddress } from "../../src/socket/address.ts";
import type { Listener } from "../../src/socket/socket.ts";
import { type Client, netClient } from "../contract/client.ts";
import { Recorder } from "../contract/recorder.ts";
import { until } from "../contract/waiting.ts";

const adapter = await runtimeAdapter();

/** Makes a lookup in which every name has these addresses. */
function names(...addresses: string[]): () => NameLookup {
  const found = addresses.map((address) => ({ address }));
  return () => ({ promises: { lookup: () => Promise.resolve(found) } });
}

/** Listens by the adapter, and records connections; rejects with the error of the runtime. */
function listenByAdapter(recorders: Recorder[] = []): ListenOnOne {
  return async (address) => {
    try {
      return await adapter.listen(address, {}, (socket) => {
        const recorder = new Recorder(socket);
        recorders.push(recorder);
        return recorder;
      });
    } catch (error) {
      throw (error as Error).cause;
    }
  };
}

function portOf(listener: Listener): number {
  assert(listener.address.family !== "unix");
  return listener.address.port;
}

test("a name with two addresses is reached on both, on the one port that was picked", async () => {
  const recorders: Recorder[] = [];
  const asked = { host: "localhost", port: 0 };
  const listener = await listenOnEvery(
    asked,
    listenByAdapter(recorders),
    names("::1", "127.0.0.1"),
  );
  assertEquals(listener.address.family, "IPv4", "IPv4 comes first");
  const port = portOf(listener);
  const clients: Client[] = [];
  for (const [family, host] of [["IPv4", "127.0.0.1"], ["IPv6", "::1"]] as const) {
    clients.push(await netClient({ family, host, port }));
    await until("accept", () => recorders.length === clients.length);
    assertEquals(recorders.at(-1)?.socket.local, { family, host, port });
  }
  recorders.forEach((recorder) => recorder.socket.destroy());
  clients.forEach((client) => client.destroy());
  listener.unref();
  listener.ref();
  await listener.close();
  for (const [family, host] of [["IPv4", "127.0.0.1"], ["IPv6", "::1"]] as const) {
    await assertRejects(() => netClient({ family, host, port }), Error);
  }
});

test("an address of the name that this machine lacks is left out", async () => {
  const asked = { host: "cluster.test", port: 0 };
  const listener = await listenOnEvery(asked, listenByAdapter(), names("203.0.113.7", "127.0.0.1"));
  assertEquals(listener.address, { family: "IPv4", host: "127.0.0.1", port: portOf(listener) });
  await listener.close();
});

test("a name with no address of this machine rejects", async () => {
  const asked = { host: "elsewhere.test", port: 0 };
  const listen = () => listenOnEvery(asked, listenByAdapter(), names("203.0.113.7"));
  const error = await assertRejects(listen, Error);
  assertStringIncludes(error.message, "Cannot listen on elsewhere.test:0: ");
  const none = () => listenOnEvery(asked, listenByAdapter(), names());
  await assertRejects(none, Error, "Cannot listen on elsewhere.test:0: it has no address");
});

test("a port in use on one address rejects, and frees the others", async () => {
  const other = await adapter.listen(
    { host: "::1", port: 0 },
    {},
    (socket) => new Recorder(socket),
  );
  const port = portOf(other);
  const asked = { host: "localhost", port };
  const listen = () => listenOnEvery(asked, listenByAdapter(), names("127.0.0.1", "::1"));
  const error = await assertRejects(listen, Error);
  assertStringIncludes(error.message, `Cannot listen on localhost:${port}: `);
  await other.close();
  await (await listen()).close();
});

test("another port is picked when the first is taken on another address", async () => {
  const taken = await adapter.listen(
    { host: "::1", port: 0 },
    {},
    (socket) => new Recorder(socket),
  );
  const tried: string[] = [];
  const listener = await listenOnEvery({ host: "localhost", port: 0 }, (address) => {
    tried.push(formatAddress(address));
    // The first port that is picked must be the taken one.
    const first = tried.length === 1 ? { host: "127.0.0.1", port: portOf(taken) } : address;
    return listenByAdapter()(first);
  }, names("127.0.0.1", "::1"));
  const port = portOf(listener);
  assert(port !== portOf(taken));
  assertEquals(tried, [
    "127.0.0.1:0",
    `[::1]:${portOf(taken)}`,
    "127.0.0.1:0",
    `[::1]:${port}`,
  ]);
  await listener.close();
  await taken.close();
});

test("a number is not looked up", async () => {
  const lookup = () => {
    throw new Error("looked up");
  };
  for (const host of ["127.0.0.1", "::1"]) {
    await (await listenOnEvery({ host, port: 0 }, listenByAdapter(), lookup)).close();
  }
});
