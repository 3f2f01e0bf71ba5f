/** The calls of a thread to the main thread, over their shared memory. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { BlockingInput } from "../../../src/blocking/blocking_input.ts";
import { MainThread, RequestEnded } from "../../../src/blocking/main_thread.ts";
import { plainHead } from "../../../src/blocking/plain_head.ts";
import { ANSWER, CALL, CELL, makeMemory, viewsOf } from "../../../src/blocking/protocol.ts";
import { checkFields, checkStatus } from "../../../src/http/mod.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** A thread at the beginning of a request with the body "abc", whose head may come with the end. */
function beginning() {
  const shared = viewsOf(makeMemory());
  shared.bytes.set([0x61, 0x62, 0x63]);
  shared.cells[CELL.body] = 3;
  shared.cells[CELL.mayJoin] = 1;
  const main = new MainThread(shared);
  return { ...shared, main, input: new BlockingInput(main) };
}

test("a call waits for its own answer, also if the wake-up of the answer before comes late", () => {
  const shared = viewsOf(makeMemory());
  const { cells, bytes } = shared;
  const { wait } = Atomics;
  let wakeUps = 0;
  Atomics.wait = () => {
    if (++wakeUps < 3) return "ok";
    bytes.set([7, 8]);
    cells[CELL.kind] = ANSWER.ok;
    cells[CELL.length] = 2;
    Atomics.add(cells, CELL.answer, 1);
    return "ok";
  };
  try {
    assertEquals(new MainThread(shared).call(CALL.read), new Uint8Array([7, 8]));
    assertEquals(wakeUps, 3);
  } finally {
    Atomics.wait = wait;
  }
});

test("a short request is one call, with a body that has arrived and the head beside the response", () => {
  const { cells, bytes, main, input } = beginning();
  main.start("200 OK", PLAIN, undefined);
  assertEquals(new TextDecoder().decode(input.read()), "abc");
  main.done(new Uint8Array([1, 2]));
  assertEquals([cells[CELL.call], cells[CELL.kind]], [1, CALL.whole]);
  const end = cells[CELL.argument] as number;
  const head = new TextDecoder().decode(new Uint8Array(bytes.subarray(0, end)));
  assertEquals(JSON.parse(head), ["200 OK", PLAIN]);
  assertEquals([...bytes.subarray(end, cells[CELL.length])], [1, 2]);
});

test("the head comes before each other call, and a second head is for the server to judge", () => {
  const { cells, main } = beginning();
  const { wait } = Atomics;
  const kinds: number[] = [];
  Atomics.wait = () => {
    kinds.push(cells[CELL.kind] as number);
    cells[CELL.kind] = ANSWER.ok;
    cells[CELL.length] = 0;
    Atomics.add(cells, CELL.answer, 1);
    return "ok";
  };
  try {
    main.start("200 OK", PLAIN, undefined);
    main.log("text");
    main.start("200 OK", PLAIN, undefined);
    main.done(new Uint8Array(1));
    assertEquals(kinds, [CALL.start, CALL.log, CALL.start]);
    assertEquals(cells[CELL.kind], CALL.end);
  } finally {
    Atomics.wait = wait;
  }
});

test("an app whose request has ended is told of it at its head and its reads, also without a call", () => {
  const { cells, main, input } = beginning();
  cells[CELL.aborted] = 1;
  assertThrows(() => main.start("200 OK", PLAIN, undefined), RequestEnded);
  assertThrows(() => input.read(1), RequestEnded);
  assertEquals(cells[CELL.call], 0);
});

test("the server accepts each plain head, and judges all others", () => {
  const plain: [string, [string, string][]][] = [
    ["200 OK", PLAIN],
    ["599 ", [["X-a_1", "a\tb"], ["Set-Cookie", ""]]],
  ];
  for (const [status, headers] of plain) {
    checkStatus(status);
    checkFields(headers);
    assertEquals(plainHead(status, headers), [status, headers]);
  }
  const ok = "200 OK";
  const judged: (readonly [unknown, unknown])[] = [
    ...[["100 Go", []], ["600 ", []], ["200", []], [200, []], [`${ok}\n`, []]] as const,
    ...[[ok, {}], [ok, ["ab"]], [ok, [["a"]]], [ok, [["a", 1]]], [ok, [["a b", ""]]]] as const,
    ...[[ok, [["a", "b\nc"]]], [ok, [["a", "b\n"]]], [ok, [["a\n", ""]]]] as const,
    ...["Connection", "TE", "Transfer-Encoding", "upgrade", "Content-Length", "Trailer"]
      .map((name): [unknown, unknown] => [ok, [[name, "1"]]]),
  ];
  for (const [status, headers] of judged) assertEquals(plainHead(status, headers), undefined);
});
