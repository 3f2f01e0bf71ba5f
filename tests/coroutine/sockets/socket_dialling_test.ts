/** `Connect` over TCP, with the adapter of the runtime that runs the test. */

import { test } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import {
  Accept,
  Acceptor,
  Connect,
  type Listener,
  OperationTimeout,
  race,
  Recv,
  RecvAll,
  runtimeAdapter,
  Scheduler,
  SendAll,
  Sleep,
  type SocketStream,
  type Task,
} from "../../../mod.ts";
import type { Dial } from "../../../src/coroutine/mod.ts";
import type { ListenAddress } from "../../../src/socket/mod.ts";
import type { DiallingAdapter } from "../../../adapters/node.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** A listener of the runtime, and the function that dials it. */
async function place(): Promise<{
  readonly scheduler: Scheduler;
  readonly acceptor: Acceptor;
  readonly listener: Listener;
  readonly address: ListenAddress;
  readonly adapter: DiallingAdapter;
}> {
  const adapter = await runtimeAdapter();
  const scheduler = new Scheduler({ clock: adapter.clock, onError() {} });
  const acceptor = new Acceptor();
  const listener = await adapter.listen(LOOPBACK, {}, acceptor.accept);
  return { scheduler, acceptor, listener, address: listener.address, adapter };
}

/** Waits for a connection, and for its end without a byte. */
function* acceptNothing(acceptor: Acceptor) {
  const stream = yield* Accept(acceptor, { timeout: 5 });
  try {
    return (yield* Recv(stream, 1, { timeout: 5 })).length;
  } catch {
    return 0; // a reset is an end, too
  } finally {
    stream.destroy();
  }
}

test("Connect reaches a listener, and megabytes arrive in order in both directions", async () => {
  const { scheduler, acceptor, listener, address, adapter } = await place();
  const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 31 + (at >> 8));
  scheduler.add(function* echo() {
    const stream = yield* Accept(acceptor);
    for (;;) {
      const some = yield* Recv(stream);
      if (some.length === 0) return stream.endWrite();
      yield* SendAll(stream, some);
    }
  });
  function* send(stream: SocketStream) {
    yield* SendAll(stream, bytes);
    stream.endWrite();
  }
  const task = scheduler.add(function* () {
    const stream = yield* Connect((open) => adapter.dial(address, open), { timeout: 5 });
    scheduler.add(send, stream);
    const echoed = yield* RecvAll(stream, bytes.length, { timeout: 10 });
    return [echoed.every((byte, at) => byte === bytes[at]), (yield* Recv(stream)).length];
  });
  await scheduler.run();
  assertEquals(task.result, [true, 0]);
  await listener.close();
});

test("Connect throws the reason why a peer cannot be reached", async () => {
  const { scheduler, listener, address, adapter } = await place();
  await listener.close();
  const task = scheduler.add(function* () {
    yield* Connect((open) => adapter.dial(address, open));
  });
  await scheduler.run();
  assertInstanceOf(task.error, Error);
  assert("port" in address);
  assertStringIncludes(task.error.message, `Cannot connect to 127.0.0.1:${address.port}: `);
});

test("a Connect that is cancelled leaves no connection behind", async () => {
  const { scheduler, acceptor, listener, address, adapter } = await place();
  const dials: Dial[] = [
    (open) => adapter.dial(address, open),
    (open, signal) => adapter.dial(address, open, { signal }),
  ];
  for (const dial of dials) {
    let opened = 0;
    // The cancellation is a microtask: no event of a socket can come before it.
    const counting: Dial = (open, signal) => {
      queueMicrotask(() => task.cancel());
      return dial((socket) => {
        opened++;
        return open(socket);
      }, signal);
    };
    const task: Task<void> = scheduler.add(function* () {
      yield* Connect(counting);
    });
    // The system decides whether the peer has seen the connection before its end.
    const accepted = scheduler.add(function* () {
      return yield* race([Accept(acceptor), Sleep(0.1)]);
    });
    await scheduler.run();
    assertEquals(task.state, "cancelled");
    if (dial === dials[1]) assertEquals(opened, 0);
    const { result } = accepted;
    if (result === undefined) continue;
    const end = scheduler.add(function* () {
      return (yield* Recv(result, 1, { timeout: 5 })).length;
    });
    await scheduler.run();
    assert(end.result === 0 || !(end.error instanceof OperationTimeout), String(end.error));
    result.destroy();
  }
  await listener.close();
});

test("a connection that opens after the timeout is closed", async () => {
  const { scheduler, acceptor, listener, address, adapter } = await place();
  let aborted: unknown;
  let dialled: Promise<void> | undefined;
  const late: Dial = (open, signal) => {
    signal.addEventListener("abort", () => {
      aborted = signal.reason;
      dialled = adapter.dial(address, open);
    });
  };
  const task = scheduler.add(function* () {
    yield* Connect(late, { timeout: 0.01 });
  });
  const accepted = scheduler.add(acceptNothing, acceptor);
  await scheduler.run();
  await dialled;
  assertInstanceOf(task.error, OperationTimeout);
  assertInstanceOf(aborted, Error);
  assertEquals([accepted.result, accepted.error], [0, undefined]);
  await listener.close();
});

test("both ends know their addresses", async () => {
  const { scheduler, acceptor, listener, address, adapter } = await place();
  const accepted = scheduler.add(function* () {
    const stream = yield* Accept(acceptor);
    stream.endWrite();
    yield* Recv(stream);
    return stream;
  });
  const dialled = scheduler.add(function* () {
    const stream = yield* Connect((open) => adapter.dial(address, open));
    stream.endWrite();
    yield* Recv(stream);
    return stream;
  });
  await scheduler.run();
  assertEquals(accepted.result?.local, address);
  assertEquals(dialled.result?.remote, address);
  assert(accepted.result?.remote !== undefined);
  assertEquals(accepted.result.remote, dialled.result?.local);
  await listener.close();
});
