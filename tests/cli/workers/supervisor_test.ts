/** The supervisor of `--workers`, with workers that are no processes. */

import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { CommandFailure, FAILED, settled, Stage } from "./fake_processes.ts";

test("the first worker serves before the others are started", async () => {
  const stage = new Stage({ workers: 3 });
  const begun = stage.supervisor.begin();
  stage.last.say({ type: "loaded" });
  await settled();
  assertEquals(stage.last.types, ["listen"]);
  assertEquals(stage.processes.length, 1);
  stage.last.say({ type: "ready" });
  await begun;
  assertEquals(stage.processes.map(({ name }) => name), ["1", "2", "3"]);
});

test("an app that cannot be loaded ends the command, and no other worker is started", async () => {
  const stage = new Stage();
  const begun = stage.supervisor.begin();
  stage.last.say(FAILED);
  // A worker that ends without this answer could take its message with it.
  assertEquals(stage.last.types, ["end"]);
  stage.last.end("exit code 0");
  const failure = await assertRejects(() => begun, CommandFailure);
  assertEquals([failure.code, failure.message], [4, "cannot load app.ts"]);
  assertEquals([stage.processes.length, stage.lines], [1, []]);
});

test("an address that cannot be listened on ends the command", async () => {
  const refused = new CommandFailure(3, "the address is in use");
  const stage = new Stage({ listen: () => Promise.reject(refused) });
  const begun = stage.supervisor.begin();
  stage.last.say({ type: "loaded" });
  await settled();
  assertEquals(stage.last.isKilled, true);
  stage.last.end("SIGKILL");
  assertEquals((await assertRejects(() => begun, CommandFailure)).code, 3);
});

test("a worker that crashes is started again, after a pause that doubles", async () => {
  const stage = new Stage({ workers: 1 });
  await stage.serving();
  stage.last.end("SIGKILL");
  assertEquals(stage.processes.length, 2);
  const pauses = [0.5, 1, 2, 4, 8, 16, 30, 30];
  for (const pause of pauses) {
    const before = stage.processes.length;
    stage.last.say(FAILED);
    stage.last.end("exit code 4");
    stage.clock.advance(pause * 1000 - 1);
    assertEquals(stage.processes.length, before);
    stage.clock.advance(1);
    assertEquals(stage.processes.length, before + 1);
  }
  stage.last.say({ type: "ready" });
  for (let second = 0; second < 10; second++) stage.clock.advance(1000);
  const before = stage.processes.length;
  stage.last.end("SIGSEGV");
  assertEquals(stage.processes.length, before + 1);
  assertEquals(stage.lines[0], "worker 1 (process 1) has crashed: SIGKILL");
});

test("a reload replaces one worker after the other, and ends each when its successor serves", async () => {
  const stage = new Stage();
  const [first, second] = await stage.serving();
  const reloaded = stage.supervisor.reload();
  assertEquals([stage.last.name, first?.types], ["1", []]);
  stage.last.say({ type: "ready" });
  await settled();
  assertEquals([stage.last.name, first?.types, second?.types], ["2", ["end"], []]);
  first?.end();
  stage.last.say({ type: "ready" });
  await reloaded;
  assertEquals(second?.sent, [{ type: "end", grace: 10, idle: 5 }]);
  assertEquals([stage.processes.length, stage.lines.at(-1)], [4, "all workers are replaced"]);
});

test("a version that cannot be loaded ends the reload, and the workers before go on", async () => {
  const stage = new Stage();
  const workers = await stage.serving();
  const reloaded = stage.supervisor.reload();
  stage.last.say(FAILED);
  stage.last.end("exit code 4");
  await reloaded;
  stage.clock.advance(20_000);
  assertEquals(stage.processes.length, 3);
  assertEquals(workers.flatMap(({ types }) => types).filter((type) => type === "end"), []);
  assertEquals(stage.lines.slice(-2), ["cannot load app.ts", "the workers before go on"]);
});

test("several SIGHUPs during a reload are followed by one more reload, and end with it", async () => {
  const stage = new Stage({ workers: 1 });
  await stage.serving();
  const reloads = [1, 2, 3].map(() => stage.supervisor.reload());
  let ended = 0;
  for (const reload of reloads) void reload.then(() => ended++);
  stage.last.say({ type: "ready" });
  await settled();
  assertEquals([stage.processes.length, ended], [3, 0]);
  stage.last.say({ type: "ready" });
  await Promise.all(reloads);
  assertEquals([stage.processes.length, ended], [3, 3]);
  void stage.supervisor.reload();
  assertEquals(stage.processes.length, 4);
});

test("a SIGHUP before the first worker serves replaces it when it does", async () => {
  const stage = new Stage({ workers: 1 });
  const begun = stage.supervisor.begin();
  let isReloaded = false;
  const reloaded = stage.supervisor.reload().then(() => isReloaded = true);
  await settled();
  assertEquals([stage.processes.length, isReloaded], [1, false]);
  stage.last.say({ type: "ready" });
  await begun;
  await settled();
  assertEquals([stage.processes.length, isReloaded], [2, false]);
  stage.last.say({ type: "ready" });
  await reloaded;
  assertEquals(stage.processes[0]?.types, ["end"]);
});

test("a reload drops each worker that loads since before, because it may have read the old files", async () => {
  const stage = new Stage();
  const [first, second] = await stage.serving();
  first?.say({ type: "replace", reason: "it has served 5 requests" });
  second?.end("SIGKILL");
  const [next, again] = stage.processes.slice(2);
  assertEquals([next?.name, again?.name], ["1", "2"]);
  const reloaded = stage.supervisor.reload();
  assertEquals([next?.isKilled, again?.isKilled, stage.last.name], [true, false, "1"]);
  // The message was on its way.
  next?.say({ type: "ready" });
  next?.end("SIGKILL");
  assertEquals(first?.types, []);
  stage.last.say({ type: "ready" });
  await settled();
  assertEquals([first?.types, again?.isKilled, stage.last.name], [["end"], true, "2"]);
  again?.end("SIGKILL");
  stage.last.say({ type: "ready" });
  await reloaded;
  assertEquals([stage.processes.length, stage.lines.at(-1)], [6, "all workers are replaced"]);
});

test("an app that never ends its loading does not hold up later reloads", async () => {
  const stage = new Stage({ workers: 1, timeout: 30 });
  const [first] = await stage.serving();
  const reloaded = stage.supervisor.reload();
  const stuck = stage.last;
  const passSecond = () => {
    stage.clock.advance(1000);
    for (const process of stage.processes) {
      process.say({ type: "pong", load: { connections: 0, requests: 0 } });
    }
  };
  for (let second = 0; second < 30; second++) {
    assertEquals(stuck.isKilled, false);
    passSecond();
  }
  assertEquals([stuck.isKilled, first?.isKilled], [true, false]);
  stuck.end("SIGKILL");
  await reloaded;
  assertEquals(stage.lines.slice(1), [
    "worker 1 (process 2) has not loaded the app in 30 s: it is killed",
    "worker 1 (process 2) has crashed: SIGKILL",
    "the workers before go on",
  ]);
  void stage.supervisor.reload();
  stage.last.say({ type: "ready" });
  first?.end();
  for (let second = 0; second < 60; second++) passSecond();
  assertEquals([stage.processes.length, stage.last.isKilled], [3, false]);
});

test("a supervisor that was paused reads the messages of its workers before it kills one", async () => {
  const stage = new Stage({ workers: 1, timeout: 30, grace: 10 });
  const [first] = await stage.serving();
  const reloaded = stage.supervisor.reload();
  const loading = stage.last;
  stage.clock.moveTo(60_000);
  stage.clock.turn();
  assertEquals(loading.isKilled, false);
  loading.say({ type: "ready" });
  await reloaded;
  stage.clock.moveTo(120_000);
  stage.clock.turn();
  assertEquals([first?.types.includes("end"), first?.isKilled], [true, false]);
  stage.clock.advance(13_000);
  assertEquals(first?.isKilled, true);
});

test("a worker that asks to be replaced is ended when its successor serves", async () => {
  const stage = new Stage({ workers: 1 });
  const [first] = await stage.serving();
  first?.say({ type: "replace", reason: "it has served 5 requests" });
  first?.say({ type: "replace", reason: "it got SIGTERM" });
  assertEquals([stage.processes.length, first?.types], [2, []]);
  stage.last.say({ type: "ready" });
  assertEquals(first?.types, ["end"]);
  first?.end();
  assertEquals(stage.processes.length, 2);
});

test("a worker that does not answer pings is killed, and one that answers is not", async () => {
  const stage = new Stage({ timeout: 10 });
  const [first, second] = await stage.serving();
  for (let ping = 0; ping < 6; ping++) {
    stage.clock.advance(2000);
    second?.say({ type: "pong", load: { connections: 0, requests: 1 } });
  }
  assertEquals([first?.isKilled, second?.isKilled], [true, false]);
  assertEquals(stage.lines, ["worker 1 (process 1) has not answered for 10 s: it is killed"]);
  assertEquals(stage.supervisor.running, 1);
});

test("stop ends all workers, starts none again, and kills the one that takes too long", async () => {
  const stage = new Stage({ grace: 5 });
  const [first, second] = await stage.serving();
  const stopped = stage.supervisor.stop(5);
  assertEquals([first?.types, second?.types], [["end"], ["end"]]);
  first?.end();
  stage.clock.advance(8000);
  assertEquals(second?.isKilled, true);
  second?.end("SIGKILL");
  await stopped;
  assertEquals(stage.processes.length, 2);
  assertEquals(stage.lines, ["worker 2 (process 2) does not end: it is killed"]);
});

test("a second stop shortens the grace period, and a worker that loads is killed at once", async () => {
  const stage = new Stage({ grace: Infinity });
  const [first] = await stage.serving();
  void stage.supervisor.reload();
  const stopped = stage.supervisor.stop(Infinity);
  assertEquals(stage.last.isKilled, true);
  const shortened = stage.supervisor.stop(0);
  assertEquals(first?.sent.map((message) => message.type === "end" && message.grace), [null, 0]);
  for (const process of stage.processes) process.end();
  await Promise.all([stopped, shortened]);
});

test("each worker has a channel, which is closed at its end", async () => {
  const heard: unknown[] = [];
  let closed = 0;
  const stage = new Stage({
    open(channel) {
      channel.onMessage((message) => {
        heard.push(message);
        channel.send({ answer: message });
      });
      return () => closed++;
    },
  });
  const [first, second] = await stage.serving();
  second?.say({ type: "bus", message: "a" });
  assertEquals([heard, first?.sent], [["a"], []]);
  assertEquals(second?.sent, [{ type: "bus", message: { answer: "a" } }]);
  second?.end("SIGKILL");
  assertEquals(closed, 1);
});
