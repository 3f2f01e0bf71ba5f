import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import {
  all,
  Call,
  type Coroutine,
  type Operation,
  OperationTimeout,
  race,
  Sleep,
  timeout,
} from "../../src/coroutine/mod.ts";
import { passThrough, validator } from "../../src/middleware/mod.ts";
import type { Environ, StartResponse, Waiting, WSGIApp } from "../../src/wsgi/mod.ts";
import { post, serving } from "../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

const text = (bytes: unknown) => new TextDecoder().decode(bytes as Uint8Array);

/** Uses of one read, each in an app of its own; each gives "abc". */
const USES: Readonly<Record<string, WSGIApp>> = {
  *"yield*"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ["wsgi.input"].read(3));
  },
  *"yield"(environ, startResponse) {
    ok(startResponse);
    const bytes: unknown = yield environ["wsgi.input"].read(3);
    yield text(bytes);
  },
  *"wait"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ.cogen.wait(environ["wsgi.input"].read(3)));
  },
  *"a deadline"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ["wsgi.input"].read(3, { timeout: 5 }));
  },
  *"race"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ.cogen.wait(race([environ["wsgi.input"].read(3), Sleep(9)])));
  },
  *"all"(environ, startResponse) {
    ok(startResponse);
    const [bytes] = yield* environ.cogen.wait(all([environ["wsgi.input"].read(3), Sleep(0)]));
    yield text(bytes);
  },
  *"timeout"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ.cogen.wait(timeout(environ["wsgi.input"].read(3), 5)));
  },
  *"a coroutine of Call"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ.cogen.wait(Call(readThree, environ)));
  },
  *"a coroutine of Call in a race"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* environ.cogen.wait(race([Call(readThree, environ), Sleep(9)])));
  },
  *"a nested generator"(environ, startResponse) {
    ok(startResponse);
    yield text(yield* readThree(environ));
  },
  *"cogen's call"(environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.call(readThree)(environ);
    yield text(environ.cogen.result);
  },
  async "run"(environ, startResponse) {
    ok(startResponse);
    return [text(await environ.cogen.run(environ["wsgi.input"].read(3)))];
  },
  async "run of a race"(environ, startResponse) {
    ok(startResponse);
    const read = race([environ["wsgi.input"].read(3), Sleep(9)]);
    return [text(await environ.cogen.run(read))];
  },
  async "run of a Call"(environ, startResponse) {
    ok(startResponse);
    return [text(await environ.cogen.run(Call(readThree, environ)))];
  },
  async *"yield* in an async generator"(environ, startResponse) {
    ok(startResponse);
    await Promise.resolve();
    yield text(yield* environ["wsgi.input"].read(3));
  },
};

function* readThree(environ: Environ): Waiting<Uint8Array> {
  const one = yield* environ["wsgi.input"].read(1);
  const two = yield* environ.cogen.wait(environ["wsgi.input"].read(2));
  return Uint8Array.of(...one, ...two);
}

const STACKS: Readonly<Record<string, (app: WSGIApp) => WSGIApp>> = {
  "no middleware": (app) => app,
  "passThrough": (app) => (environ, startResponse) =>
    passThrough(() => app(environ, startResponse), environ.cogen, {
      *wait() {
        yield* environ.cogen.wait(Sleep(0));
      },
    }),
  validator,
};

for (const [use, app] of Object.entries(USES)) {
  for (const [stack, wrap] of Object.entries(STACKS)) {
    for (const late of [false, true]) {
      test(`a read works with ${use}, behind ${stack}, ${late ? "late" : "at once"}`, async () => {
        const stage = await serving(wrap(app));
        const request = post("/", "abcdef");
        const client = stage.ask(late ? request.slice(0, -5) : request);
        for (let i = 0; i < 3; i++) await stage.settle();
        if (late) client.send(request.slice(-5));
        for (let i = 0; i < 9; i++) await stage.settle();
        assertEquals([client.response().body, stage.takeLog()], ["abc", []]);
        await stage.finish();
      });
    }
  }
}

test("reads that lose a race lose no bytes", async () => {
  const losers: ((environ: Environ) => Operation<unknown>)[] = [
    (environ) => environ["wsgi.input"].read(),
    (environ) => environ["wsgi.input"].readline(),
    (environ) => environ["wsgi.input"].readlines(),
    (environ) => environ["wsgi.input"].readlines(100),
  ];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    for (const loser of losers) yield* environ.cogen.wait(race([loser(environ), Sleep(1)]));
    try {
      yield* environ["wsgi.input"].readlines(100, { timeout: 1 });
    } catch (error) {
      if (!(error instanceof OperationTimeout)) throw error;
    }
    yield text(yield* environ["wsgi.input"].read(10));
  });
  const request = post("/", "one two three");
  const client = stage.ask(request.slice(0, -3));
  for (let i = 0; i < 12; i++) await stage.settle(500);
  assertEquals(stage.takeLog(), []);
  assertEquals(client.response().body, "one two th");
  client.send(request.slice(-3));
  await stage.finish();
});

test("an await of a read is an error that says what to write", async () => {
  const stage = await serving(async (environ, startResponse) => {
    ok(startResponse);
    // @ts-expect-error: an operation is no promise
    return [await environ["wsgi.input"].read()];
  });
  const client = stage.ask(post("/", "abc"));
  await stage.settle();
  assertEquals(client.response().status, "500 Internal Server Error");
  const log = stage.takeLog().join();
  assertStringIncludes(log, "OperationNotPerformed: wsgi.input.read was awaited");
  assertStringIncludes(log, "write `await environ.cogen.run(operation)`");
  await stage.finish();
});

/** Apps and middleware that lose an operation; the middleware gets the app's blocks. */
const LOSSES: Readonly<Record<string, WSGIApp>> = {
  *"a star too many, at the end"(environ, startResponse) {
    ok(startResponse);
    yield* environ.cogen.core.events.Sleep(1);
    yield "end";
  },
  *"a star too many, twice"(environ, startResponse) {
    ok(startResponse);
    yield* environ.cogen.core.events.Sleep(1);
    yield* environ.cogen.core.events.Sleep(1);
  },
  *"a star too many, and its result"(environ, startResponse) {
    ok(startResponse);
    yield* environ.cogen.core.events.Sleep(1);
    yield `${environ.cogen.result}`;
  },
  *"two plans for one yield"(environ, startResponse) {
    ok(startResponse);
    environ.cogen.core.events.Sleep(1);
    yield environ.cogen.core.events.Sleep(1);
  },
  *"two operations for one yield"(environ, startResponse) {
    ok(startResponse);
    environ.cogen.operation = Sleep(1);
    environ.cogen.operation = Sleep(2);
    yield "";
  },
  *"a plan that is returned"(environ, startResponse) {
    ok(startResponse);
    yield "block";
    return environ.cogen.core.events.Sleep(1);
  },
  "a plan in an array"(environ, startResponse) {
    ok(startResponse);
    return ["block", environ.cogen.core.events.Sleep(1)];
  },
  async "an await in cogen's style"(environ, startResponse) {
    ok(startResponse);
    await environ.cogen.core.events.Sleep(1);
    return ["block"];
  },
  *"a plan in another coroutine"(environ, startResponse) {
    ok(startResponse);
    yield environ.cogen.call(function* () {
      yield environ.cogen.core.events.Sleep(1);
    })();
    yield `${environ.cogen.result}`;
  },
  *"a middleware that drops"(environ, startResponse) {
    for (const block of waitApp(environ, startResponse)) if (block !== "") yield block;
  },
  "a middleware that buffers": (environ, startResponse) => [
    [...waitApp(environ, startResponse)].join(""),
  ],
};

function* waitApp(environ: Environ, startResponse: StartResponse): Generator<string> {
  ok(startResponse);
  yield "waiting";
  yield environ.cogen.core.events.Sleep(1);
  yield `signaled: ${environ.cogen.result}`;
}

for (const [loss, app] of Object.entries(LOSSES)) {
  test(`an operation is not performed: ${loss}`, async () => {
    const stage = await serving(app);
    const client = stage.ask(post("/", "abc"));
    for (let i = 0; i < 4; i++) await stage.settle(1000);
    const log = stage.takeLog();
    assertEquals(log.length, 1);
    assertStringIncludes(
      log.join(),
      "OperationNotPerformed: Sleep was planned and was not performed: write `yield`",
    );
    assertEquals(client.response().body.includes("signaled"), false);
    await stage.finish();
  });
}

test("an async app in cogen's style waits behind middleware that waits itself", async () => {
  const app: WSGIApp = async function* (environ, startResponse) {
    ok(startResponse);
    for (let n = 0; n < 3; n++) {
      yield environ.cogen.core.events.Call(double, n);
      await Promise.resolve();
      yield ` ${environ.cogen.result}`;
      await environ.cogen.run(Sleep(1));
    }
  };
  const slow = STACKS["passThrough"] as (app: WSGIApp) => WSGIApp;
  const stage = await serving(slow(slow(app)));
  const client = stage.ask(post("/", "abc"));
  for (let i = 0; i < 12; i++) await stage.settle(1000);
  assertEquals([client.response().body, stage.takeLog()], [" 0 2 4", []]);
  await stage.finish();
});

function* double(n: number): Coroutine<number> {
  yield* Sleep(0);
  return 2 * n;
}

test("wait and run refuse what is no operation", async () => {
  const seen: string[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    for (const given of ["", 5, undefined]) {
      for (const method of ["wait", "run"] as const) {
        try {
          environ.cogen[method](given as unknown as Operation<void>);
        } catch (error) {
          seen.push((error as Error).message.split(":")[0] as string);
        }
      }
    }
    yield "";
  });
  stage.ask(post("/", ""));
  assertEquals(seen, [
    "Cannot wait for the empty block of a call in cogen's style",
    "Cannot run the empty block of a call in cogen's style",
    "Cannot wait for 5",
    "Cannot run 5",
    "Cannot wait for undefined",
    "Cannot run undefined",
  ]);
  await stage.finish();
});
