/**
 * The states of a WebSocket connection, as a table. The connection reads each decision from its row.
 *
 * | state | bytes of the client | events of the reader | the app sends | reading pauses |
 * |---|---|---|---|---|
 * | `open` | read | while the inbox has room | yes | while the inbox is full |
 * | `holding`: the server closes first, and the app still answers | read | none | yes | always |
 * | `answering`: the client has closed or failed, and the app still answers | dropped | none | yes | never |
 * | `closing`: the Close frame of the client is missing | read | all, without the messages | no | never |
 * | `ended`: the FIN of the client is missing | dropped | none | no | never |
 * | `gone` | dropped | none | no | never |
 *
 * @module
 */

/** A row of the table. */
export interface ConnectionState {
  /** Whether the bytes of the client go to the reader. */
  readonly reads: boolean;
  /** The events of the reader that are taken. */
  readonly takesEvents: "while-inbox-has-room" | "always" | "never";
  /** Whether the app may send. */
  readonly sends: boolean;
  /** Whether reading from the socket pauses. */
  readonly pauses: "while-inbox-is-full" | "always" | "never";
}

/** The names of the states. */
export type StateName = "open" | "holding" | "answering" | "closing" | "ended" | "gone";

const OVER = { reads: false, takesEvents: "never", sends: false, pauses: "never" } as const;

/** The table. */
export const STATES: Readonly<Record<StateName, ConnectionState>> = {
  open: {
    reads: true,
    takesEvents: "while-inbox-has-room",
    sends: true,
    pauses: "while-inbox-is-full",
  },
  holding: { reads: true, takesEvents: "never", sends: true, pauses: "always" },
  answering: { ...OVER, sends: true },
  closing: { reads: true, takesEvents: "always", sends: false, pauses: "never" },
  ended: OVER,
  gone: { ...OVER },
};

/** Whether an event of the reader is taken now. */
export function mayTakeEvents(state: ConnectionState, isInboxFull: boolean): boolean {
  return state.takesEvents === "always" || state.takesEvents !== "never" && !isInboxFull;
}

/** Whether reading from the socket pauses now. */
export function mustPause(state: ConnectionState, isInboxFull: boolean): boolean {
  return state.pauses === "always" || state.pauses !== "never" && isInboxFull;
}
