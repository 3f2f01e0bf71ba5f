/**
 * The conversations of the torture run: the bytes of a client, the app that answers, and the responses that
 * an undisturbed client gets.
 *
 * Each app counts its ends. The client sends all its bytes at once, so a fault has its place on a fixed byte.
 *
 * @module
 */

import { OperationTimeout, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { decodeLatin1 } from "../../../src/socket/mod.ts";
import { eventStream } from "../../../src/sse/mod.ts";
import type { AppYield, Environ, StartResponse, WSGIApp } from "../../../src/wsgi/mod.ts";
import { acceptWebSocket, closePayload, encodeFrame } from "../../../src/websocket/mod.ts";
import { handshakeFields } from "../../../src/testing/web_socket.ts";
import { latin1Bytes } from "../../support/serving.ts";

/** The ends of the apps that were called. All counts must be equal once a connection has ended. */
export interface Ends {
  called: number;
  closed: number;
  finished: number;
  /** The generators that have begun, and those whose `finally` has run. */
  begun: number;
  ended: number;
}

/** A conversation. */
export interface Scenario {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The bodies of the whole answers, in order. A WebSocket has none. */
  readonly bodies: readonly string[];
}

type Steps = Generator<AppYield, string | undefined, unknown>;

const BLOCK = "0123456789abcdef".repeat(8);
const MASK = Uint8Array.of(1, 2, 3, 4);

function head(method: string, path: string, ...fields: string[]): string {
  return [`${method} ${path} HTTP/1.1`, "Host: test", ...fields, "", ""].join("\r\n");
}

function last(path: string): string {
  return head("GET", path, "Connection: close");
}

const CHUNKS = "5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nDone: yes\r\n\r\n";

/** The conversations over HTTP, over Server-Sent Events and over a WebSocket. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "length", bytes: latin1Bytes(last("/length")), bodies: ["a whole body"] },
  {
    name: "upload",
    bytes: latin1Bytes(
      head("POST", "/echo", "Content-Length: 11", "Connection: close") + "hello world",
    ),
    bodies: ["hello world"],
  },
  {
    name: "chunks",
    bytes: latin1Bytes(
      head("POST", "/echo", "Transfer-Encoding: chunked", "Connection: close") + CHUNKS,
    ),
    bodies: ["hello world"],
  },
  {
    name: "expectation",
    bytes: latin1Bytes(
      head("POST", "/echo", "Content-Length: 5", "Expect: 100-continue", "Connection: close") +
        "hello",
    ),
    bodies: ["hello"],
  },
  {
    name: "pipeline",
    bytes: latin1Bytes(
      head("GET", "/length") + head("POST", "/ignore", "Content-Length: 5") + "hello" +
        last("/stream"),
    ),
    bodies: ["a whole body", "ignored", `1 ${BLOCK}2 ${BLOCK}3 ${BLOCK}`],
  },
  {
    name: "old client",
    bytes: latin1Bytes("GET /stream HTTP/1.0\r\n\r\n"),
    bodies: [`1 ${BLOCK}2 ${BLOCK}3 ${BLOCK}`],
  },
  { name: "wait", bytes: latin1Bytes(last("/wait")), bodies: ["nothing came"] },
  { name: "promise", bytes: latin1Bytes(last("/slow_end")), bodies: ["slow"] },
  {
    name: "events",
    bytes: latin1Bytes(last("/events")),
    bodies: ["retry: 0\n\ndata: 0\n\ndata: 1\n\ndata: 2\n\n"],
  },
  { name: "web socket", bytes: webSocketBytes(), bodies: [] },
];

function webSocketBytes(): Uint8Array {
  const fields = handshakeFields({}).map(([name, value]) => `${name}: ${value}`);
  const frames = [
    encodeFrame("text", "hello", { mask: MASK }),
    encodeFrame("ping", "?", { mask: MASK }),
    encodeFrame("binary", new Uint8Array(200), { mask: MASK }),
    encodeFrame("close", closePayload(1000, ""), { mask: MASK }),
  ];
  const text = frames.map((frame) => decodeLatin1(frame, 0, frame.length)).join("");
  return latin1Bytes(head("GET", "/socket", ...fields) + text);
}

/** Makes the app of all conversations. It counts its ends. */
export function tortureApp(ends: Ends, kept: (environ: Environ) => void = () => {}): WSGIApp {
  return (environ, startResponse) => {
    ends.called++;
    kept(environ);
    environ.cogen.onFinished(() => void ends.finished++);
    return { [Symbol.iterator]: steps, close: () => void ends.closed++ };

    function* steps(): Steps {
      ends.begun++;
      try {
        return yield* perform(environ, startResponse);
      } finally {
        ends.ended++;
      }
    }
  };
}

function* perform(environ: Environ, startResponse: StartResponse): Steps {
  const { PATH_INFO: path, cogen } = environ;
  if (path === "/socket") return yield* echoing(environ);
  if (path === "/events") {
    yield* eventStream(environ, startResponse, ticks(), { retry: 0 });
    return undefined;
  }
  const length = path === "/length" ? [["Content-Length", "12"] as const] : [];
  const body = path === "/echo" ? yield* environ["wsgi.input"].read() : "";
  startResponse("200 OK", [["Content-Type", "text/plain"], ...length]);
  if (path === "/length") {
    yield "a whole ";
    yield* cogen.wait(Sleep(0.1));
    return "body";
  }
  if (path === "/stream") {
    for (let count = 1; count <= 3; count++) {
      yield `${count} ${BLOCK}`;
      yield* cogen.wait(Sleep(0.1));
    }
  }
  if (path === "/wait") yield* waitInVain(cogen);
  if (path === "/slow_end") {
    try {
      yield "slow";
      yield* cogen.wait(Sleep(1));
    } finally {
      yield* cogen.wait(Sleep(0.5));
    }
  }
  if (path === "/wait") return "nothing came";
  if (path === "/ignore") return "ignored";
  if (typeof body !== "string") yield body;
  return undefined;
}

function* waitInVain(cogen: Environ["cogen"]): Generator<AppYield, void, unknown> {
  try {
    yield* cogen.wait(WaitForSignal("never", { timeout: 3 }));
  } catch (error) {
    if (!(error instanceof OperationTimeout)) throw error;
  }
}

function* ticks() {
  for (let count = 0; count < 3; count++) {
    yield { data: String(count) };
    if (count < 2) yield* Sleep(1);
  }
}

function* echoing(environ: Environ): Steps {
  const socket = acceptWebSocket(environ);
  for (let message; (message = yield* socket.receive()) !== undefined;) yield* socket.send(message);
  return undefined;
}
