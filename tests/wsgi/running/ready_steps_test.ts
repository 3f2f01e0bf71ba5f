/** Async apps in bursts: blocks that come without a wait go together, a block before a wait goes at once. */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { ManualClock, Scheduler, Sleep } from "../../../src/coroutine/mod.ts";
import { gather } from "../../../src/wsgi/running/ready_steps.ts";
import { type StartResponse, type WSGIApp, WSGIError } from "../../../src/wsgi/mod.ts";
import {
  get,
  requestText,
  type Serving,
  serving,
  type TestClient,
  WorkingClock,
} from "../../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

/** Lets the host's loop go on, as a runtime does: all promises that can, then a turn of the clock. */
async function turns(stage: Serving, count: number = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    stage.clock.turn();
  }
}

/** Serves one request to an app that ends soon. */
async function answer(
  app: WSGIApp,
  options: Parameters<typeof serving>[1] = {},
): Promise<TestClient> {
  const stage = await serving(app, options);
  const client = stage.connect().send(get("/"));
  await turns(stage, 50);
  await stage.finish();
  return client;
}

const settledly: Record<string, () => unknown> = {
  "does not wait": () => undefined,
  "awaits what is there": () => Promise.resolve(),
  "awaits async functions that await": async () => {
    for (let depth = 0; depth < 10; depth++) await Promise.resolve();
  },
};

for (const [name, wait] of Object.entries(settledly)) {
  test(`two hundred blocks of an async app that ${name} cost one write`, async () => {
    const client = await answer(async function* (_environ, startResponse) {
      ok(startResponse);
      for (let i = 0; i < 200; i++) {
        await wait();
        yield `${i} `;
      }
    });
    assertEquals(client.pieces.length, 1);
    const { chunks, body } = client.response();
    assertEquals([chunks?.length, body.length], [200, 690]);
  });
}

test("blocks before each wait of an async app go together, before the wait ends", async () => {
  const stage = await serving(async function* (environ, startResponse) {
    ok(startResponse);
    for (let part = 0; part < 3; part++) {
      yield* ["a", "b", "c"];
      await environ.cogen.run(Sleep(1));
    }
  });
  const client = stage.connect().send(get("/"));
  for (let writes = 1; writes <= 3; writes++) {
    await turns(stage);
    assertEquals([client.pieces.length, client.response().body], [writes, "abc".repeat(writes)]);
    stage.run(1000);
  }
  await turns(stage);
  assertEquals(client.response().complete, true);
  await stage.finish();
});

test("a block before a wait for ever goes in the host's next turn", async () => {
  const stage = await serving(async function* (_environ, startResponse) {
    ok(startResponse);
    yield "first";
    await new Promise(() => {});
  });
  const client = stage.connect().send(get("/"));
  await turns(stage, 4);
  assertEquals(client.response().chunks, ["first"]);
  client.destroy();
  await stage.settle();
  // Its generator never comes to an end: it is given up.
  await stage.settle(60_000);
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

test("with a burst of 0 each block of an async app is handed over before it goes on", async () => {
  const client = await answer(async function* (_environ, startResponse) {
    ok(startResponse);
    yield* ["one", "two", "three"];
  }, { burst: 0 });
  assertEquals(client.response().chunks, ["one", "two", "three"]);
  assert(client.pieces.length >= 3, `${client.pieces.length} writes`);
});

test("an async app that computes for longer than a burst shows its blocks meanwhile", async () => {
  const clock = new WorkingClock();
  const { pieces } = await answer(async function* (_environ, startResponse) {
    ok(startResponse);
    for (let i = 0; i < 10; i++) {
      clock.work(0.5);
      yield String(i);
    }
  }, { clock, burst: 0.001 });
  assert(pieces.length > 3 && pieces.length < 10, `${pieces.length} writes`);
});

test("64 KB of an async app are handed over though the burst is not over", async () => {
  let made = 0;
  const stage = await serving(async function* (_environ, startResponse) {
    ok(startResponse);
    for (; made < 100; made++) yield "é".repeat(4000);
  });
  const client = stage.connect();
  client.pause();
  client.send(get("/"));
  await turns(stage, 30);
  assert(made * 8000 < 400_000, `${made} blocks for a client that does not read`);
  client.resume();
  await turns(stage, 60);
  assertEquals(client.response().body.length, 800_000);
  await stage.finish();
});

test("a block that is refused is an error where an async app yields it", async () => {
  const client = await answer(async function* (_environ, startResponse) {
    try {
      yield "too early";
    } catch (error) {
      ok(startResponse);
      yield String(error instanceof WSGIError);
    }
  });
  assertEquals(client.response().body, "true");
});

test("an async app that never waits ends when its client leaves, and lets others run", async () => {
  let ended = false;
  const clock = new WorkingClock();
  const stage = await serving(async function* (environ, startResponse) {
    ok(startResponse);
    if (environ.PATH_INFO === "/short") return "short";
    try {
      for (;; clock.work(0.1)) yield "x";
    } finally {
      ended = true;
    }
  }, { clock });
  const endless = stage.connect().send(get("/"));
  await turns(stage, 10);
  const short = stage.connect().send(get("/short"));
  await turns(stage);
  assertEquals([short.response().body, ended], ["short", false]);
  endless.destroy();
  await stage.settle();
  assertEquals(ended, true);
  await stage.finish();
});

test("an endless async stream is ended after its head if that is all that was asked for", async () => {
  let blocks = 0;
  const stage = await serving(async function* (_environ, startResponse) {
    startResponse("200 OK", [["Content-Length", "1000000"]]);
    for (;; blocks++) yield "x".repeat(100);
  });
  const client = stage.ask(requestText("HEAD", "/"));
  await stage.settle();
  assertEquals(client.response("HEAD").status, "200 OK");
  assert(blocks < 5, `${blocks} blocks`);
  await stage.finish();
});

test("an iterator whose thenables answer at once does not exhaust the stack", async () => {
  let left = 100_000;
  const instant = {
    [Symbol.asyncIterator]: () => ({
      next: () => ({
        then: (resolve: (step: unknown) => void) =>
          resolve(left-- > 0 ? { done: false, value: "x" } : { done: true, value: undefined }),
      }),
    }),
  };
  const client = await answer((_environ, startResponse) => {
    ok(startResponse);
    return instant as unknown as AsyncIterable<string>;
  });
  assertEquals(client.response().body.length, 100_000);
});

test("what fails while nothing is to be taken is an error of the wait", () => {
  const clock = new ManualClock();
  const waiting = gather(new Promise(() => {}), {
    take: (step) => step,
    wait() {
      throw new Error("cannot be handed over");
    },
    failedLate() {},
  });
  const task = new Scheduler({ clock, onError: () => {} }).add(function* () {
    yield* waiting;
  });
  clock.advance(0);
  assertEquals(String(task.error), "Error: cannot be handed over");
});
