/** `Accept` and `Connect` over the memory network; `socket_dialling_test.ts` has them over TCP. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../../adapters/memory.ts";
import {
  Accept,
  Acceptor,
  type ByteSocket,
  Connect,
  OperationTimeout,
  QueueClosed,
  readline,
  readlines,
  Recv,
  Send,
  SendAll,
  type SocketStream,
} from "../../../src/coroutine/mod.ts";
import { stage } from "../../support/scheduling.ts";
import { text } from "./stream_stage.ts";

test("connections are accepted in order; closing the acceptor closes those that were not accepted", async () => {
  const theatre = stage();
  const { clock, scheduler, run } = theatre;
  const network = memoryNetwork({ clock });
  const address = { host: "127.0.0.1", port: 7 };
  const acceptor = new Acceptor();
  await network.adapter.listen(address, {}, acceptor.accept);
  const dial = (open: Parameters<typeof network.connect>[1]) => network.connect(address, open);
  const clients = [1, 2].map(() =>
    scheduler.add(function* () {
      return yield* Connect(dial);
    })
  );
  const server = scheduler.add(function* () {
    const stream = yield* Accept(acceptor, { timeout: 1 });
    yield* SendAll(stream, yield* readline(stream));
    stream.endWrite();
    yield* Recv(stream);
    stream.destroy();
  });
  run();
  const client = scheduler.add(function* () {
    const stream = clients[0]?.result as SocketStream;
    yield* Send(stream, "hello\n");
    const lines = yield* readlines(stream);
    stream.endWrite();
    return lines.map(text);
  });
  run();
  assertEquals(client.result, ["hello\n"]);
  acceptor.close();
  const late = scheduler.add(function* () {
    return yield* Accept(acceptor);
  });
  run();
  assertEquals([server.state, clients[1]?.result?.closed], ["returned", true]);
  assertInstanceOf(late.error, QueueClosed);
  theatre.assertEmpty();
});

test("Connect throws the error of its dial function, and closes a connection that opens too late", async () => {
  const { scheduler, clock, run } = stage();
  const network = memoryNetwork({ clock });
  const nobody = scheduler.add(function* () {
    yield* Connect((open) => network.connect({ host: "127.0.0.1", port: 9 }, open));
  });
  const rejected = scheduler.add(function* () {
    yield* Connect(() => Promise.reject(new Error("unreachable")));
  });
  let open = (_: ByteSocket): unknown => undefined;
  const late = scheduler.add(function* () {
    yield* Connect((opens) => open = opens, { timeout: 1 });
  });
  run(1000);
  let destroyed = 0;
  const none = () => {};
  open({
    write: () => true,
    endWrite: none,
    destroy: () => destroyed++,
    pauseReading: none,
    resumeReading: none,
  });
  for (let tick = 0; tick < 5; tick++) await Promise.resolve();
  run();
  assertEquals(
    String(nobody.error),
    "Error: Cannot connect to 127.0.0.1:9: the connection is refused (ECONNREFUSED)",
  );
  assertEquals(String(rejected.error), "Error: unreachable");
  assertInstanceOf(late.error, OperationTimeout);
  assertEquals(destroyed, 1);
});
