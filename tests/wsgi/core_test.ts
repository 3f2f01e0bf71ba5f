/** `environ.cogen.core`: each call of each module plans its operation, gives `""`, and has its result. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  Acceptor,
  ConnectionClosed,
  type Operation,
  priority,
  PublishSubscribeQueue,
  Queue,
  Signal,
  type SocketStream,
} from "../../src/coroutine/mod.ts";
import { passThrough } from "../../src/middleware/mod.ts";
import type { Core, Environ, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, type Serving, serving } from "../support/serving.ts";

type Call = readonly [
  name: string,
  call: (core: Core, earlier: readonly unknown[]) => "",
  expected: unknown,
];

/** The results of `calls` in one request, behind a middleware; streams and errors by their names. */
async function resultsOf(calls: readonly Call[], app?: (stage: Serving) => void) {
  const results: unknown[] = [];
  const inner: WSGIApp = function* (environ: Environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    const { cogen } = environ;
    for (const [name, call] of calls) {
      const block = call(cogen.core, results);
      assertEquals([name, block, cogen.operation !== undefined], [name, "", true]);
      yield block;
      results.push(cogen.result);
    }
    yield "done";
  };
  const stage = await serving((environ, startResponse) =>
    passThrough(() => inner(environ, startResponse), environ.cogen, {})
  );
  app?.(stage);
  const client = stage.ask(get("/"));
  for (let i = 0; i < 12; i++) await stage.settle(500);
  assertEquals(client.response().body, "done", stage.takeLog().join("\n"));
  await stage.finish();
  return results;
}

function check(calls: readonly Call[], results: readonly unknown[]): void {
  const shown = results.map((result) => {
    if (result instanceof Uint8Array) return new TextDecoder().decode(result);
    if (Array.isArray(result) && result[0] instanceof Uint8Array) {
      return result.map((line) => new TextDecoder().decode(line));
    }
    return result instanceof Error ? result.name : result;
  });
  calls.forEach(([name, , expected], i) => {
    if (expected !== ANY) assertEquals([name, shown[i]], [name, expected]);
  });
}

const ANY = Symbol("any value");

test("core.queue plans put, get and join", async () => {
  const queue = new Queue<string>(1);
  const calls: Call[] = [
    ["put", ({ queue: queues }) => queues.put(queue, "a"), undefined],
    [
      "put to a full queue",
      (core) => core.queue.put(queue, "b", { timeout: 1 }),
      "OperationTimeout",
    ],
    ["get", (core) => core.queue.get(queue), "a"],
    ["get of an empty queue", (core) => core.queue.get(queue, { timeout: 1 }), "OperationTimeout"],
    ["join", (core) => core.queue.join(queue, { timeout: 1 }), "OperationTimeout"],
    ["join of a done queue", (core) => (queue.taskDone(), core.queue.join(queue)), undefined],
  ];
  check(calls, await resultsOf(calls));
  assertEquals(queue.waiting, 0);
});

test("core.pubsub plans publish, subscribe, fetch and unsubscribe", async () => {
  const news = new PublishSubscribeQueue<string>();
  const calls: Call[] = [
    ["fetch before", (core) => core.pubsub.fetch(news), "NotSubscribed"],
    ["subscribe", ({ pubsub }) => pubsub.subscribe(news), undefined],
    ["subscribe a key", (core) => core.pubsub.subscribe(news, "key"), undefined],
    ["publish", (core) => core.pubsub.publish(news, "a"), 0],
    ["publish again", (core) => core.pubsub.publish(news, "b"), 1],
    ["fetch", (core) => core.pubsub.fetch(news), ["a", "b"]],
    ["fetch by a key", (core) => core.pubsub.fetch(news, "key"), ["a", "b"]],
    ["fetch nothing", (core) => core.pubsub.fetch(news, "key", { timeout: 1 }), "OperationTimeout"],
    ["unsubscribe a key", (core) => core.pubsub.unsubscribe(news, "key"), true],
    ["unsubscribe", (core) => core.pubsub.unsubscribe(news), true],
    ["unsubscribe again", (core) => core.pubsub.unsubscribe(news), false],
  ];
  check(calls, await resultsOf(calls));
  assertEquals([news.subscribers, news.waiting], [0, 0]);
});

test("core.sockets plans all operations of sockets", async () => {
  const acceptor = new Acceptor();
  const address = { host: "127.0.0.1", port: 7 };
  let connect: (open: Parameters<Serving["network"]["connect"]>[1]) => void = () => {};
  const [CONNECTED, ACCEPTED] = [1, 2];
  const mine = (earlier: readonly unknown[]) => earlier[CONNECTED] as SocketStream;
  const peers = (earlier: readonly unknown[]) => earlier[ACCEPTED] as SocketStream;
  const calls: Call[] = [
    ["Accept", ({ sockets }) => sockets.Accept(acceptor, { timeout: 1 }), "OperationTimeout"],
    ["Connect", (core) => core.sockets.Connect((open) => connect(open)), ANY],
    ["Accept", (core) => core.sockets.Accept(acceptor), ANY],
    ["Send", ({ sockets }, e) => sockets.Send(mine(e), "ab\ncdefg"), undefined],
    ["readline", ({ sockets }, e) => sockets.readline(peers(e)), "ab\n"],
    ["Recv", ({ sockets }, e) => sockets.Recv(peers(e), 2), "cd"],
    ["RecvAll", ({ sockets }, e) => sockets.RecvAll(peers(e), 3), "efg"],
    ["Recv", ({ sockets }, e) => sockets.Recv(peers(e), 1, { timeout: 1 }), "OperationTimeout"],
    ["SendAll", ({ sockets }, e) => sockets.SendAll(mine(e), "1\n2\n"), undefined],
    ["readlines", ({ sockets }, e) => (mine(e).endWrite(), sockets.readlines(peers(e))), [
      "1\n",
      "2\n",
    ]],
    ["Recv at the end", ({ sockets }, e) => sockets.Recv(peers(e)), ""],
    ["RecvAll at the end", ({ sockets }, e) => sockets.RecvAll(peers(e), 1), "ConnectionClosed"],
  ];
  const results = await resultsOf(calls, ({ network }) => {
    void network.adapter.listen(address, {}, acceptor.accept);
    connect = (open) => network.connect(address, open);
  });
  check(calls, results);
  assertEquals(results.at(-1) instanceof ConnectionClosed, true);
  for (const stream of [mine(results), peers(results)]) stream.destroy();
});

test("core.util has the priorities, and plans an operation with one", async () => {
  const signal: Operation<number> = Signal("without a waiter");
  const calls: Call[] = [
    ["withPriority", ({ util }) => util.withPriority(signal, util.priority.OP), 0],
    [
      "events with a priority",
      ({ events, util }) => events.Signal("abc", 1, { priority: util.priority.FIRST }),
      0,
    ],
  ];
  check(calls, await resultsOf(calls));
  assertEquals(priority.CORO, 1);
});

test("a module of core is made once, and only its first use makes it", async () => {
  const stage = await serving((environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    const { core } = environ.cogen;
    const names = ["events", "sockets", "queue", "pubsub", "util"] as const;
    return [
      String(names.every((name) => core[name] === core[name] && core === environ.cogen.core)),
    ];
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "true");
  await stage.finish();
});
