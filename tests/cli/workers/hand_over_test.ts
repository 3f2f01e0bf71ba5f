/** The connections between the listeners and the workers. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { MAX_WAITING } from "../../../src/cli/workers/hand_over.ts";
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
  const stage = new Stage({ workers: 1 });
  const [first] = await stage.serving() as [FakeProcess];
  stage.offer();
  const streams = Array.from({ length: MAX_WAITING + 2 }, () => stage.offer());
  assertEquals(streams.map(({ closed }) => closed).slice(-3), [false, true, true]);
  assertEquals(stage.lines, ["4096 connections wait for a worker: more are refused"]);
  take(first, 1);
  assertEquals(connectionsOf(first).length, 2);
});
