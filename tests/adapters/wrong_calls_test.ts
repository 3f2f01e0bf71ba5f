/** Wrong arguments of `listen` and `dial` are told alike by all adapters, before the runtime is asked. */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork, socketPair } from "../../adapters/memory.ts";
import { runtimeAdapter } from "../../mod.ts";
import type { DiallingAdapter, SocketHandler } from "../../src/socket/mod.ts";

const HANDLER: SocketHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
const open = () => HANDLER;
const HERE = { host: "127.0.0.1", port: 0 };
const TLS = { cert: "c", key: "k", handshakeTimeoutMs: 5 };

type Args = readonly unknown[];

const LISTEN: readonly (readonly [args: Args, message: string])[] = [
  [[], "The first argument of listen is undefined: expected an address, such as { host:"],
  [["127.0.0.1:80", {}, open], 'The first argument of listen is "127.0.0.1:80"'],
  [[8080, {}, open], "The first argument of listen is 8080"],
  [[{}, {}, open], "The first argument of listen is {}"],
  [[{ port: 80 }, {}, open], "The host of listen is undefined: expected a host"],
  [[{ host: "::1" }, {}, open], "The port of listen is undefined: expected a number"],
  [[{ host: "::1", port: "80" }, {}, open], 'The port of listen is "80": expected a number'],
  [[{ host: "::1", port: 65_536 }, {}, open], "The port of listen is 65536: expected a whole"],
  [[{ host: "::1", port: -1 }, {}, open], "The port of listen is -1"],
  [[{ host: "::1", port: 0.5 }, {}, open], "The port of listen is 0.5"],
  [[{ path: 5 }, {}, open], "The path of listen is 5: expected the path of a Unix socket"],
  [[HERE, open], "The second argument of listen is a function: expected an object"],
  [[HERE, null, open], "The second argument of listen is null"],
  [[HERE, { backlogs: 5 }, open], 'Unknown option of listen "backlogs": did you mean "backlog"?'],
  [[HERE, { backlog: "5" }, open], 'backlog of listen is "5": expected a number'],
  [[HERE, { backlog: 0 }, open], "backlog of listen is 0: expected a whole number above 0"],
  [[HERE, { log: "x" }, open], 'log of listen is "x": expected a function'],
  [[HERE, { tls: "x" }, open], 'tls of listen is "x": expected an object'],
  [[HERE, { tls: { ...TLS, ca: "" } }, open], 'Unknown tls option of listen "ca"'],
  [[HERE, { tls: { ...TLS, cert: 5 } }, open], "tls.cert of listen is 5"],
  [[HERE, { tls: { ...TLS, key: undefined } }, open], "tls.key of listen is undefined"],
  [[HERE, { tls: { cert: "", key: "" } }, open], "tls.handshakeTimeoutMs of listen is undefined"],
  [[HERE, {}], "The third argument of listen is undefined: expected a function"],
  [[HERE, {}, HANDLER], "The third argument of listen is"],
];

const DIAL: readonly (readonly [args: Args, message: string])[] = [
  [[], "The first argument of dial is undefined: expected an address"],
  [["127.0.0.1:80", open], 'The first argument of dial is "127.0.0.1:80"'],
  [[{ host: 5, port: 80 }, open], "The host of dial is 5"],
  [[{ host: "127.0.0.1", port: "80" }, open], 'The port of dial is "80": expected a number'],
  [[{ path: null }, open], "The path of dial is null"],
  [[HERE, HANDLER], "The second argument of dial is"],
  [[HERE, open, null], "The third argument of dial is null"],
  [[HERE, open, { signals: 5 }], 'Unknown option of dial "signals": did you mean "signal"?'],
  [[HERE, open, { signal: new AbortController() }], "signal of dial is an AbortController"],
];

const ADAPTERS: Readonly<Record<string, () => Promise<DiallingAdapter>>> = {
  "the runtime": runtimeAdapter,
  "a network in memory": () => Promise.resolve(memoryNetwork().adapter),
};

for (const [name, adapterOf] of Object.entries(ADAPTERS)) {
  for (const [method, calls] of [["listen", LISTEN], ["dial", DIAL]] as const) {
    test(`wrong arguments of ${method} are told by ${name}`, async () => {
      const adapter = await adapterOf();
      const call = adapter[method] as unknown as (...args: Args) => Promise<unknown>;
      for (const [args, message] of calls) {
        const error = await assertRejects(() => call(...args), Error);
        assertEquals(error instanceof TypeError || error instanceof RangeError, true, error.stack);
        assertStringIncludes(error.message, message);
      }
    });
  }
}

test("wrong options of a network in memory are told", () => {
  const calls: readonly (readonly [options: unknown, message: string])[] = [
    [5, "The options of memoryNetwork is 5: expected an object"],
    [{ windows: 5 }, 'Unknown option of memoryNetwork "windows": did you mean "window"?'],
    [{ window: "5" }, 'window of memoryNetwork is "5": expected a number of bytes above 0'],
    [{ window: 0 }, "window of memoryNetwork is 0"],
    [{ log: "x" }, 'log of memoryNetwork is "x": expected a function'],
    [{ clock: {} }, "clock of memoryNetwork is {}: expected a Clock"],
  ];
  for (const [options, message] of calls) {
    assertThrows(() => memoryNetwork(options as never), TypeError, message);
  }
  assertThrows(() => socketPair(open, open, { log: 5 } as never), TypeError, "log of socketPair");
  const { connect } = memoryNetwork();
  assertThrows(() => connect("x" as never, open), TypeError, "The first argument of dial");
});
