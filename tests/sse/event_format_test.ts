/** The text of events: no data can begin another field or event. */

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { type EventFields, formatEvent } from "../../src/sse/mod.ts";
import { readEvents } from "./event_reader.ts";
import { assertLaw } from "../support/shares.ts";

const WRITTEN: readonly (readonly [string | EventFields, string])[] = [
  ["hello", "data: hello\n\n"],
  ["", "data: \n\n"],
  [" led by a space", "data:  led by a space\n\n"],
  ["a\nb\rc\r\nd", "data: a\ndata: b\ndata: c\ndata: d\n\n"],
  ["\n\nevent: x\nid: 1", "data: \ndata: \ndata: event: x\ndata: id: 1\n\n"],
  ["a\0b\u2028c\u0085d", "data: a\0b\u2028c\u0085d\n\n"],
  [{ data: "x", event: "news", id: "7" }, "event: news\nid: 7\ndata: x\n\n"],
  [{ id: "" }, "id: \n\n"],
  [{ retry: 1.5 }, "retry: 1500\n\n"],
  [{ retry: { milliseconds: 0.4 }, data: "x" }, "retry: 0\ndata: x\n\n"],
  [{ retry: 1e300 }, `retry: ${Number.MAX_SAFE_INTEGER}\n\n`],
  [{ comment: "a\ndata: b" }, ": a\n: data: b\n\n"],
];

test("events as text", () => {
  for (const [event, text] of WRITTEN) assertEquals(formatEvent(event), text);
});

const REFUSED: readonly (readonly [unknown, string])[] = [
  [{ id: "a\nb" }, 'id of an event is "a\\nb": expected a string of one line without NUL'],
  [{ id: "a\rb" }, "one line without NUL"],
  [{ id: "a\0b" }, "one line without NUL"],
  [
    { event: "a\r\nb", data: "x" },
    'event of an event is "a\\r\\nb": expected a string of one line',
  ],
  [{ event: 5, data: "x" }, "event of an event is 5"],
  [
    { data: { a: 1 } },
    'data of an event is {"a":1}: expected a string, such as JSON.stringify gives',
  ],
  [{ data: 5 }, "data of an event is 5: expected a string"],
  [{ type: "x", data: "" }, 'Unknown field of an event "type": did you mean "event"?'],
  [{ retry: -1 }, "retry of an event is -1 seconds: expected 0 or more"],
  [{ retry: Infinity }, "retry is endless: expected a finite time"],
  [{}, "An event has no field: expected at least data"],
  [5, "an event is 5: expected an object"],
  [null, "an event is null: expected an object"],
];

test("events that cannot be written", () => {
  for (const [event, message] of REFUSED) {
    assertThrows(() => formatEvent(event as EventFields), Error, message);
  }
});

test("a reader gets the data of any text, with each line break as LF", () => {
  const parts = fc.constantFrom(
    "\r",
    "\n",
    "\r\n",
    ":",
    "data: ",
    "id: x",
    "\0",
    "\uFEFF",
    "é",
    " ",
    "",
  );
  const text = fc.array(fc.oneof(parts, fc.string())).map((all) => all.join(""));
  assertLaw(fc.property(text, text, (one, other) => {
    const stream = formatEvent({ data: one, event: "first", id: "1" }) + formatEvent(other);
    const { events } = readEvents(stream);
    const read = (data: string) => data.replace(/\r\n|\r/g, "\n");
    assertEquals(events, [
      { event: "first", data: read(one), id: "1" },
      { event: "message", data: read(other), id: "1" },
    ]);
  }));
});
