import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { DeadlineHeap } from "../../../src/coroutine/kernel/deadline_heap.ts";
import { assertLaw } from "../../support/shares.ts";

interface Entry {
  time: number;
  order: number;
  place: number;
}

test("law: entries are taken in order of time and arrival, without those removed before", () => {
  const command = fc.oneof(
    fc.record({ add: fc.nat(100) }),
    fc.record({ remove: fc.nat(1000) }),
    fc.record({ take: fc.nat(100) }),
  );
  assertLaw(fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
    const heap = new DeadlineHeap<Entry>();
    const model: Entry[] = [];
    for (const command of commands) {
      if ("add" in command) {
        const entry = { time: command.add, order: 0, place: -1 };
        heap.add(entry);
        model.push(entry);
      } else if ("remove" in command) {
        const [entry] = model.splice(command.remove % (model.length || 1), 1);
        if (entry !== undefined) heap.remove(entry);
        if (entry !== undefined) heap.remove(entry);
      } else {
        const taken = heap.takeDue(command.take);
        const earliest = Math.min(...model.map((entry) => entry.time));
        const first = model.find((entry) => entry.time === earliest && earliest <= command.take);
        assert(taken === first, "equal times come in the order they were added");
        if (taken !== undefined) model.splice(model.indexOf(taken), 1);
      }
      assertEquals(heap.size, model.length);
      assertEquals(heap.earliest, Math.min(...model.map((entry) => entry.time)));
    }
  }));
});
