/**
 * The states of a connection, as a table without any code of a connection.
 *
 * Each row answers four questions about one state: where do the socket's events go, when may an event
 * of the parser be taken, which deadline holds, and when does reading pause. `ClientConnection` asks
 * them here and nowhere else, and changes its state only by {@linkcode ConnectionState.next}.
 *
 * | state | request | app | socket events | parser events taken | deadline | reading pauses |
 * |---|---|---|---|---|---|---|
 * | `between` | none | none | serve | while the output has room | idle | output full, input flooded |
 * | `head` | begun | none | serve | while the output has room | head | output full, input flooded |
 * | `body` | partly read | runs | serve | while the body is wanted | body, if awaited | body unwanted |
 * | `read` | read | runs | serve | never | none | input flooded |
 * | `discarding` | partly read | done | serve | always | body | never |
 * | `lingering` | | | ignore | never | linger | never |
 * | `taken` | read | | pass on | never | none | never |
 * | `gone` | | | ignore | never | none | never |
 *
 * The parser judges the client's FIN, when its event may be taken: between requests the connection
 * closes; within a head or a body, the FIN is an error (400). In every state with a running app, a FIN
 * also limits the app's time by `timeouts.halfClosed`. While lingering, the adapter closes the
 * connection once all written bytes have gone.
 *
 * @module
 */

import type { ConnectionPhase } from "./phase_deadline.ts";

/**
 * The state of an open connection; requests are served in the first five:
 *
 * - `between`: the connection waits for a request;
 * - `head`: a part of a request head has come;
 * - `body`: an app runs, and the request body has not come to its end;
 * - `read`: an app runs, and the request is read;
 * - `discarding`: the app is done, and the rest of the body is read and dropped;
 * - `lingering`: the last response is sent, and the client has not closed;
 * - `taken`: an app has taken the socket, as for a WebSocket.
 */
export type ConnectionStateName =
  | "between"
  | "head"
  | "body"
  | "read"
  | "discarding"
  | "lingering"
  | "taken";

/** The name of a state. */
export type StateName = ConnectionStateName | "gone";

/**
 * The events of a connection:
 *
 * - `bytes`: the parser holds bytes that are not a whole event yet;
 * - `request`: a head is complete, an app begins;
 * - `end`: the request is read to its end;
 * - `appDone`: the app is done, and the connection persists;
 * - `take`: the app takes the socket;
 * - `close`: no request follows; written bytes still go out;
 * - `cut`: the connection ends at once.
 */
export type ConnectionEvent =
  | "bytes"
  | "request"
  | "end"
  | "appDone"
  | "take"
  | "close"
  | "cut";

/** One row of the table. */
export interface ConnectionState {
  readonly name: StateName;
  /** Where bytes, the FIN and free room of the socket go: to requests, to the taker, or nowhere. */
  readonly handling: "serve" | "pass-on" | "ignore";
  /** When the next event of the parser may be taken. */
  readonly takesEvents: "while-output-has-room" | "while-body-is-wanted" | "always" | "never";
  /** The phase whose deadline holds while the app does not wait for the body. */
  readonly phase: ConnectionPhase;
  /** The phase whose deadline holds while the app waits for the body. */
  readonly phaseIfBodyAwaited: ConnectionPhase;
  /** When reading from the client pauses. */
  readonly pauses: "output-full-and-flooded" | "body-unwanted" | "flooded" | "never";
  /** The state after each event; an event without effect leads to the same state. */
  readonly next: Readonly<Record<ConnectionEvent, ConnectionState>>;
}

type Row = Omit<ConnectionState, "name" | "phaseIfBodyAwaited" | "next"> & {
  readonly phaseIfBodyAwaited?: ConnectionPhase;
  readonly next: Readonly<Partial<Record<ConnectionEvent, StateName>>>;
};

const AT_REST = { takesEvents: "never", pauses: "never" } as const;
/** The events that end any state in which requests are served. */
const ENDS = { take: "taken", close: "lingering", cut: "gone" } as const;

const ROWS: Readonly<Record<StateName, Row>> = {
  between: {
    handling: "serve",
    takesEvents: "while-output-has-room",
    phase: "idle",
    pauses: "output-full-and-flooded",
    next: { ...ENDS, bytes: "head", request: "body" },
  },
  head: {
    handling: "serve",
    takesEvents: "while-output-has-room",
    phase: "head",
    pauses: "output-full-and-flooded",
    next: { ...ENDS, request: "body" },
  },
  body: {
    handling: "serve",
    takesEvents: "while-body-is-wanted",
    phase: "none",
    phaseIfBodyAwaited: "body",
    pauses: "body-unwanted",
    next: { ...ENDS, end: "read", appDone: "discarding" },
  },
  read: {
    handling: "serve",
    takesEvents: "never",
    phase: "none",
    pauses: "flooded",
    next: { ...ENDS, appDone: "between" },
  },
  discarding: {
    handling: "serve",
    takesEvents: "always",
    phase: "body",
    pauses: "never",
    next: { ...ENDS, end: "between" },
  },
  lingering: {
    ...AT_REST,
    handling: "ignore",
    phase: "linger",
    next: { take: "taken", cut: "gone" },
  },
  taken: { ...AT_REST, handling: "pass-on", phase: "none", next: { cut: "gone" } },
  gone: { ...AT_REST, handling: "ignore", phase: "none", next: {} },
};

const EVENTS: readonly ConnectionEvent[] = [
  "bytes",
  "request",
  "end",
  "appDone",
  "take",
  "close",
  "cut",
];

/** The table, by the names of its states. */
export const STATES: Readonly<Record<StateName, ConnectionState>> = linked(ROWS);

/** Whether the next event of the parser may be taken now. */
export function mayTakeEvents(
  { takesEvents }: ConnectionState,
  outputIsFull: boolean,
  bodyIsWanted: boolean,
): boolean {
  switch (takesEvents) {
    case "while-output-has-room":
      return !outputIsFull; // a client that reads no responses gets no further requests answered
    case "while-body-is-wanted":
      return bodyIsWanted;
    case "always":
      return true;
    case "never":
      return false;
  }
}

/** Whether reading from the client must pause now. */
export function mustPause(
  { pauses }: ConnectionState,
  outputIsFull: boolean,
  bodyIsWanted: boolean,
  inputIsFlooded: boolean,
): boolean {
  switch (pauses) {
    case "output-full-and-flooded":
      return outputIsFull && inputIsFlooded;
    case "body-unwanted":
      return !bodyIsWanted;
    case "flooded":
      return inputIsFlooded;
    case "never":
      return false;
  }
}

/** Replaces the names in `next` by the rows, so that a transition is one property access. */
function linked(rows: Readonly<Record<StateName, Row>>): Record<StateName, ConnectionState> {
  const names = Object.keys(rows) as StateName[];
  const states = {} as Record<StateName, ConnectionState>;
  for (const name of names) {
    const { handling, takesEvents, phase, phaseIfBodyAwaited = phase, pauses } = rows[name];
    const next = {} as Record<ConnectionEvent, ConnectionState>;
    states[name] = { name, handling, takesEvents, phase, phaseIfBodyAwaited, pauses, next };
  }
  for (const name of names) {
    const next = states[name].next as Record<ConnectionEvent, ConnectionState>;
    for (const event of EVENTS) next[event] = states[rows[name].next[event] ?? name];
  }
  return states;
}
