import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { LinkedList, type ListNode } from "../../../src/coroutine/kernel/linked_list.ts";
import { assertLaw } from "../../support/shares.ts";

test("law: a list behaves as an array from which any item may leave", () => {
  const command = fc.oneof(
    fc.constant("add" as const),
    fc.constant("shift" as const),
    fc.nat(1000),
  );
  assertLaw(fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
    const list = new LinkedList<number>();
    let model: number[] = [];
    const places: ListNode<number>[] = [];
    for (const command of commands) {
      if (command === "add") {
        model.push(places.length);
        places.push(list.add(places.length));
      } else if (command === "shift") {
        assertEquals(list.shift(), model.shift());
      } else if (places.length > 0) {
        const leaver = command % places.length;
        list.remove(places[leaver] as ListNode<number>);
        model = model.filter((item) => item !== leaver);
      }
      assertEquals([...list], model);
      assertEquals(list.size, model.length);
      assertEquals(list.first, model[0]);
    }
  }));
});

test("a list leaves the places of another list alone", () => {
  const one = new LinkedList<string>(), other = new LinkedList<string>();
  const place = one.add("here");
  other.remove(place);
  assertEquals([...one], ["here"]);
});
