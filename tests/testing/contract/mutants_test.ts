/**
 * The strength of the contract: a network in memory is changed in one way at a time, and each such mutant
 * fails a check.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { type DiallingAdapter, memoryNetwork } from "../../../adapters/memory.ts";
import type { Clock } from "../../../src/coroutine/mod.ts";
import type { Address, Listener, Socket, SocketHandler } from "../../../src/socket/mod.ts";
import { adapterChecks, BrokenPromise } from "../../../src/testing/mod.ts";
import { toDial } from "../../../src/testing/contract/stage.ts";
import { JumpingClock } from "../../support/jumping_clock.ts";
import { isMine } from "../../support/shares.ts";

/** The ways in which a mutant differs: members that replace those of the correct adapter. */
interface Mutation {
  adapter?(right: DiallingAdapter): Partial<DiallingAdapter>;
  listener?(right: Listener): Partial<Listener>;
  /** `handler` is that of the check; `right` calls it at first. */
  socket?(right: Socket, handler: () => SocketHandler, clock: JumpingClock): Partial<Socket>;
  handler?(right: SocketHandler, socket: Socket): Partial<SocketHandler>;
}

const ADDRESSES = [{ host: "127.0.0.1", port: 0 }, { host: "::1", port: 0 }, { path: "/memory" }];

/** Makes the checks of a mutant. The peers use the correct adapter. */
function checksOf(mutation: Mutation) {
  const clock = new JumpingClock();
  const { adapter } = memoryNetwork({ clock, log: () => {} });
  const mutate = (open: (socket: Socket) => SocketHandler) => (socket: Socket): SocketHandler => {
    const wrong = replaced(socket, mutation.socket?.(socket, () => handler, clock));
    const handler: SocketHandler = open(wrong);
    return replaced(handler, mutation.handler?.(handler, socket));
  };
  const mutant: DiallingAdapter = {
    ...adapter,
    listen: async (address, options, accept) => {
      const listener = await adapter.listen(address, options, mutate(accept));
      return replaced(listener, mutation.listener?.(listener));
    },
    dial: (address, open, options) => adapter.dial(address, mutate(open), options),
    ...mutation.adapter?.(adapter),
  };
  return adapterChecks(mutant, {
    addresses: ADDRESSES,
    clock,
    connect: (address, open) => adapter.dial(toDial(address), open),
    listen: (address, open) => adapter.listen(address, {}, open),
  });
}

/** An object that has the members of `wrong`, and otherwise those of `right`. */
function replaced<T extends object>(right: T, wrong: Partial<T> = {}): T {
  return new Proxy(right, {
    get: (target, name) => {
      const member = Reflect.get(Object.hasOwn(wrong, name) ? wrong : target, name) as unknown;
      return typeof member === "function"
        ? member.bind(Object.hasOwn(wrong, name) ? wrong : target)
        : member;
    },
  });
}

const swap = (bytes: Uint8Array) => bytes.slice().reverse();

/** Each mutant, the check that catches it, and a part of the failure. */
const MUTANTS: Readonly<Record<string, readonly [Mutation, check: string, fault: string]>> = {
  "reverses small pieces that it reads": [
    {
      handler: (right) => ({
        onData: (bytes) => right.onData(bytes.length === 13 ? swap(bytes) : bytes),
      }),
    },
    "order: strings and bytes of all sizes, in both directions",
    "the handler got byte",
  ],
  "reads again into an array that it gave away": [
    {
      handler: (right) => {
        const buffer = new Uint8Array(1_000_000);
        return {
          onData(bytes) {
            buffer.set(bytes);
            right.onData(buffer.subarray(0, bytes.length), true);
          },
        };
      },
    },
    "order: strings and bytes of all sizes, in both directions",
    "an owned array got byte",
  ],
  "gives parts of one buffer away": [
    {
      handler: (right) => {
        let [buffer, at] = [new Uint8Array(1_000_000), 0];
        return {
          onData(bytes) {
            if (at + bytes.length > buffer.length) [buffer, at] = [new Uint8Array(1_000_000), 0];
            buffer.set(bytes, at);
            right.onData(buffer.subarray(at, at += bytes.length), true);
          },
        };
      },
    },
    "order: strings and bytes of all sizes, in both directions",
    "Two owned arrays are parts of one buffer",
  ],
  "delivers empty pieces": [
    {
      handler: (right) => ({
        onData: (bytes) => (right.onData(new Uint8Array(0)), right.onData(bytes)),
      }),
    },
    "order: strings and bytes of all sizes, in both directions",
    "onData was called without a byte",
  ],
  "stops reading when little is expected": [
    { socket: (right) => ({ expectLittle: () => right.pauseReading() }) },
    "order: after expectLittle, bytes of any number arrive",
    "It did not come to the first bytes at the handler",
  ],
  "sends a piece before the last one": [
    { socket: (right) => ({ write: reordering(right) }) },
    "order: strings and bytes of all sizes, in both directions",
    "the peer got byte",
  ],
  "sends the first half of a write twice": [
    {
      socket: (right) => ({
        write: (bytes) => {
          if (bytes.length === 300) right.write(bytes.slice(0, 150));
          return right.write(bytes);
        },
      }),
    },
    "order: strings and bytes of all sizes, in both directions",
    "the peer got byte",
  ],
  "sends text as UTF-8": [
    {
      socket: (right) => ({
        write: (data) =>
          right.write(typeof data === "string" ? new TextEncoder().encode(data) : data),
      }),
    },
    "order: each latin-1 character of a string is one byte",
    "the peer got byte",
  ],
  "delays small writes": [
    {
      socket: (right, _handler, clock) => ({
        write: (bytes) => (clock.setTimer(40, () => right.write(bytes)), true),
      }),
    },
    "order: small writes are not delayed",
    "the shortest of 25 round trips took",
  ],
  "drops the last byte before an end": [
    { socket: (right) => ({ write: shortened(right) }) },
    "backpressure: 24 MB reach a slow reader at the reader's speed",
    "were sent",
  ],
  "drops the first byte of every other write": [
    {
      socket: (right) => {
        let count = 0;
        return { write: (bytes) => right.write(++count % 2 === 0 ? bytes.slice(1) : bytes) };
      },
    },
    "backpressure: 24 MB reach a slow reader at the reader's speed",
    "the peer got byte",
  ],
  "drops the bytes that wait at an end": [
    {
      socket: (right) => {
        let waits = false;
        return {
          write: (bytes) => {
            if (waits) return false;
            return waits = bytes.length > 1_000_000 ? !right.write(bytes.slice(0, 500_000)) : false;
          },
        };
      },
    },
    "backpressure: endWrite loses nothing, also while the peer keeps sending",
    "were sent",
  ],
  "closes in place of an end behind a stalled write": [
    {
      socket: (right) => {
        let isStalled = false;
        return {
          write: (bytes) => !(isStalled = !right.write(bytes)),
          endWrite: () => isStalled ? right.destroy() : right.endWrite(),
        };
      },
    },
    "backpressure: endWrite loses nothing, also while the peer keeps sending",
    "onClose before the end of the peer: expected false, got true",
  ],
  "takes all bytes for a peer that does not read": [
    { socket: (right) => ({ write: (bytes) => (right.write(bytes), true) }) },
    "backpressure: a reader that stalls stops the writer, until it reads on",
    "write returned true for 64 MB",
  ],
  "never drains": [
    { handler: () => ({ onDrain() {} }) },
    "backpressure: a reader that stalls stops the writer, until it reads on",
    "It did not come to onDrain",
  ],
  "drains at once, though the peer does not read": [
    {
      socket: (right, handler, clock) => ({
        write: (bytes) => {
          const hasRoom = right.write(bytes);
          if (!hasRoom) clock.defer(() => handler().onDrain());
          return hasRoom;
        },
      }),
    },
    "backpressure: a reader that stalls stops the writer, until it reads on",
    "write returned true for 64 MB",
  ],
  "drains after every write": [
    {
      socket: (right, handler) => ({
        write: (bytes) => {
          const hasRoom = right.write(bytes);
          void Promise.resolve().then(() => handler().onDrain());
          return hasRoom;
        },
      }),
    },
    "backpressure: onDrain comes after a write that returned false, and only then",
    "the events after small writes",
  ],
  "has no room for a write without bytes, and never drains": [
    { socket: (right) => ({ write: (bytes) => bytes.length > 0 && right.write(bytes) }) },
    "backpressure: onDrain comes after a write that returned false, and only then",
    "It did not come to onDrain after a write of little",
  ],
  "tells too early that it holds no bytes": [
    { socket: () => ({ holdsBytes: false }) },
    "backpressure: written bytes may change once holdsBytes is false",
    "the peer got byte",
  ],
  "never holds bytes": [
    { socket: () => ({ holdsBytes: false }) },
    "backpressure: holdsBytes is true for bytes that a stalled reader does not take",
    "holdsBytes: expected true, got false",
  ],
  "drops a write after false": [
    {
      socket: (right) => {
        let isFull = false;
        return {
          write: (bytes) => {
            if (isFull) return false;
            isFull = !right.write(bytes);
            return !isFull;
          },
        };
      },
    },
    "backpressure: bytes written after write returned false are kept",
    "It did not come to all bytes at the peer",
  ],
  "ignores pauses": [
    { socket: () => ({ pauseReading() {} }) },
    "pausing: nothing is delivered while paused, and everything after",
    "the events while paused",
  ],
  "pauses only at first": [
    { socket: (right) => ({ pauseReading: once(() => right.pauseReading()) }) },
    "pausing: a handler may pause and resume at each piece",
    "the calls of onData while paused",
  ],
  "never resumes": [
    { socket: () => ({ resumeReading() {} }) },
    "pausing: nothing is delivered while paused, and everything after",
    "It did not come to all bytes at the handler",
  ],
  "loses a piece that came while it was paused": [
    {
      handler: (right) => {
        let count = 0;
        return { onData: (bytes) => ++count === 3 ? undefined : right.onData(bytes) };
      },
    },
    "pausing: nothing is delivered while paused, and everything after",
    "It did not come to all bytes at the handler",
  ],
  "reads all bytes of a flood ahead": [
    {
      socket: () => ({ pauseReading() {}, resumeReading() {} }),
      handler: () => ({ onData() {} }),
    },
    "pausing: a peer that floods a paused socket must stop sending",
    "the peer has still only 0 bytes",
  ],
  "holds an end back while paused": [
    { ...holdingEnd() },
    "pausing: the bytes before an end are delivered, though paused",
    "It did not come to onEnd, though paused",
  ],
  "tells no end without bytes while paused": [
    { ...deafWhilePaused("onEnd") },
    "pausing: an end without bytes is told, though paused",
    "It did not come to onEnd, though paused",
  ],
  "closes at the end of the peer": [
    { handler: (right, socket) => ({ onEnd: () => (right.onEnd(), socket.destroy()) }) },
    "half-close: writing goes on after the end of the peer",
    "the events",
  ],
  "stops reading at endWrite": [
    { socket: (right) => ({ endWrite: () => (right.endWrite(), right.pauseReading()) }) },
    "half-close: reading goes on after endWrite",
    "",
  ],
  "ends instead of endWrite only at destroy": [
    { socket: () => ({ endWrite() {} }) },
    "half-close: reading goes on after endWrite",
    "It did not come to the end at the peer",
  ],
  "calls onEnd twice": [
    { handler: (right) => ({ onEnd: () => (right.onEnd(), right.onEnd()) }) },
    "closing: onClose comes once after the ends of both sides",
    "onEnd was called twice",
  ],
  "gives an error to a close after both ends": [
    { handler: (right) => ({ onClose: (error) => right.onClose(error ?? new Error("end")) }) },
    "half-close: writing goes on after the end of the peer",
    "the error of onClose",
  ],
  "tells a close without an error by null": [
    { handler: (right) => ({ onClose: (error) => right.onClose(error ?? null as never) }) },
    "closing: onClose comes once after destroy",
    "onClose was called with null, which is no Error",
  ],
  "calls onClose twice": [
    { handler: (right) => ({ onClose: (error) => (right.onClose(error), right.onClose(error)) }) },
    "closing: onClose comes once after destroy",
    "the calls of onClose: expected 1, got 2",
  ],
  "never calls onClose": [
    { handler: () => ({ onClose() {} }) },
    "closing: onClose comes once after destroy",
    "It did not come to onClose",
  ],
  "delivers bytes after the close": [
    {
      handler: (right) => ({
        onClose: (error) => {
          right.onClose(error);
          right.onData(new Uint8Array(1));
        },
      }),
    },
    "closing: onClose comes once after destroy",
    'the last event: expected "close", got "data"',
  ],
  "calls onEnd after destroy": [
    { handler: (right) => ({ onClose: (error) => (right.onEnd(), right.onClose(error)) }) },
    "closing: no event but onClose after a destroy in data",
    "the events from data on",
  ],
  "delivers held bytes at a destroy": [
    { ...flushingAtDestroy() },
    "closing: no event but onClose after a destroy while paused",
    'the events: expected ["close"], got ["data","close"]',
  ],
  "forgets its addresses at the close": [
    {
      socket: (right) => {
        let isClosed = false;
        return {
          destroy: () => (isClosed = true, right.destroy()),
          get remote() {
            return isClosed ? undefined as never : right.remote;
          },
        };
      },
    },
    "closing: every call after onClose is without an effect",
    "the addresses",
  ],
  "delivers bytes after a destroy": [
    { socket: (right) => ({ destroy: () => right.endWrite() }) },
    "closing: no event but onClose after a destroy in data",
    "It did not come to onClose",
  ],
  "calls onClose inside destroy": [
    {
      socket: (right, handler) => ({
        destroy: once(() => (right.destroy(), handler().onClose())),
      }),
      handler: () => ({ onClose() {} }),
    },
    "closing: onClose comes once after destroy",
    "The event close came inside a call of destroy",
  ],
  "delivers held bytes inside resumeReading": [
    {
      socket: (right, handler) => ({
        resumeReading: () => (handler().onData(new Uint8Array(1)), right.resumeReading()),
      }),
    },
    "closing: no event comes inside a call of a method",
    "the events inside resumeReading",
  ],
  "throws at a second destroy": [
    {
      socket: (right) => {
        let isDestroyed = false;
        return {
          destroy: () => {
            if (isDestroyed) throw new Error("destroyed already");
            isDestroyed = true;
            right.destroy();
          },
        };
      },
    },
    "closing: onClose comes once after two calls of destroy",
    "destroyed already",
  ],
  "returns false from a write after the close": [
    { ...closedWrites() },
    "closing: every call after onClose is without an effect",
    "the result of write: expected true, got false",
  ],
  "sends bytes after endWrite": [
    {
      socket: (right) => {
        const late: (Uint8Array | string)[] = [];
        let isEnding = false;
        return {
          write: (bytes) => isEnding ? late.push(bytes) > 0 : right.write(bytes),
          endWrite: () => {
            isEnding = true;
            void Promise.resolve().then(() => {
              for (const bytes of late) right.write(bytes);
              right.endWrite();
            });
          },
        };
      },
    },
    "closing: bytes that are written after endWrite are dropped",
    "the number of bytes at the peer: expected 3, got 7",
  ],
  "ends in place of a reset": [
    { socket: (right) => ({ reset: () => right.endWrite() }) },
    "reset: it is an error to the peer",
    "It did not come to an error at the peer",
  ],
  "waits with a reset for the stalled write": [
    { socket: (right) => ({ reset: () => right.endWrite() }) },
    "reset: it frees a connection with a stalled write",
    "It did not come to onClose",
  ],
  "swallows resets": [
    {
      handler: (right) => ({
        onClose: (error) => error === undefined ? right.onClose() : undefined,
      }),
    },
    "vanishing: a peer that resets is noticed while nothing happens",
    "It did not come to onEnd or onClose",
  ],
  "swallows resets while it is paused": [
    { ...deafWhilePaused("onClose") },
    "vanishing: a peer that resets is noticed while reading is paused",
    "It did not come to onEnd or onClose",
  ],
  "tells no error of a reset": [
    { handler: (right) => ({ onClose: () => right.onClose() }) },
    "vanishing: onClose has an error after a reset while nothing happens",
    "onClose had no error",
  ],
  "tells no error of a reset while it is paused": [
    { ...withoutErrorAfter("pauseReading") },
    "vanishing: onClose has an error after a reset while reading is paused",
    "onClose had no error",
  ],
  "tells no error of a reset while a write is stalled": [
    { ...withoutErrorAfter("write") },
    "vanishing: onClose has an error after a reset while a write is stalled",
    "onClose had no error",
  ],
  "tells an error of a destroy while a write is stalled": [
    {
      handler: (right) => ({ onClose: (error) => right.onClose(error ?? new Error("aborted")) }),
    },
    "vanishing: destroy frees a connection with a stalled write",
    'the error of onClose: expected undefined, got "aborted"',
  ],
  "waits with destroy for the stalled write": [
    { socket: (right) => ({ destroy: () => right.endWrite() }) },
    "vanishing: destroy frees a connection with a stalled write",
    "It did not come to onClose",
  ],
  "logs no error of a handler": [
    {
      handler: (right, socket) => ({
        onData: (bytes) => {
          try {
            right.onData(bytes);
          } catch {
            socket.destroy();
          }
        },
      }),
    },
    "failures: a handler that throws in data loses its connection",
    "the number of entries in the option log: expected 1, got 0",
  ],
  "goes on after the error of a handler": [
    {
      handler: (right) => ({
        onData: (bytes) => {
          try {
            right.onData(bytes);
          } finally {
            right.onData(bytes);
          }
        },
      }),
    },
    "failures: a handler that throws in data loses its connection",
    "the events after the error",
  ],
  "keeps the connection of a handler that throws": [
    {
      handler: (right) => ({
        onEnd: () => {
          try {
            right.onEnd();
          } catch {
            // The error is lost.
          }
        },
      }),
    },
    "failures: a handler that throws in end loses its connection",
    "It did not come to onClose",
  ],
  "keeps a connection that accept refuses": [
    {
      adapter: (right) => ({
        listen: (address, options, accept) =>
          right.listen(address, options, (socket) => {
            try {
              return accept(socket);
            } catch {
              return { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
            }
          }),
      }),
    },
    "failures: an accept that throws loses its connection",
    "It did not come to the end at the refused peer",
  ],
  "tells another remote address": [
    { socket: (right) => ({ remote: { ...right.remote, port: 1 } as Address }) },
    "addresses: both ends of a connection to 127.0.0.1:0 are told",
    "the client's end",
  ],
  "tells its own address as that of the peer": [
    { socket: (right) => ({ remote: right.local }) },
    "addresses: both ends of a connection to [::1]:0 are told",
    "the client's end",
  ],
  "tells a path for a client": [
    { socket: () => ({ remote: { family: "unix", path: "/client" } }) },
    "addresses: both ends of a connection to /memory are told",
    "the client's end",
  ],
  "tells port 0": [
    { listener: (right) => ({ address: { ...right.address, port: 0 } as Address }) },
    "addresses: both ends of a connection to 127.0.0.1:0 are told",
    "Cannot connect",
  ],
  "claims to encrypt": [
    { socket: () => ({ encrypted: true }) },
    "addresses: both ends of a connection to 127.0.0.1:0 are told",
    "encrypted: expected false, got true",
  ],
  "shares an address in use": [
    {
      adapter: (right) => ({
        listen: (address, options, accept) =>
          right.listen(address, options, accept).catch(() =>
            right.listen({ host: "127.0.0.1", port: 0 }, options, accept)
          ),
      }),
    },
    "listening: an address in use rejects, naming it, and is free after close",
    "A second listen() resolved",
  ],
  "names no address that cannot be bound": [
    {
      adapter: (right) => ({
        listen: (...args) => right.listen(...args).catch(() => Promise.reject(new Error("in use"))),
      }),
    },
    "listening: an address in use rejects, naming it, and is free after close",
    "the message does not name",
  ],
  "serves plain text where TLS is asked for": [
    {
      adapter: (right) => ({
        listen: (address, { tls: _, ...options }, accept) => right.listen(address, options, accept),
      }),
    },
    "listening: a certificate that cannot be used rejects, naming the address",
    "listen() with TLS resolved",
  ],
  "keeps an address after close": [
    { listener: () => ({ close: () => Promise.resolve() }) },
    "listening: an address in use rejects, naming it, and is free after close",
    "Cannot listen on",
  ],
  "throws in place of a rejection": [
    {
      adapter: (right) => ({
        listen: (address, ...rest) => {
          if ("port" in address && address.port > 0) {
            throw new Error(`Cannot listen on ${address.host}:${address.port}`);
          }
          return right.listen(address, ...rest);
        },
      }),
    },
    "listening: an address in use rejects, naming it, and is free after close",
    "It did not come to the end of listen(): the call threw",
  ],
  "returns no promise from close": [
    { listener: (right) => ({ close: () => void right.close() as never }) },
    "listening: close stops accepting, and open connections stay",
    "It did not come to the end of close(): the call returned undefined",
  ],
  "pauses all connections at a pause of one": [
    { ...forAll("pauseReading") },
    "listening: connections do not hold each other up",
    "It did not come to the bytes of another peer",
  ],
  "closes all connections at a destroy of one": [
    { ...forAll("destroy") },
    "listening: connections do not hold each other up",
    "It did not come to an answer on another one",
  ],
  "lets one stalled write hold all others up": [
    { ...oneQueue() },
    "listening: connections do not hold each other up",
    "It did not come to an answer on another one",
  ],
  "gives all bytes to the last connection": [
    { ...lastHandler() },
    "listening: connections do not hold each other up",
    "It did not come to the bytes of another peer",
  ],
  "ignores a pause in accept": [
    {
      ...inAccept((right, isAccepting) => ({
        pauseReading: () => isAccepting() ? undefined : right.pauseReading(),
      })),
    },
    "listening: connections do not hold each other up",
    "the events of a connection that accept has paused",
  ],
  "drops the bytes that accept writes": [
    {
      ...inAccept((right, isAccepting) => ({
        write: (bytes) => isAccepting() || right.write(bytes),
      })),
    },
    "listening: connections do not hold each other up",
    "It did not come to a greeting of the connection",
  ],
  "accepts after close": [
    { listener: () => ({ close: () => Promise.resolve() }) },
    "listening: close stops accepting, and open connections stay",
    "the number of accepted connections: expected 1, got 2",
  ],
  "never ends its close": [
    { listener: () => ({ close: () => new Promise(() => {}) }) },
    "listening: close stops accepting, and open connections stay",
    "It did not come to the end of close()",
  ],
  "throws in unref after close": [
    {
      listener: (right) => {
        let isClosed = false;
        return {
          close: () => (isClosed = true, right.close()),
          unref: () => {
            if (isClosed) throw new Error("closed");
          },
        };
      },
    },
    "listening: backlog, ref and unref are taken at any time",
    "closed",
  ],
  "resolves dial before open": [
    {
      adapter: (right) => ({
        dial: (address, open) => (right.dial(address, open), Promise.resolve()),
      }),
    },
    "dialling: both ends of a connection to an own listener tell the same addresses",
    "the calls of open before dial resolved: expected 1, got 0",
  ],
  "names no address that cannot be dialled": [
    {
      adapter: (right) => ({
        dial: (...args) => right.dial(...args).catch(() => Promise.reject(new Error("refused"))),
      }),
    },
    "dialling: an address without a listener rejects, naming it",
    "the message does not name",
  ],
  "hides the cause of a failed connection": [
    {
      adapter: (right) => ({
        dial: (...args) =>
          right.dial(...args).catch((error: Error) => Promise.reject(new Error(error.message))),
      }),
    },
    "dialling: the error of a failed connection has a cause",
    "the error has no cause",
  ],
  "throws for a signal that is aborted": [
    {
      adapter: (right) => ({
        dial: (address, open, options) => {
          if (options?.signal?.aborted) throw options.signal.reason;
          return right.dial(address, open, options);
        },
      }),
    },
    "dialling: after an abort, open is not called and no connection is left",
    "It did not come to the end of dial(): the call threw",
  ],
  "ignores the signal of a dial": [
    { adapter: (right) => ({ dial: (address, open) => right.dial(address, open) }) },
    "dialling: after an abort, open is not called and no connection is left",
    "",
  ],
  "closes a connection whose signal is aborted later": [
    {
      adapter: (right) => ({
        dial: (address, open, { signal } = {}) =>
          right.dial(address, (socket) => {
            signal?.addEventListener("abort", () => socket.destroy());
            return open(socket);
          }),
      }),
    },
    "dialling: an abort after open changes nothing",
    "It did not come to the bytes at the handler",
  ],
  "defers turns to microtasks": [
    withClock(() => ({ defer: (turn) => void Promise.resolve().then(turn) })),
    "clock: the network is polled while turns follow directly",
    "",
  ],
  "runs deferred turns in the opposite order": [
    withClock((right) => {
      const turns: (() => void)[] = [];
      return {
        defer: (turn) => {
          turns.push(turn);
          right.defer(() => turns.pop()?.());
        },
      };
    }),
    "clock: turns are deferred, in order",
    'got ["now","second","first"]',
  ],
  "runs a turn at once that is due soon": [
    withClock(() => ({ soon: (turn) => turn() })),
    "clock: soon runs a turn once, in a microtask",
    'expected ["now","soon"], got ["soon","now"]',
  ],
  "defers a turn that is due soon": [
    withClock((right) => ({ soon: (turn) => right.defer(turn) })),
    "clock: soon runs a turn once, in a microtask",
    'expected ["now","soon"], got ["now"]',
  ],
  "runs a turn twice that is due soon": [
    withClock((right) => ({
      soon: (turn) => (void Promise.resolve().then(turn), right.defer(turn)),
    })),
    "clock: soon runs a turn once, in a microtask",
    'got ["now","soon","soon"]',
  ],
  "tells seconds": [
    withClock((right) => ({ now: () => right.now() / 1000 })),
    "clock: now tells milliseconds, and never goes back",
    "for a wait of ",
  ],
  "goes back in time": [
    withClock((right) => {
      let calls = 0;
      return { now: () => right.now() - 500 * (++calls % 2) };
    }),
    "clock: now tells milliseconds, and never goes back",
    "now() went back",
  ],
  "runs timers too early": [
    withClock((right) => ({ setTimer: (delay, turn) => right.setTimer(delay / 2, turn) })),
    "clock: a timer does not run before its time",
    "a timer of 40 ms ran after 20",
  ],
  "runs no timer without a delay": [
    withClock((right) => ({
      setTimer: (delay, turn) => delay === 0 ? () => {} : right.setTimer(delay, turn),
    })),
    "clock: timers of any delay run once, unless they are cancelled",
    "It did not come to a timer of 0 ms",
  ],
  "throws when a timer is cancelled too late": [
    withClock((right) => ({
      setTimer: (delay, turn) => {
        let hasRun = false;
        const cancel = right.setTimer(delay, () => (hasRun = true, turn()));
        return () => {
          if (hasRun) throw new Error("too late");
          cancel();
        };
      },
    })),
    "clock: timers of any delay run once, unless they are cancelled",
    "too late",
  ],
  "runs cancelled timers": [
    withClock((right) => ({
      setTimer: (delay, turn) => (right.setTimer(delay, turn), () => {}),
    })),
    "clock: timers of any delay run once, unless they are cancelled",
    "the cancelled timer",
  ],
  "runs long timers at once": [
    withClock((right) => ({
      setTimer: (delay, turn) => right.setTimer(delay > 2 ** 31 - 1 ? 1 : delay, turn),
    })),
    "clock: timers of any delay run once, unless they are cancelled",
    "the timer of 2147483648 ms",
  ],
  "does not know its machine": [
    { adapter: () => ({ hostName: () => "" }) },
    "facts: hostName tells the name of the machine",
    'hostName() returned ""',
  ],
  "decodes windows-1252": [
    {
      adapter: (right) => ({
        latin1: (bytes, start, end) => right.latin1(bytes, start, end).replaceAll("\x80", "\u20ac"),
      }),
    },
    "facts: latin1 decodes bytes of any length, from any offset",
    "",
  ],
  "compares only the beginning": [
    {
      adapter: () => ({
        equals: (one, from, other) => one[from] === other[0],
      }),
    },
    "facts: equals compares any range of bytes",
    "equals of 0 bytes: expected true, got false",
  ],
};

/** The checks, the mutants and their network are the same plain JavaScript on each runtime. */
const skip = "Deno" in globalThis || "Bun" in globalThis ? "runs on Node" : false;

for (const [index, [mutant, [mutation, name, fault]]] of Object.entries(MUTANTS).entries()) {
  if (!isMine(index)) continue;
  test(`the contract catches an adapter that ${mutant}`, { skip }, async () => {
    const check = checksOf(mutation).find((one) => one.name === name);
    assert(check !== undefined, `no check is named ${name}`);
    const error = await assertRejects(() => check.run(), BrokenPromise);
    assertStringIncludes(error.message, fault);
    assertEquals([error.check, error.promise], [name, check.promise]);
  });
}

test("the correct adapter passes each check that catches a mutant", { skip }, async () => {
  const names = new Set(Object.values(MUTANTS).map(([, name]) => name));
  for (const check of checksOf({})) if (names.has(check.name)) await check.run();
});

/** Holds each write of 13 bytes back until the next write. */
function reordering(right: Socket): Socket["write"] {
  let held: Uint8Array | string | undefined;
  return (bytes) => {
    if (held === undefined && bytes.length === 13) return (held = bytes).length > 0;
    const hasRoom = right.write(bytes);
    if (held !== undefined) right.write(held);
    held = undefined;
    return hasRoom;
  };
}

function shortened(right: Socket): Socket["write"] {
  let count = 0;
  return (bytes) => {
    count += bytes.length;
    return right.write(count === 24 * 1024 * 1024 ? bytes.slice(0, -1) : bytes);
  };
}

function once(act: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) act();
    isDone = true;
  };
}

/** Holds an end back until reading is resumed. */
function holdingEnd(): Mutation {
  let isPaused = false;
  return {
    socket: (right) => ({
      pauseReading: () => (isPaused = true, right.pauseReading()),
    }),
    handler: (right) => ({
      onData: (bytes) => isPaused ? undefined : right.onData(bytes),
      onEnd: () => isPaused ? undefined : right.onEnd(),
    }),
  };
}

/** Returns `false` from each write after the close. */
function closedWrites(): Mutation {
  let isClosed = false;
  return {
    socket: (right) => ({ write: (bytes) => !isClosed && right.write(bytes) }),
    handler: (right) => ({ onClose: (error) => (isClosed = true, right.onClose(error)) }),
  };
}

/** Gives no news of an end, or of a reset, while reading is paused. */
function deafWhilePaused(event: "onEnd" | "onClose"): Mutation {
  let isPaused = false;
  return {
    socket: (right) => ({ pauseReading: () => (isPaused = true, right.pauseReading()) }),
    handler: (right) => ({
      [event]: (error?: Error) =>
        isPaused && (event === "onEnd" || error) ? undefined : right[event](error),
    }),
  };
}

/** Gives no error to `onClose` once a pause has begun, or a write has returned `false`. */
function withoutErrorAfter(moment: "pauseReading" | "write"): Mutation {
  let isOver = false;
  return {
    socket: (right) =>
      moment === "write"
        ? { write: (bytes) => !(isOver = !right.write(bytes)) }
        : { pauseReading: () => (isOver = true, right.pauseReading()) },
    handler: (right) => ({ onClose: (error) => right.onClose(isOver ? undefined : error) }),
  };
}

/** Delivers the bytes that a pause has held back before it closes. */
function flushingAtDestroy(): Mutation {
  const held: Uint8Array[] = [];
  let isPaused = false;
  let flush = () => {};
  return {
    socket: (right) => ({
      pauseReading: () => void (isPaused = true),
      destroy: () =>
        void Promise.resolve().then(() => {
          flush();
          right.destroy();
        }),
    }),
    handler: (right) => {
      flush = () => held.splice(0).forEach((bytes) => right.onData(bytes));
      return { onData: (bytes) => isPaused ? void held.push(bytes.slice()) : right.onData(bytes) };
    },
  };
}

/** Calls a method of all connections when it is called on one of them. */
function forAll(method: "pauseReading" | "destroy"): Mutation {
  const all: Socket[] = [];
  return {
    socket: (right) => (all.push(right), { [method]: () => all.forEach((one) => one[method]()) }),
  };
}

/** Keeps the writes of all connections back while one of them is stalled. */
function oneQueue(): Mutation {
  let stalled: Socket | undefined;
  return {
    socket: (right) => ({
      write: (bytes) => {
        if (stalled !== undefined && stalled !== right) return true;
        const hasRoom = right.write(bytes);
        stalled = hasRoom ? undefined : right;
        return hasRoom;
      },
    }),
    handler: (right, socket) => ({
      onDrain: () => {
        if (stalled === socket) stalled = undefined;
        right.onDrain();
      },
    }),
  };
}

/** Gives the bytes of all connections to the handler of the last one. */
function lastHandler(): Mutation {
  let last: SocketHandler | undefined;
  return {
    handler: (right) => {
      last = right;
      return { onData: (bytes) => last?.onData(bytes) };
    },
  };
}

/** Differs while `accept` runs. */
function inAccept(
  wrong: (right: Socket, isAccepting: () => boolean) => Partial<Socket>,
): Mutation {
  let isAccepting = false;
  return {
    socket: (right) => {
      isAccepting = true;
      return wrong(right, () => isAccepting);
    },
    handler: () => {
      isAccepting = false;
      return {};
    },
  };
}

/** Has a clock with other members. */
function withClock(wrong: (right: Clock) => Partial<Clock>): Mutation {
  return {
    adapter: ({ clock }) => ({
      clock: {
        now: () => clock.now(),
        defer: (turn) => clock.defer(turn),
        setTimer: (delay, turn) => clock.setTimer(delay, turn),
        ...wrong(clock),
      },
    }),
  };
}
