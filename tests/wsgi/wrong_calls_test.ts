/** Misspelt options and wrong arguments of reads and of the calls in cogen's style are told at the call. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { PublishSubscribeQueue, Queue, Sleep } from "../../src/coroutine/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import { BufferedInput, type Environ, ServerReadable, type WSGIApp } from "../../src/wsgi/mod.ts";

/** A part of the environ, as an untyped app calls it. */
type Untyped = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
const untyped = (object: object) => object as Untyped;

const queue = new Queue();
const news = new PublishSubscribeQueue();

type Call = (environ: Environ) => unknown;
const input = (environ: Environ) => untyped(environ["wsgi.input"]);
const cogenInput = (environ: Environ) => untyped(environ.cogen.input);
const events = (environ: Environ) => untyped(environ.cogen.core.events);
const queues = (environ: Environ) => untyped(environ.cogen.core.queue);
const pubsub = (environ: Environ) => untyped(environ.cogen.core.pubsub);
const sockets = (environ: Environ) => untyped(environ.cogen.core.sockets);
const util = (environ: Environ) => untyped(environ.cogen.core.util);

const CALLS: readonly (readonly [call: Call, message: string])[] = [
  [(e) => input(e).read?.(5, { timeot: 1 }), 'Unknown option of wsgi.input.read "timeot"'],
  [(e) => input(e).read?.(5, null), "The last argument of wsgi.input.read is null"],
  [(e) => input(e).read?.({ timeout: 1 }), 'Cannot read {"timeout":1} bytes'],
  [(e) => input(e).read?.(5, {}, 5), "Argument 3 of wsgi.input.read is 5"],
  [(e) => input(e).readline?.(5, 5), "The last argument of wsgi.input.readline is 5"],
  [(e) => input(e).readline?.(5, {}, {}), "Argument 3 of wsgi.input.readline is {}"],
  [(e) => input(e).readlines?.(5, { x: 1 }), 'Unknown option of wsgi.input.readlines "x"'],
  [(e) => input(e).readlines?.(5, {}, {}), "Argument 3 of wsgi.input.readlines is {}"],
  [(e) => cogenInput(e).read?.(5, { timeot: 1 }), 'Unknown option of wsgi.input.read "timeot"'],
  [(e) => cogenInput(e).read?.(5, {}, 5), "Argument 3 of environ.cogen.input.read is 5"],
  [(e) => cogenInput(e).readline?.(5, { x: 1 }), "Unknown option of wsgi.input.readline"],
  [(e) => cogenInput(e).readlines?.(5, { x: 1 }), "Unknown option of wsgi.input.readlines"],
  [(e) => events(e).Sleep?.("1"), 'The time to sleep is "1"'],
  [(e) => events(e).Sleep?.(1, { timeout: 5 }), 'Argument 2 of Sleep is {"timeout":5}'],
  [(e) => events(e).WaitForSignal?.("a", { timeot: 1 }), "Unknown option of WaitForSignal"],
  [(e) => events(e).WaitForSignal?.("a", {}, 5), "Argument 3 of WaitForSignal is 5"],
  [(e) => events(e).Signal?.("a", 1, { recipient: 1 }), 'did you mean "recipients"?'],
  [(e) => events(e).Join?.(5), "Cannot join"],
  [(e) => events(e).race?.([Sleep(1)], { timeout: 5 }), "Argument 2 of race"],
  [(e) => events(e).all?.([], { timeout: 5 }), "Argument 2 of all"],
  [(e) => events(e).allSettled?.([], 5), "Argument 2 of allSettled"],
  [(e) => events(e).timeout?.(Sleep(1), 5, { weak: true }), 'Unknown option of timeout "weak"'],
  [(e) => events(e).until?.(5), "The argument of until is 5"],
  [(e) => events(e).scope?.(5), "The body of scope is 5"],
  [(e) => events(e).AddCoro?.(5), "The coroutine of AddCoro is 5"],
  [(e) => queues(e).get?.(), "The first argument is undefined: expected a Queue"],
  [(e) => queues(e).get?.(queue, { timeot: 1 }), 'Unknown option of Queue.get "timeot"'],
  [(e) => queues(e).get?.(queue, {}, 5), "Argument 2 of Queue.get is 5"],
  [(e) => queues(e).put?.({}, 1), "The first argument is {}: expected a Queue"],
  [(e) => queues(e).put?.(queue, 1, { x: 1 }), 'Unknown option of Queue.put "x"'],
  [(e) => queues(e).join?.(queue, 5), "The last argument of Queue.join is 5"],
  [(e) => pubsub(e).fetch?.(queue), "The first argument is a Queue: expected a Publish"],
  [(e) => pubsub(e).fetch?.(news, { timeout: 5 }), "write fetch(undefined"],
  [(e) => pubsub(e).subscribe?.(news, "key", { frm: 5 }), 'did you mean "from"?'],
  [(e) => pubsub(e).unsubscribe?.(news, "key", 5), "Argument 2 of unsubscribe is 5"],
  [(e) => pubsub(e).publish?.(news, 5, 5), "The last argument of publish is 5"],
  [(e) => sockets(e).Recv?.({}, 5), "The socket is {}: expected a stream"],
  [(e) => sockets(e).Connect?.(() => {}, { x: 5 }), 'Unknown option of Connect "x"'],
  [(e) => util(e).withPriority?.(5, 0), "An argument of withPriority is 5"],
  [(e) => e["wsgi.file_wrapper"]([], { blocksize: 5 } as never), 'did you mean "blockSize"?'],
  [
    (e) => e["wsgi.file_wrapper"]([], null as never),
    "The last argument of wsgi.file_wrapper is null",
  ],
  [(e) => e.cogen.takeSocket([], undefined as never), "The handler of takeSocket is undefined"],
];

test("each wrong call is an error of the app, and nothing is planned", async () => {
  const messages: string[] = [];
  const app: WSGIApp = function* (environ, startResponse) {
    for (const [call] of CALLS) {
      try {
        call(environ);
        messages.push("no error");
      } catch (error) {
        messages.push((error as Error).message);
      }
    }
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield environ.cogen.core.events.Sleep(1); // no other operation is planned
    yield "done";
  };
  await using client = testClient(app);
  assertEquals((await client.post("/", { body: "body" })).text, "done");
  for (const [index, [call, message]] of CALLS.entries()) {
    assertStringIncludes(messages[index] as string, message, String(call));
  }
});

test("a body of a wrong kind is told when its reader is made", () => {
  for (const value of [undefined, null, 7, "text", [1]]) {
    const message = "expected a Uint8Array";
    assertThrows(() => new BufferedInput(value as never), TypeError, message);
    const read = "expected a generator function, not called";
    assertThrows(() => new ServerReadable(value as never), TypeError, read);
  }
});
