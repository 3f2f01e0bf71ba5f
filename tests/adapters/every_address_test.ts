/** Listening on the addresses of a name, by the runtime's adapter and a lookup that the test makes. */

import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { listenOnEvery } from "../../adapters/shared/every_address.ts";
import type { ListenOnOne } from "../../adapters/shared/named_host.ts";
import type { NameLookup } from "../../adapters/shared/name_lookup.ts";
import { runtimeAdapter } from "../../mod.ts";
import { formatAddress } from "../../src/socket/address.ts";
import type { Listener } from "../../src/socket/socket.ts";
import type { Peer } from "../../src/testing/contract/peer.ts";
import { Recorder } from "../../src/testing/contract/recorder.ts";
import { netClient } from "../contract/client.ts";
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
  const clients: Peer[] = [];
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
  const listener = await listenOnEvery(
    asked,
    listenByAdapter(),
    names("203.0.113.7", "127.0.0.1"),
  );
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
  await holdingOnIPv6(async (held) => {
    const port = portOf(held);
    const asked = { host: "localhost", port };
    const listen = () => listenOnEvery(asked, listenByAdapter(), names("127.0.0.1", "::1"));
    const error = await assertRejects(listen, Error);
    assertStringIncludes(error.message, `Cannot listen on localhost:${port}: `);
    await held.close();
    await (await listen()).close();
  });
});

test("another port is picked when the first is taken on another address", async () => {
  await holdingOnIPv6(async (held) => {
    const tried: string[] = [];
    const listener = await listenOnEvery({ host: "localhost", port: 0 }, (address) => {
      tried.push(formatAddress(address));
      // The first port that is picked must be the taken one.
      const first = tried.length === 1 ? { host: "127.0.0.1", port: portOf(held) } : address;
      return listenByAdapter()(first);
    }, names("127.0.0.1", "::1"));
    const port = portOf(listener);
    await listener.close();
    assert(port !== portOf(held));
    const [first, second, ...rest] = tried;
    assertEquals([first, second], ["127.0.0.1:0", `[::1]:${portOf(held)}`]);
    // A program of the machine may hold further ports on one of the addresses.
    assertEquals(rest.slice(-2), ["127.0.0.1:0", `[::1]:${port}`]);
    await held.close();
  });
});

/** The number of ports that a test tries, because other programs hold ports as well. */
const MAX_ATTEMPTS = 20;

/**
 * Runs a test with a port that is held on `::1` and free on `127.0.0.1`. If another program takes the
 * free one meanwhile, the test runs again with another port.
 */
async function holdingOnIPv6(body: (held: Listener) => Promise<void>): Promise<void> {
  const listen = (host: string, port: number) =>
    adapter.listen({ host, port }, {}, (socket) => new Recorder(socket));
  for (let attempt = 1;; attempt++) {
    const probe = await listen("127.0.0.1", 0);
    let held: Listener | undefined;
    try {
      held = await listen("::1", portOf(probe));
      await probe.close();
      return await body(held);
    } catch (error) {
      await Promise.all([probe.close(), held?.close()]);
      const isTaken = error instanceof Error &&
        /EADDRINUSE|address (already )?in use|Failed to listen/i.test(error.message);
      if (!isTaken || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

test("a number is not looked up", async () => {
  const lookup = () => {
    throw new Error("looked up");
  };
  for (const host of ["127.0.0.1", "::1"]) {
    await (await listenOnEvery({ host, port: 0 }, listenByAdapter(), lookup)).close();
  }
});
