/** Dialling by name, with a lookup and a network that the test makes. */

import { test } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { dialler, type DialOne } from "../../adapters/shared/dialling.ts";
import type { NameLookup } from "../../adapters/shared/name_lookup.ts";
import { formatAddress } from "../../src/socket/address.ts";
import type { Socket, SocketHandler } from "../../src/socket/socket.ts";

const HANDLER: SocketHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

function names(...addresses: string[]): () => NameLookup {
  const found = addresses.map((address) => ({ address }));
  return () => ({ promises: { lookup: () => Promise.resolve(found) } });
}

/** A network where the addresses in `answering` answer. It logs each dial and each close. */
function network(...answering: string[]) {
  const log: string[] = [];
  const dialOne: DialOne = async (address, accept) => {
    const name = formatAddress(address);
    log.push(`dial ${name}`);
    await Promise.resolve();
    if (!answering.includes(name)) throw new Error(`${name} refuses`);
    accept({ destroy: () => void log.push(`close ${name}`) } as Socket);
  };
  return { log, dialOne };
}

test("a name's addresses are dialled in turn, IPv4 first, until one answers", async () => {
  const { log, dialOne } = network("127.0.0.2:80", "[::1]:80");
  const dial = dialler(dialOne, names("::1", "127.0.0.1", "127.0.0.2"));
  let opened = 0;
  await dial({ host: "three.test", port: 80 }, () => {
    opened++;
    return HANDLER;
  });
  assertEquals([opened, log], [1, ["dial 127.0.0.1:80", "dial 127.0.0.2:80"]]);
});

test("a name without an answer rejects with the error of the first address", async () => {
  const { log, dialOne } = network();
  const asked = { host: "two.test", port: 80 };
  const dial = () => dialler(dialOne, names("127.0.0.1", "::1"))(asked, () => HANDLER);
  await assertRejects(dial, Error, "Cannot connect to two.test:80: 127.0.0.1:80 refuses");
  assertEquals(log.length, 2);
  const none = () => dialler(dialOne, names())(asked, () => HANDLER);
  await assertRejects(none, Error, "Cannot connect to two.test:80: it has no address");
});

test("numbers and paths are not looked up", async () => {
  const { log, dialOne } = network("127.0.0.1:80", "[::1]:80", "/run/app");
  const dial = dialler(dialOne, () => {
    throw new Error("looked up");
  });
  for (const host of ["127.0.0.1", "::1"]) await dial({ host, port: 80 }, () => HANDLER);
  await dial({ path: "/run/app" }, () => HANDLER);
  assertEquals(log, ["dial 127.0.0.1:80", "dial [::1]:80", "dial /run/app"]);
});

test("an abort between two addresses keeps the second from being dialled", async () => {
  const { log, dialOne } = network("[::1]:80");
  const controller = new AbortController();
  const dialling = dialler((address, accept, signal) => {
    controller.abort(new RangeError("enough"));
    return dialOne(address, accept, signal);
  }, names("127.0.0.1", "::1"))({ host: "two.test", port: 80 }, () => HANDLER, {
    signal: controller.signal,
  });
  await assertRejects(() => dialling, RangeError, "enough");
  assertEquals(log, ["dial 127.0.0.1:80"]);
});

test("a connection that comes after an abort is closed, and not opened", async () => {
  const { log, dialOne } = network("127.0.0.1:80");
  const controller = new AbortController();
  let opened = false;
  const dialling = dialler(dialOne, names())({ host: "127.0.0.1", port: 80 }, () => {
    opened = true;
    return HANDLER;
  }, { signal: controller.signal });
  await Promise.resolve();
  controller.abort(new RangeError("enough"));
  await assertRejects(() => dialling, RangeError, "enough");
  assertEquals([opened, log], [false, ["dial 127.0.0.1:80", "close 127.0.0.1:80"]]);
});

test("no listener stays on the signal, with or without a connection", async () => {
  const { dialOne } = network("127.0.0.1:80");
  let listeners = 0;
  const signal = {
    aborted: false,
    reason: undefined,
    addEventListener: () => void listeners++,
    removeEventListener: () => void listeners--,
  };
  const dial = dialler(dialOne, names());
  await dial({ host: "127.0.0.1", port: 80 }, () => HANDLER, { signal });
  await assertRejects(() => dial({ host: "::1", port: 80 }, () => HANDLER, { signal }));
  assertEquals(listeners, 0);
});
