import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Ready, ReadyQueue } from "../../../src/coroutine/kernel/ready_queue.ts";

interface Entry extends Ready {
  readonly name: string;
}

function entry(name: string, usedMs: number): Entry {
  return { name, usedMs, arrival: 0, nextReady: undefined };
}

function takeAll(queue: ReadyQueue<Entry>): string[] {
  const names: string[] = [];
  for (let taken; (taken = queue.take(Infinity)) !== undefined;) names.push(taken.name);
  return names;
}

test("entries with equal time used come in order of arrival", () => {
  const queue = new ReadyQueue<Entry>();
  for (const name of ["a", "b", "c"]) queue.add(entry(name, 0.5));
  assertEquals(takeAll(queue), ["a", "b", "c"]);
  assertEquals(queue.size, 0);
});

test("entries with less time used come first", () => {
  const queue = new ReadyQueue<Entry>();
  for (const used of [1e12, 1000, 30, 3, 0]) queue.add(entry(`${used}`, used));
  assertEquals(takeAll(queue), ["0", "3", "30", "1000", `${1e12}`]);
});

test("entries added after the turn started wait for the next turn", () => {
  const queue = new ReadyQueue<Entry>();
  queue.add(entry("early", 500));
  const { arrivals } = queue;
  queue.add(entry("late", 0));
  assertEquals(queue.take(arrivals)?.name, "early");
  assertEquals(queue.take(arrivals), undefined);
  assertEquals(queue.take(queue.arrivals)?.name, "late");
});

test("with n entries ready, no entry waits for more than 8 n others", () => {
  const queue = new ReadyQueue<Entry>();
  queue.add(entry("greedy", 1e6));
  let waited = 0;
  for (;; waited++) {
    queue.add(entry("newcomer", 0));
    if (queue.take(Infinity)?.name === "greedy") break;
  }
  assert(waited < 16, `waited for ${waited}`);
});
