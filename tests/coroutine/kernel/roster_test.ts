import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Roster, type RosterMember } from "../../../src/coroutine/kernel/roster.ts";

interface Named extends RosterMember {
  readonly name: string;
}

const member = (name: string): Named => ({ name, place: undefined });
const names = (roster: Roster<Named>) => roster.members().map(({ name }) => name).sort().join("");

test("a member leaves from any place, once", () => {
  const roster = new Roster<Named>();
  const [a, b, c, d] = ["a", "b", "c", "d"].map(member) as [Named, Named, Named, Named];
  for (const one of [a, b, c, d]) roster.add(one);
  assertEquals([roster.size, names(roster)], [4, "abcd"]);
  assertEquals([roster.delete(b), names(roster)], [true, "acd"]);
  assertEquals([roster.delete(b), names(roster)], [false, "acd"]);
  assertEquals([roster.delete(d), names(roster)], [true, "ac"]);
  roster.add(b);
  assertEquals([roster.delete(a), roster.delete(c), names(roster)], [true, true, "b"]);
  assertEquals([roster.delete(b), roster.size], [true, 0]);
});

test("random members join and leave as those of a Set do", () => {
  const roster = new Roster<Named>();
  const expected = new Set<Named>();
  const all = Array.from({ length: 26 }, (_, at) => member(String.fromCharCode(97 + at)));
  for (let step = 0, state = 1; step < 2000; step++) {
    state = state * 48_271 % 2_147_483_647;
    const one = all[state % all.length] as Named;
    if (expected.has(one)) assertEquals(roster.delete(one), expected.delete(one));
    else {
      roster.add(one);
      expected.add(one);
    }
    assertEquals(roster.size, expected.size);
    assertEquals(names(roster), [...expected].map(({ name }) => name).sort().join(""));
  }
});

test("members may leave while a copy of the list is used", () => {
  const roster = new Roster<Named>();
  for (const name of "abc") roster.add(member(name));
  for (const one of roster.members()) roster.delete(one);
  assertEquals(roster.size, 0);
});
