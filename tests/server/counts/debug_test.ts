/** The warnings of the option `debug`: each with its name and its line, and none without the option. */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { AddCoro, Join, race, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
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
  stage.ask(post("/", "abc"));
  stage.run(10_000);
  for (let count = 0; count < 3; count++) stage.ask(post("/lost", "abc"));
  for (let second = 0; second < 59; second++) stage.run(1000);
  assertEquals(stage.takeLog(), []);
  for (let second = 0; second < 100; second++) stage.run(1000);
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertMatch(
    log[0]!,
    /^An operation was made and not performed for 60 s, at .*debug_test\.ts.*: write yield\* before it/,
  );
  await stage.finish();
});

test("a connection that comes after a time without any brings the warnings of that time", async () => {
  const app: WSGIApp = function* app(environ, startResponse) {
    startResponse("200 OK", []);
    if (environ.PATH_INFO === "/lost") Sleep(1);
    return "done";
  };
  const stage = await serving(app, { debug: true });
  stage.ask(get("/lost", "Connection: close")).destroy();
  stage.run(100_000);
  assertEquals(stage.takeLog(), []);
  stage.ask(get("/"));
  assertMatch(stage.takeLog().join("\n"), /^An operation was made [^\n]*$/);
  await stage.finish();
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
