/** The calls of a thread to the main thread, over their shared memory. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { MainThread } from "../../../src/blocking/main_thread.ts";
import { ANSWER, CALL, CELL, makeMemory, viewsOf } from "../../../src/blocking/protocol.ts";

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
