/** Arguments of a wrong kind, as a program without types may pass them: each error names the argument. */

import { test } from "node:test";
import { assertThrows } from "@std/assert";
import * as socket from "../../src/socket/mod.ts";
import * as proxyProtocol from "../../src/socket/proxy_protocol/mod.ts";

type Untyped = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

const { encodeProxyHeader, proxiesTLS } = proxyProtocol as unknown as Untyped;

/** Makes an object of a class. */
function make(room: object, name: string, ...args: readonly unknown[]): unknown {
  const Class = (room as Record<string, new (...args: readonly unknown[]) => unknown>)[name];
  return Class === undefined ? undefined : new Class(...args);
}

const pipe = { send: () => true, end() {}, cut() {}, resume() {} };

const WRONG: readonly (readonly [call: () => unknown, message: string])[] = [
  [() => make(socket, "PipedSocket"), "The pipe of PipedSocket is undefined: expected an object"],
  [() => make(socket, "PipedSocket", { send() {} }), "with send, end, cut, resume"],
  [() => make(socket, "PipedSocket", pipe, { log: 5 }), "log of PipedSocket is 5: expected a fun"],
  [() => make(socket, "PipedSocket", pipe, { encrypted: 1 }), "encrypted of PipedSocket is 1"],
  [() => encodeProxyHeader?.(), "The header is undefined: expected one such as { version: 2, "],
  [() => encodeProxyHeader?.({ version: 2 }), 'The header is {"version":2}: expected one such as'],
  [() => proxiesTLS?.({ tlvs: [] }), 'proxiesTLS is {"tlvs":[]}: expected header.tlvs'],
  [() => make(proxyProtocol, "ProxyHeaderReader", 2), 'is 2: expected "v1", "v2" or "auto"'],
];

for (const [call, message] of WRONG) {
  test(`an argument of a wrong kind is named: ${message}`, () => {
    assertThrows(call, TypeError, message);
  });
}
