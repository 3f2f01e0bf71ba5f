import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import {
  type ConnectionEvent,
  mayTakeEvents,
  mustPause,
  type StateName,
  STATES,
} from "../../src/server/connection_state.ts";
import { assertLaw } from "../support/shares.ts";

const EVENTS: readonly ConnectionEvent[] = [
  "bytes",
  "request",
  "end",
  "appDone",
  "take",
  "close",
  "cut",
];
const NAMES = Object.keys(STATES) as StateName[];

/** The state after each of {@linkcode EVENTS}; a point where nothing changes. */
const NEXT: Readonly<Record<StateName, string>> = {
  between: "head body . . taken lingering gone",
  head: ". body . . taken lingering gone",
  body: ". . read discarding taken lingering gone",
  read: ". . . between taken lingering gone",
  discarding: ". . between . taken lingering gone",
  lingering: ". . . . taken . gone",
  taken: ". . . . . . gone",
  gone: ". . . . . . .",
};

for (const name of NAMES) {
  test(`the events of the state ${name} lead where its row says`, () => {
    const reached = EVENTS.map((event) => STATES[name].next[event].name);
    const expected = NEXT[name].split(" ").map((next) => next === "." ? name : next);
    assertEquals(reached, expected);
  });
}

/** Whether an event may be taken; the facts are: the output is full, the body is wanted. */
const TAKES: Readonly<Record<StateName, (full: boolean, wanted: boolean) => boolean>> = {
  between: (full) => !full,
  head: (full) => !full,
  body: (_full, wanted) => wanted,
  read: () => false,
  discarding: () => true,
  lingering: () => false,
  taken: () => false,
  gone: () => false,
};

/** Whether reading pauses; the third fact is: too many bytes wait in the parser. */
const PAUSES: Readonly<
  Record<StateName, (full: boolean, wanted: boolean, flooded: boolean) => boolean>
> = {
  between: (full, _wanted, flooded) => full && flooded,
  head: (full, _wanted, flooded) => full && flooded,
  body: (_full, wanted) => !wanted,
  read: (_full, _wanted, flooded) => flooded,
  discarding: () => false,
  lingering: () => false,
  taken: () => false,
  gone: () => false,
};

const BOTH = [false, true];

for (const name of NAMES) {
  test(`in the state ${name}, events are taken and reading pauses as its row says`, () => {
    const state = STATES[name];
    for (const full of BOTH) {
      for (const wanted of BOTH) {
        const takes = mayTakeEvents(state, full, wanted);
        assertEquals(takes, TAKES[name](full, wanted), `full: ${full}, wanted: ${wanted}`);
        for (const flooded of BOTH) {
          const pauses = mustPause(state, full, wanted, flooded);
          assertEquals(pauses, PAUSES[name](full, wanted, flooded));
          // A connection that pauses while it takes events would wait for itself.
          assert(!(pauses && takes), `${name} pauses and takes events`);
        }
      }
    }
  });
}

test("each state has its deadline, and its handler of the socket's events", () => {
  const rows = NAMES.map((name) => {
    const { handling, phase, phaseIfBodyAwaited } = STATES[name];
    return [name, handling, phase, phaseIfBodyAwaited].join(" ");
  });
  assertEquals(rows, [
    "between serve idle idle",
    "head serve head head",
    "body serve none body",
    "read serve none none",
    "discarding serve body body",
    "lingering ignore linger linger",
    "taken pass-on none none",
    "gone ignore none none",
  ]);
});

test("law: no event leads back to serving, and none out of gone", () => {
  assertLaw(fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 }), (events) => {
    let state = STATES.between;
    for (const event of events) {
      const next = state.next[event];
      if (state.handling !== "serve") assert(next.handling !== "serve", `${state.name} ${event}`);
      if (state === STATES.gone) assertEquals(next.name, "gone");
      state = next;
    }
  }));
});

test("law: served requests go round: head, body, then the answer and the end in either order", () => {
  const orders = fc.array(fc.boolean(), { maxLength: 20 });
  assertLaw(fc.property(orders, (answersFirst) => {
    let state = STATES.between;
    for (const first of answersFirst) {
      const rest = first ? ["appDone", "end"] as const : ["end", "appDone"] as const;
      for (const event of ["bytes", "request", ...rest] as const) state = state.next[event];
      assertEquals(state.name, "between");
    }
  }));
});
