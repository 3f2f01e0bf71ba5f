/** The virtual time: it jumps when nothing else can happen, and stands still while a promise is open. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Signal, Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import { LeftBehind, StuckError, testClient } from "../../src/testing/mod.ts";
import type { Environ, StartResponse } from "../../src/wsgi/mod.ts";
import { heartbeats } from "./apps.ts";

function* neverWoken(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", []);
  yield yield* environ.cogen.wait(WaitForSignal<string>("never"));
}

test("an hour of heartbeats takes an hour of the clock", async () => {
  await using client = testClient(heartbeats(240, 15));
  const { text } = await client.get("/");
  assertEquals([text.length, client.now], [240 * 5, 3600]);
});

test("an async app sleeps in virtual time", async () => {
  await using client = testClient(async function* (environ, startResponse) {
    startResponse("200 OK", []);
    for (let minute = 0; minute < 60; minute++) {
      yield "x";
      await environ.cogen.run(Sleep(60));
    }
  });
  assertEquals((await client.get("/")).text.length, 60);
  assertEquals(client.now, 3600);
});

test("advance reaches each timer at its time", async () => {
  await using client = testClient(heartbeats(1000, 10), { autojump: false });
  const stream = await client.open("/");
  await client.advance({ seconds: 95 });
  assertEquals(client.now, 95);
  assertEquals((await stream.read()).length, 50);
});

test("the clock does not jump while an app waits for the runtime", async () => {
  await using client = testClient(async function* (environ, startResponse) {
    // More turns of the event loop than a pure chain of promises needs.
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
    startResponse("200 OK", []);
    yield environ.cogen.signal.aborted ? "aborted" : "whole";
  });
  assertEquals((await client.get("/")).text, "whole");
  assertEquals(client.now, 0);
});

test("the clock stands still while the test settles, and a waiting request is woken at its time", async () => {
  await using client = testClient({
    "/": function* (environ, startResponse) {
      startResponse("200 OK", []);
      return yield* environ.cogen.wait(WaitForSignal<string>("news", { timeout: 30 }));
    },
    "/say": function* (environ, startResponse) {
      yield* environ.cogen.wait(Signal("news", "hello"));
      startResponse("204 No Content", []);
    },
  });
  const polls = [client.get("/"), client.get("/")];
  for (let settled = 0; settled < 5; settled++) await client.settle();
  assertEquals(client.now, 0);
  await client.post("/say");
  assertEquals((await Promise.all(polls)).map(({ text }) => text), ["hello", "hello"]);
  assertEquals(client.now, 0);
});

test("an app that polls its clock goes on", async () => {
  await using client = testClient(function* (environ, startResponse) {
    startResponse("200 OK", []);
    const { clock } = environ.cogen.scheduler;
    for (const end = clock.now() + 5; clock.now() < end;) yield "";
    return "done";
  });
  assertEquals((await client.get("/")).text, "done");
});

test("a wait that can never end names the app, its wait and its line", async () => {
  const client = testClient(neverWoken);
  const error = await assertRejects(() => client.get("/poll"), StuckError);
  assertStringIncludes(error.message, "The test waits for the response to GET /poll");
  assertStringIncludes(error.message, 'WaitForSignal("never")');
  assertStringIncludes(error.message, "time_test.");
  await client.close();
});

test("a process that was stopped for a time gives up no wait", async () => {
  let say: ((text: string) => unknown) | undefined;
  await using client = testClient(function* (environ, startResponse) {
    say = (text) => environ.cogen.scheduler.add(() => Signal("news", text));
    startResponse("200 OK", []);
    return yield* environ.cogen.wait(WaitForSignal<string>("news"));
  }, { autojump: false });
  const poll = client.get("/");
  setTimeout(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
    setTimeout(() => say?.("late news"), 10);
  }, 5);
  assertEquals((await poll).text, "late news");
});

test("a coroutine that is left behind fails the disposal, with its line", async () => {
  const client = testClient((environ, startResponse) => {
    environ.cogen.scheduler.add(function* forgotten() {
      yield* WaitForSignal("never");
    });
    startResponse("200 OK", []);
    return ["x"];
  });
  await client.get("/");
  const error = await assertRejects(() => client.close(), LeftBehind);
  assertStringIncludes(error.message, 'forgotten of runApp waits for WaitForSignal("never") at ');
  assertStringIncludes(error.message, "time_test.");
});

test("an error that the test did not take fails the disposal", async () => {
  const failing = () => {
    throw new Error("a fault of the app");
  };
  const client = testClient(failing);
  assertEquals((await client.get("/")).status, 500);
  const error = await assertRejects(() => client.close(), LeftBehind, "a fault of the app");
  assertEquals(String(error.cause), "Error: a fault of the app");
  await using careful = testClient(failing);
  await careful.get("/");
  assertEquals(careful.takeErrors().map(String), ["Error: a fault of the app"]);
});

test("an app that waits in its finally may end first", async () => {
  const ended: number[] = [];
  const client = testClient(function* (environ, startResponse) {
    startResponse("200 OK", []);
    try {
      yield "x";
      yield* environ.cogen.wait(WaitForSignal("never"));
    } finally {
      yield* environ.cogen.wait(Sleep(5));
      ended.push(client.now);
    }
  });
  await client.open("/");
  await client.close();
  assertEquals(ended, [5]);
});
