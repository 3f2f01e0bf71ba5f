/**
 * The memory that a thread shares with the main thread, and the calls in it.
 *
 * The thread has the initiative: it writes a call into the memory, wakes the main thread, and sleeps until the
 * answer. So there is one call at a time, and the memory has room for the bytes of one call or one answer. The
 * main thread waits with `Atomics.waitAsync`, which costs less than a message.
 *
 * A short request is one message each way. A request body that has arrived whole is in the memory when the
 * request begins, and a head that the server cannot refuse comes with a short response, in `whole`. The head
 * comes earlier, in `start`, when the thread has another call to make before the end.
 *
 * | call | bytes | argument | answer |
 * |---|---|---|---|
 * | `start` | status, headers, as JSON | 1 with `excInfo` | ok, error, rethrow |
 * | `block` | a piece of the body | its length if known, else -1 | ok when there is room, error, aborted |
 * | `end` | the last bytes | 1 if the thread is free | ok; none if the thread is free |
 * | `whole` | status, headers, as JSON; the body | the bytes of the JSON | none: the thread is free |
 * | `read` | - | - | bytes, none at the end; error, aborted |
 * | `log` | text | - | ok |
 * | `fail` | a fault, as JSON | its origin: `FAULT` | ok |
 * | `done` | - | - | none: the thread is free |
 * | `more` | a piece of the bytes of the next call, which is too long for the memory | - | ok |
 *
 * Both sides import this.
 *
 * @module
 */

/**
 * The cells of the shared memory: numbers of 32 bits. The last two are for the beginning of a request: `body` is
 * the length of the request body in the memory, or -1 if it must be read; `mayJoin` is 1 if the head may come with
 * the end.
 */
export const CELL = {
  call: 0,
  answer: 1,
  kind: 2,
  length: 3,
  argument: 4,
  aborted: 5,
  body: 6,
  mayJoin: 7,
} as const;

/** The calls of a thread. */
export const CALL = {
  start: 1,
  block: 2,
  end: 3,
  read: 4,
  log: 5,
  fail: 6,
  done: 7,
  more: 8,
  whole: 9,
} as const;

/** The answers of the main thread. */
export const ANSWER = { ok: 1, error: 2, rethrow: 3, aborted: 4 } as const;

/** The origin of a fault: the app, the last answer, or the end of the request. */
export const FAULT = { own: 0, answered: 1, aborted: 2 } as const;

/** The bytes of one call or answer. Larger ones are sent in pieces. */
export const MAX_BYTES = 131_072;

const HEADER_BYTES = 64;

/** The memory of one thread. */
export interface SharedCells {
  readonly cells: Int32Array<SharedArrayBuffer>;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** Makes the shared memory of a thread. */
export function makeMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEADER_BYTES + MAX_BYTES);
}

/** The value that a thread begins with: the URL of its app, and the memory that it shares. */
export interface ThreadTask {
  readonly module: string;
  readonly memory: SharedArrayBuffer;
}

/** The views of a shared memory. */
export function viewsOf(memory: SharedArrayBuffer): SharedCells {
  return {
    cells: new Int32Array(memory, 0, HEADER_BYTES / 4),
    bytes: new Uint8Array(memory, HEADER_BYTES),
  };
}

/** An error on its way from one thread to the other. */
export interface Fault {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /** The parts of an `HTTPException`. */
  readonly response?: { status: string; headers: [string, string][]; body: string | number[] };
}

/** The largest text of a fault, in characters. As JSON, a character has 6 bytes: three texts fit. */
const MAX_TEXT = 7000;

/** Describes an error, which may be any value, also one whose getters throw. JSON takes the description. */
export function faultOf(error: unknown): Fault {
  try {
    return describe(error);
  } catch {
    return { name: "Error", message: "an object that cannot be read was thrown", stack: "" };
  }
}

function describe(error: unknown): Fault {
  if (!(error instanceof Error)) {
    return { name: "Error", message: `${showThrown(error)} was thrown`, stack: "" };
  }
  const { name, message, stack, status, headers, body } = error as Error & Record<string, unknown>;
  const fault = {
    name: String(name).slice(0, MAX_TEXT),
    message: String(message).slice(0, MAX_TEXT),
    stack: String(stack ?? "").slice(0, MAX_TEXT),
  };
  if (name !== "HTTPException") return fault;
  const response = {
    status: String(status),
    headers: [...headers as string[][]].map(([name, value]): [string, string] => [
      String(name),
      String(value),
    ]),
    body: typeof body === "string" ? body : Array.from(body as Uint8Array, Number),
  };
  return { ...fault, response };
}

/** Shows a thrown value that is no error. */
function showThrown(value: unknown): string {
  const isWritten = typeof value === "string" || typeof value === "object";
  const text = isWritten
    ? JSON.stringify(value)
    : typeof value === "function"
    ? "a function"
    : String(value);
  return text.slice(0, MAX_TEXT);
}

/** Makes the error of a fault, with the name and the stack that it had in the other thread. */
export function errorOf({ name, message, stack }: Fault): Error {
  const error = new Error(message);
  Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (stack !== "") error.stack = stack;
  return error;
}

/**
 * Joins the pieces of one value. A single piece is given as it is.
 *
 * The twin is `joinBytes` of the socket layer: a thread does not load that layer, so that it starts sooner.
 */
export function joinPieces<B extends Uint8Array>(
  pieces: readonly B[],
): B | Uint8Array<ArrayBuffer> {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    joined.set(piece, position);
    position += piece.length;
  }
  return joined;
}
