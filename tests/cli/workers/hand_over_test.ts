/** The connections between the listeners and the workers. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { handOverRest, maxWaiting } from "../../../src/cli/workers/hand_over.ts";
import { type FakeProcess, Stage } from "./fake_processes.ts";

const connectionsOf = ({ sent }: FakeProcess) =>
  sent.flatMap((message) => message.type === "connection" ? [message.id] : []);

function report(process: FakeProcess, connections: number): void {
  process.say({ type: "pong", load: { connections, requests: 0 } });
}

function take(process: FakeProcess, id: number): void {
  process.say({ type: "took", id });
}

test("a connection goes to the worker with the fewest, one at a time, and equal workers take turns", async () => {
  const stage = new Stage();
  const [first, second] = await stage.serving() as [FakeProcess, FakeProcess];
  const streams = [1, 2, 3, 4].map(() => stage.offer());
  assertEquals([connectionsOf(first), connectionsOf(second)], [[1], [2]]);
  assertEquals(streams[0]?.closed, false);
  take(first, 1);
  assertEquals([streams[0]?.closed, connectionsOf(first)], [true, [1, 3]]);
  take(second, 2);
  take(second, 4);
  take(first, 3);
  report(first, 3);
  stage.offer();
  take(second, 5);
  assertEquals([connectionsOf(first), connectionsOf(second)], [[1, 3], [2, 4, 5]]);
  report(first, 0);
  stage.offer();
  assertEquals(connectionsOf(first), [1, 3, 6]);
});

test("a worker that dies before it takes a connection loses nothing", async () => {
  const stage = new Stage();
  const [first, second] = await stage.serving() as [FakeProcess, FakeProcess];
  const stream = stage.offer();
  first.end("SIGKILL");
  assertEquals([stream.closed, connectionsOf(second)], [false, [1]]);
  second.say({ type: "missed", id: 1 });
  assertEquals(connectionsOf(second), [1, 1]);
  take(second, 1);
  assertEquals([stream.closed, stage.supervisor.connections.size], [true, 0]);
});

test("connections wait while no worker serves", async () => {
  const stage = new Stage({ workers: 1 });
  const [first] = await stage.serving() as [FakeProcess];
  first.end("SIGKILL");
  const stream = stage.offer();
  assertEquals([stream.closed, stage.supervisor.connections.size], [false, 1]);
  stage.last.say({ type: "ready" });
  assertEquals(connectionsOf(stage.last), [1]);
});

test("a worker that is replaced gets no connection any more", async () => {
  const stage = new Stage({ workers: 1 });
  const [first] = await stage.serving() as [FakeProcess];
  void stage.supervisor.reload();
  stage.offer();
  stage.last.say({ type: "ready" });
  stage.offer();
  assertEquals([connectionsOf(first), connectionsOf(stage.last)], [[1], [2]]);
});

test("the connections that wait are bounded, and the surplus is told once", async () => {
  const stage = new Stage({ workers: 1, maxWaiting: 500 });
  const [first] = await stage.serving() as [FakeProcess];
  stage.offer();
  const streams = Array.from({ length: 502 }, () => stage.offer());
  assertEquals(streams.map(({ closed }) => closed).slice(-3), [false, true, true]);
  assertEquals(stage.lines, ["500 connections wait for a worker: more are refused"]);
  take(first, 1);
  assertEquals(connectionsOf(first).length, 2);
});

test("a process keeps descriptors for its pipes and files", () => {
  const bounds = [64, 256, 1024, 20_000, Infinity].map(maxWaiting);
  assertEquals(bounds, [16, 64, 768, 19_744, 32_768]);
});

test("a storm of connections reaches the workers in its order, without those of a worker that dies", async () => {
  const stage = new Stage({ workers: 1 });
  const [first] = await stage.serving() as [FakeProcess];
  const streams = Array.from({ length: 20_000 }, () => stage.offer());
  for (let id = 1; id <= 9000; id++) take(first, id);
  first.end("SIGKILL");
  const second = stage.last;
  second.say({ type: "ready" });
  streams.push(stage.offer());
  for (let id = 9001; id <= 20_001; id++) take(second, id);
  const all = Array.from({ length: 20_001 }, (_, index) => index + 1);
  assertEquals(connectionsOf(first), all.slice(0, 9001));
  assertEquals(connectionsOf(second), all.slice(9000));
  assertEquals(streams.every(({ closed }) => closed), true);
  assertEquals(stage.lines.filter((line) => line.includes("refused")), []);
});

/** The milliseconds for which a service that ends waits, if its connections change by `change` in each. */
async function waited(size: number, grace: number, change: (size: number) => number) {
  const connections = { size };
  let now = 0;
  await handOverRest(connections, grace, {
    milliseconds: () => now,
    nextPoll: () => {
      connections.size = change(connections.size);
      now++;
      return Promise.resolve();
    },
  });
  return [now, connections.size];
}

test("a service that ends waits while its workers take connections", async () => {
  const oneEach = (size: number) => size - 1;
  assertEquals(await waited(0, 10, oneEach), [0, 0]);
  assertEquals(await waited(4000, 10, oneEach), [4000, 0]);
  assertEquals(await waited(6000, 10, oneEach), [5000, 1000]);
  assertEquals(await waited(5, 10, (size) => size), [1000, 5]);
  assertEquals(await waited(5, 10, (size) => Math.max(size - 1, 3)), [1002, 3]);
  assertEquals(await waited(5, 0, oneEach), [0, 5]);
  assertEquals(await waited(6000, Infinity, oneEach), [6000, 0]);
});

test("a service that was paused while it ends waits until its workers take connections", async () => {
  const connections = { size: 3 };
  let now = 0;
  let polls = 0;
  await handOverRest(connections, 10, {
    milliseconds: () => now,
    nextPoll: () => {
      now += 60_000;
      if (++polls % 4 === 0) connections.size--;
      return Promise.resolve();
    },
  });
  assertEquals([polls, connections.size], [12, 0]);
});
