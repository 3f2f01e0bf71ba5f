import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { Resume } from "../../src/coroutine/mod.ts";
import { Inbox } from "../../src/websocket/inbox.ts";
import type { Message } from "../../src/websocket/message.ts";

/** A wait for a message, which keeps its value. */
function wait() {
  const values: (Message | undefined)[] = [];
  const resume = {
    settled: false,
    value(message: Message | undefined) {
      values.push(message);
      resume.settled = true;
    },
  };
  return { values, resume, asResume: resume as unknown as Resume<Message | undefined> };
}

test("an inbox is full by the lengths of its messages, and by their number", () => {
  const counts = ["", "x".repeat(8064)].map((message) => {
    const inbox = new Inbox();
    let count = 0;
    for (; !inbox.isFull; count++) inbox.deliver(message);
    while (inbox.take() !== undefined);
    assertEquals([inbox.isFull, inbox.isBusy], [false, false]);
    return count;
  });
  assertEquals(counts, [512, 8]);
});

test("an app works on a message until it asks for the next one", () => {
  const inbox = new Inbox();
  inbox.deliver("a");
  assertEquals([inbox.take(), inbox.isBusy], ["a", true]);
  assertEquals([inbox.take(), inbox.isBusy], [undefined, false]);
});

test("a message goes to the wait of the app, unless that was aborted", () => {
  const inbox = new Inbox();
  const aborted = wait();
  inbox.await(aborted.asResume);
  assertThrows(() => inbox.await(wait().asResume), TypeError, "another coroutine is receiving");
  aborted.resume.settled = true;
  const next = wait();
  inbox.await(next.asResume);
  inbox.deliver("a");
  inbox.deliver("b");
  assertEquals([aborted.values, next.values, inbox.take()], [[], ["a"], "b"]);
  const last = wait();
  inbox.await(last.asResume);
  inbox.end();
  assertEquals(last.values, [undefined]);
});
