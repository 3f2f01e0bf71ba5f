import { assertEquals } from "@std/assert";
import { test } from "node:test";
import {
  mayTakeEvents,
  mustPause,
  type StateName,
  STATES,
} from "../../src/websocket/connection_state.ts";

/** reads, sends; then, with room in the inbox and without: takes events, pauses. */
const ROWS: Readonly<Record<StateName, readonly boolean[]>> = {
  open: [true, true, true, false, false, true],
  holding: [true, true, false, true, false, true],
  answering: [false, true, false, false, false, false],
  closing: [true, false, true, false, true, false],
  ended: [false, false, false, false, false, false],
  gone: [false, false, false, false, false, false],
};

for (const [name, row] of Object.entries(ROWS)) {
  test(`a WebSocket that is ${name} decides as its row says`, () => {
    const state = STATES[name as StateName];
    const decisions = [false, true].flatMap((isInboxFull) => [
      mayTakeEvents(state, isInboxFull),
      mustPause(state, isInboxFull),
    ]);
    assertEquals([state.reads, state.sends, ...decisions], row);
  });
}
