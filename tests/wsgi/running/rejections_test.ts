/**
 * Rejected promises of apps: whenever the engine meets one, the process lives, the request ends and the
 * log has the error once.
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import type { AppIterable, Block, WSGIApp } from "../../../src/wsgi/mod.ts";
import {
  accessLog,
  errorPage,
  lazyStartResponse,
  passThrough,
} from "../../../src/middleware/mod.ts";
import { ManualClock, Sleep } from "../../../src/coroutine/mod.ts";
import { get, type Serving, serving, type TestClient } from "../../support/serving.ts";

/** A turn comes a turn of the host's event loop later, as it does with a runtime's own clock. */
class HostTurnClock extends ManualClock {
  isLate = false;

  override defer(turn: () => void): void {
    if (this.isLate) setImmediate(() => super.defer(turn));
    else super.defer(turn);
  }
}

/** Serves an app to one client, which sends its request when turns have become late. */
async function late(app: WSGIApp): Promise<{ stage: Serving; client: TestClient }> {
  const clock = new HostTurnClock();
  const stage = await serving(app, { window: 1024, clock });
  const client = stage.connect();
  client.pause();
  clock.isLate = true;
  client.send(get("/", "Connection: close"));
  for (let round = 0; round < 5; round++) await stage.settle(100);
  return { stage, client };
}

const FAULT = "rejected by the app";
const LARGE = "x".repeat(20_000);

const reject = () => Promise.reject(new Error(FAULT));

type Start = Parameters<WSGIApp>[1];

function ok(startResponse: Start): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

/** An async iterator made by hand: its steps are what the list gives. */
function iteratorOf(
  steps: readonly (() => unknown)[],
  onReturn: () => unknown = () => Promise.resolve({ done: true, value: undefined }),
): AppIterable {
  const rest = [...steps];
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => (rest.shift() ?? (() => Promise.resolve({ done: true, value: undefined })))(),
      return: onReturn,
    }),
  } as unknown as AppIterable;
}

const block = (value: unknown) => () => Promise.resolve({ done: false, value });

/** Where an app's promise is rejected; each is the app's one error. */
const APPS: Readonly<Record<string, WSGIApp>> = {
  "close() of an iterable that waits between blocks": (environ, startResponse) => {
    ok(startResponse);
    return {
      *[Symbol.iterator]() {
        yield "a";
        yield environ.cogen.core.events.Sleep(0.05);
        yield "b";
      },
      close: reject,
    } as unknown as AppIterable;
  },
  "close() of an iterable that does not wait": (_environ, startResponse) => {
    ok(startResponse);
    return {
      *[Symbol.iterator]() {
        yield "a";
      },
      close: reject,
    } as unknown as AppIterable;
  },
  "close() of an array": (_environ, startResponse) => {
    ok(startResponse);
    return Object.assign(["a"], { close: reject }) as unknown as AppIterable;
  },
  "the app itself": reject as unknown as WSGIApp,
  "the first step": (_environ, startResponse) => {
    ok(startResponse);
    return iteratorOf([reject]);
  },
  "a step behind a full window": (_environ, startResponse) => {
    ok(startResponse);
    return iteratorOf([block(LARGE), block(LARGE), reject]);
  },
  "the first step of an iterator that is sync at first": (_environ, startResponse) => {
    ok(startResponse);
    return iteratorOf([
      () => ({ done: false, value: LARGE }),
      () => ({ done: false, value: LARGE }),
      reject,
    ]);
  },
  "a promise as the value of an async iterator's step": (_environ, startResponse) => {
    ok(startResponse);
    return iteratorOf([block(LARGE), () => Promise.resolve({ done: false, value: reject() })]);
  },
  "a promise that a generator yields": function* (_environ, startResponse) {
    ok(startResponse);
    yield LARGE;
    yield reject();
  },
  "a coroutine that is an async function": function* (environ, startResponse) {
    ok(startResponse);
    environ.cogen.scheduler.add(reject);
    yield "block";
  },
};

const STACKS: Readonly<Record<string, (app: WSGIApp) => WSGIApp>> = {
  "alone": (app) => app,
  "behind passThrough": (app) => (environ, startResponse) =>
    passThrough(() => app(environ, startResponse), environ.cogen, {
      *block(block: Block) {
        yield block;
      },
    }),
  "behind accessLog": (app) => accessLog(app, () => {}),
  "behind lazyStartResponse": (app) => lazyStartResponse(app),
  "behind errorPage": (app) =>
    errorPage(app, () => ({ status: "500 Internal Server Error", headers: [], body: "sorry" })),
};

for (const [stack, around] of Object.entries(STACKS)) {
  for (const [where, app] of Object.entries(APPS)) {
    test(`survives a rejection of ${where}, ${stack}`, async () => {
      const { stage, client } = await late(around(app));
      client.resume();
      for (let round = 0; round < 50; round++) await stage.settle(100);
      assertEquals(stage.server.stats().activeRequests, 0);
      const log = stage.takeLog();
      assertEquals(log.length, 1, log.join("\n"));
      assertStringIncludes(log[0] as string, FAULT);
      await stage.finish();
    });
  }
}

/** Where a promise is rejected once the client has left. */
const LEFT: Readonly<Record<string, WSGIApp>> = {
  "return() of an iterator": (_environ, startResponse) => {
    ok(startResponse);
    return iteratorOf(Array.from({ length: 9 }, () => block(LARGE)), reject);
  },
  "an async generator's finally": async function* (_environ, startResponse) {
    ok(startResponse);
    try {
      for (;;) yield LARGE;
    } finally {
      await reject();
    }
  },
  "close() of a stream": (environ, startResponse) => {
    ok(startResponse);
    return {
      async *[Symbol.asyncIterator]() {
        for (;;) {
          yield LARGE;
          await environ.cogen.run(Sleep(1));
        }
      },
      close: reject,
    } as unknown as AppIterable;
  },
  "return() of an iterable that came too late": (environ, startResponse) => {
    ok(startResponse);
    return new Promise<AppIterable>((resolve) => {
      environ.cogen.signal.addEventListener("abort", () => resolve(iteratorOf([], reject)));
    });
  },
  "a promise of an iterable, late": (environ, startResponse) => {
    ok(startResponse);
    return new Promise<AppIterable>((_resolve, fail) => {
      environ.cogen.signal.addEventListener("abort", () => fail(new Error(FAULT)));
    });
  },
};

for (const [stack, around] of Object.entries(STACKS)) {
  for (const [where, app] of Object.entries(LEFT)) {
    test(`survives a rejection of ${where} after the client has left, ${stack}`, async () => {
      const { stage, client } = await late(around(app));
      client.destroy();
      for (let round = 0; round < 30; round++) await stage.settle(100);
      assertEquals(stage.server.stats().activeRequests, 0);
      const log = stage.takeLog();
      assertEquals(log.length, 1, log.join("\n"));
      assertStringIncludes(log[0] as string, FAULT);
      await stage.finish();
    });
  }
}

for (const [form, blocks] of [["an array", () => [reject()]], ["what a generator returns", end]]) {
  test(`refuses a promise as a block, in ${form}`, async () => {
    const stage = await serving(
      ((_environ: unknown, startResponse: Start) => {
        ok(startResponse);
        return (blocks as () => unknown)();
      }) as WSGIApp,
      { clock: new HostTurnClock() },
    );
    stage.ask(get("/"));
    await stage.settle(100);
    const log = stage.takeLog();
    assertEquals(log.length, 1, log.join("\n"));
    assertStringIncludes(log[0] as string, "Cannot send a Promise as a block");
    await stage.finish();
  });
}

test("survives a rejection of a promise that an async generator plans", async () => {
  const { stage, client } = await late(async function* (environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.core.events.until(reject());
    yield String(environ.cogen.exception);
  });
  client.resume();
  for (let round = 0; round < 5; round++) await stage.settle(100);
  assertStringIncludes(client.received(), FAULT);
  await stage.finish();
});

function* end(): Generator<never, unknown> {
  return reject();
}
