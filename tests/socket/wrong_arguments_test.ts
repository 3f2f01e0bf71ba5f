/** Arguments of a wrong kind, as a program without types may pass them: each error names the argument. */

import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import * as socket from "../../src/socket/mod.ts";
import * as proxyProtocol from "../../src/socket/proxy_protocol/mod.ts";

type Untyped = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

const { encodeProxyHeader, proxiesTLS } = proxyProtocol as unknown as Untyped;

/** Calls a function of `./socket`. */
function call(name: string, ...args: readonly unknown[]): unknown {
  return (socket as unknown as Untyped)[name]?.(...args);
}

/** Makes an object of a class. */
function make(room: object, name: string, ...args: readonly unknown[]): unknown {
  const Class = (room as Record<string, new (...args: readonly unknown[]) => unknown>)[name];
  return Class === undefined ? undefined : new Class(...args);
}

const host = { resumeSource() {}, destroy() {}, log() {} };
const pool = new socket.BlockPool(8, 1);
const bytes = new Uint8Array(3);

/** Makes a queue of output without types. */
function queue(): { size: number; push(data: unknown): void; advance(count: unknown): void } {
  return new socket.OutputQueue(pool, socket.encodeLatin1) as never;
}

const pipe = { send: () => true, end() {}, cut() {}, resume() {} };

/** Makes a piped socket without types. */
function piped(): { write(data: unknown): void; receive(bytes: unknown): void } {
  return new socket.PipedSocket(pipe) as never;
}

const WRONG: readonly (readonly [call: () => unknown, message: string])[] = [
  [() => make(socket, "PipedSocket"), "The pipe of PipedSocket is undefined: expected an object"],
  [() => make(socket, "PipedSocket", { send() {} }), "with send, end, cut, resume"],
  [() => make(socket, "PipedSocket", pipe, { log: 5 }), "log of PipedSocket is 5: expected a fun"],
  [() => make(socket, "PipedSocket", pipe, { encrypted: 1 }), "encrypted of PipedSocket is 1"],
  [() => encodeProxyHeader?.(), "The header is undefined: expected one such as { version: 2, "],
  [() => encodeProxyHeader?.({ version: 2 }), 'The header is {"version":2}: expected one such as'],
  [() => proxiesTLS?.({ tlvs: [] }), 'proxiesTLS is {"tlvs":[]}: expected header.tlvs'],
  [() => make(proxyProtocol, "ProxyHeaderReader", 2), 'is 2: expected "v1", "v2" or "auto"'],
  [() => piped().write(7), "data of PipedSocket.write is 7: expected a Uint8Array"],
  [() => piped().receive("text"), 'bytes of PipedSocket.receive is "text": expected a Uint8Array'],
  [() => make(socket, "Inbound"), "host of Inbound is undefined: expected an object with resumeS"],
  [() => make(socket, "Inbound", { destroy() {}, log() {} }), "with resumeSource, destroy, log"],
  [() => new socket.Inbound(host).start({} as never, {} as never), "open of Inbound.start is {}"],
  [() => make(socket, "OutputQueue", 8), "pool of OutputQueue is 8: expected a BlockPool"],
  [
    () => make(socket, "OutputQueue", pool),
    "writeLatin1 of OutputQueue is undefined: expected a f",
  ],
  [() => queue().push(7), "data of OutputQueue.push is 7: expected a Uint8Array"],
  [() => queue().push([1]), "data of OutputQueue.push is [1]: expected a Uint8Array"],
  [() => make(socket, "BlockPool"), "blockBytes of BlockPool is undefined: expected a"],
  [() => make(socket, "BlockPool", 8), "maxFree of BlockPool is undefined"],
  [() => call("decodeLatin1", "text", 0, 1), 'of decodeLatin1 is "text": expected a Uint8Array'],
  [() => call("decodeLatin1", bytes), "start of decodeLatin1 is undefined: expected a whole numb"],
  [() => call("decodeLatin1", bytes, 0), "end of decodeLatin1 is undefined: expected a whole num"],
  [() => call("encodeLatin1", 7, bytes, 0), "text of encodeLatin1 is 7: expected a string"],
  [() => call("encodeLatin1", "text"), "target of encodeLatin1 is undefined: expected a Uint8Arr"],
  [() => call("latin1Bytes", 7), "text of latin1Bytes is 7: expected a string"],
  [() => call("joinBytes", "ab"), 'pieces of joinBytes is "ab": expected an array of Uint8Arra'],
  [() => call("joinBytes", ["ab"]), 'A piece of joinBytes is "ab": expected a Uint8Array'],
  [() => call("ipAddress", undefined, 80), "host of ipAddress is undefined: expected a string"],
  [() => call("ipAddress", "::1", "80"), 'port of ipAddress is "80": expected a whole number'],
  [() => call("formatAddress", "::1"), 'The first argument of formatAddress is "::1": expected an'],
  [() => call("formatAddress", { host: "::1" }), "The port of formatAddress is undefined"],
  [
    () => call("formatAddress", { path: 5 }),
    "The path of formatAddress is 5: expected the path of",
  ],
  [
    () => call("formatAddress", { fd: "3" }),
    'The fd of formatAddress is "3": expected a descriptor',
  ],
  [
    () => call("listenError", null),
    "The first argument of listenError is null: expected an addres",
  ],
  [
    () => call("dialError", { x: 1 }),
    'The first argument of dialError is {"x":1}: expected an addre',
  ],
  [() => call("addressGroups", 7), "text of addressGroups is 7: expected a string"],
  [() => call("addressOfGroups", "::1"), 'groups of addressOfGroups is "::1": expected those of'],
];

for (const [wrong, message] of WRONG) {
  test(`an argument of a wrong kind is named: ${message}`, () => {
    assertThrows(wrong, TypeError, message);
  });
}

const OUTSIDE: readonly (readonly [call: () => unknown, message: string])[] = [
  [
    () => make(socket, "BlockPool", 0, 1),
    "blockBytes of BlockPool is 0: expected a whole number from 1",
  ],
  [() => make(socket, "BlockPool", 8, 1.5), "maxFree of BlockPool is 1.5: expected a whole numb"],
  [() => call("decodeLatin1", bytes, -1, 2), "start of decodeLatin1 is -1: expected a whole num"],
  [() => call("encodeLatin1", "text", bytes, 0), "encodeLatin1 has no room for 4 bytes at index 0"],
  [
    () => call("encodeLatin1", "abc", bytes),
    "encodeLatin1 has no room for 3 bytes at index undefine",
  ],
  [() => call("ipAddress", "::1", -1), "port of ipAddress is -1: expected a whole number from 0"],
];

for (const [wrong, message] of OUTSIDE) {
  test(`an argument outside its range is named: ${message}`, () => {
    assertThrows(wrong, RangeError, message);
  });
}

test("an output queue advances by the bytes of its head at most, and keeps them after an error", () => {
  const output = queue();
  output.push("abc");
  for (const count of [4, -1, NaN, undefined]) {
    assertThrows(
      () => output.advance(count),
      RangeError,
      "bytes: expected 0 to 3, as head() gives",
    );
  }
  assertEquals(output.size, 3);
  output.advance(3);
  assertEquals(output.size, 0);
});
