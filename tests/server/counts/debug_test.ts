/** The warnings of the option `debug`: each with its name and its line, and none without the option. */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { AddCoro, Join, race, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { Mistakes } from "../../../src/coroutine/kernel/mistakes.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, post, type Serving, serving, WorkingClock } from "../../support/serving.ts";

/** Cancels the coroutines that an app has left behind. */
function cancelAll({ server }: Serving): void {
  for (const task of server.scheduler.tasks()) task.cancel();
}

test("a step that holds the event loop is told of with its app and its lines", async () => {
  const clock = new WorkingClock();
  const computing: WSGIApp = function* computing(environ, startResponse) {
    startResponse("200 OK", []);
    yield* environ.cogen.wait(Sleep(1));
    clock.work(230);
    yield* environ.cogen.wait(Sleep(1));
    clock.work(99);
  };
  const stage = await serving(computing, { clock, debug: true });
  stage.ask(get("/slow"));
  stage.run(3000);
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertMatch(
    log[0]!,
    /^A step of the app computing \(GET \/slow\) held the event loop for 230 ms/,
  );
  const lines = [...log[0]!.matchAll(/debug_test\.ts:(\d+)/g)].map(([, line]) => Number(line));
  assertEquals([lines.length, lines[0]! < lines[1]! || lines[0] === lines[1]], [2, true]);
  await stage.finish();
});

test("an app that computes and never waits is told of by its name", async () => {
  const clock = new WorkingClock();
  const computing: WSGIApp = function computing(_environ, startResponse) {
    clock.work(120);
    startResponse("200 OK", []);
    return ["done"];
  };
  const stage = await serving({ "/here": computing }, { clock, debug: true });
  stage.ask(get("/here"));
  const [line] = stage.takeLog();
  assertMatch(line!, /the app computing \(GET \/here\).* 120 ms, from its beginning to its end/);
  await stage.finish();
});

test("a coroutine that waits for ever after its request is told of once, with its line", async () => {
  const app: WSGIApp = function* app(environ, startResponse) {
    startResponse("200 OK", []);
    yield* environ.cogen.wait(AddCoro(function* worker() {
      yield* WaitForSignal("never");
    }));
    const joined = yield* environ.cogen.wait(AddCoro(function* joined() {
      yield* Sleep(100);
    }));
    if (environ.PATH_INFO === "/join") yield* environ.cogen.wait(Join(joined));
    return "done";
  };
  const stage = await serving(app, { debug: true });
  stage.ask(get("/"));
  const others = stage.ask(get("/join"));
  for (let second = 0; second < 59; second++) stage.run(1000);
  assertEquals(stage.takeLog(), []);
  for (let second = 0; second < 10; second++) stage.run(1000);
  const log = stage.takeLog().sort().reverse();
  assertEquals(log.map((line) => /^Coroutine (\w+) was forgotten/.exec(line)?.[1]), [
    ...["worker", "joined"],
  ]);
  assertMatch(
    log[0]!,
    /the app app \(GET \/\).*has ended.*WaitForSignal\("never"\) for 6\d s at .*debug_test/,
  );
  others.destroy();
  cancelAll(stage);
  stage.run();
  await stage.finish();
});

/** Gives the function that collects garbage on demand; `undefined` if the runtime has none. */
async function collector(): Promise<(() => void) | undefined> {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("globalThis.gc") as (() => void) | undefined;
}

test("an operation that was never performed is told of with its line; the others are not", async () => {
  const app: WSGIApp = function* app(environ, startResponse) {
    startResponse("200 OK", []);
    if (environ.PATH_INFO === "/lost") Sleep(1);
    yield* environ.cogen.wait(race([Sleep(1), WaitForSignal("never")]));
    yield environ.cogen.core.events.Sleep(1);
    yield environ.cogen.call(() => Sleep(1))();
    yield* environ["wsgi.input"].read();
    yield Sleep(1);
    return "done";
  };
  const stage = await serving(app, { debug: true });
  stage.ask(post("/lost", "abc"));
  stage.run(10_000);
  stage.ask(post("/", "abc"));
  stage.run(10_000);
  const collect = await collector();
  const log: string[] = [];
  for (let round = 0; collect !== undefined && round < 3 && log.length === 0; round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 2));
    log.push(...stage.takeLog());
  }
  // A runtime may keep an object for as long as it likes, so there may be no warning, but never two.
  assertEquals(log.length <= 1, true, log.join("\n"));
  for (const line of log) {
    assertMatch(line, /^An operation was made and never performed, at .*debug_test\.ts/);
  }
  await stage.finish();
});

test("the warning of a lost operation says what to write", () => {
  const warnings: string[] = [];
  new Mistakes((text) => warnings.push(text)).lost(new Error("made here"));
  assertMatch(warnings[0]!, /never performed, at .*: write yield\* before it/);
});

test("without the option, nothing is told of", async () => {
  const clock = new WorkingClock();
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield* environ.cogen.wait(Sleep(1));
    clock.work(230);
    return "done";
  }, { clock });
  stage.ask(get("/"));
  stage.run(2000);
  assertEquals(stage.takeLog(), []);
  await stage.finish();
});
