/**
 * The view of a client on the bytes that it got: which responses are whole by their framing.
 *
 * @module
 */

import { decodeLatin1, joinBytes } from "../../../src/socket/mod.ts";
import { ResponseReader } from "../../../src/testing/response_reader.ts";
import { FrameError, MessageReader } from "../../../src/websocket/mod.ts";
import type { Scenario } from "./scenarios.ts";

/** The statuses with which the server itself refuses a request that comes in part. */
const REFUSALS: readonly number[] = [400, 408, 500, 503];

/**
 * Judges the bytes of one connection.
 *
 * @param received The bytes that the client got.
 * @param hasEnd Whether a FIN followed them. A reset is no end.
 * @returns The number of whole answers, or the fault of the bytes.
 */
export function judge(
  { bodies, name }: Scenario,
  received: readonly Uint8Array[],
  hasEnd: boolean,
): number | string {
  let rest: Uint8Array = joinBytes([...received]);
  for (let index = 0;; index++) {
    const reader = new ResponseReader("GET");
    rest = rest.subarray(reader.push(rest));
    if (hasEnd) reader.end();
    const { state, head } = reader;
    if (head === undefined) return index;
    if (state === "tunnel") return judgeFrames(reader.body);
    const text = withoutHeartbeats(textOf(reader.body));
    if (head.status !== 200) {
      if (!REFUSALS.includes(head.status)) return `${name}: the status ${head.status}`;
      return rest.length === 0 ? index : `${name}: bytes after a refusal`;
    }
    const expected = bodies[index];
    if (expected === undefined) return `${name}: one response too many`;
    if (state !== "complete") {
      return expected.startsWith(text) ? index : `${name}: a part of another body: ${text}`;
    }
    if (text !== expected) return `${name}: taken for whole: ${JSON.stringify(text)}`;
    if (index + 1 === bodies.length) {
      return rest.length === 0 ? index + 1 : `${name}: bytes after the last response`;
    }
  }
}

function judgeFrames(pieces: readonly Uint8Array[]): number | string {
  const reader = new MessageReader({ from: "server" });
  try {
    reader.push(joinBytes([...pieces]));
    for (let event; (event = reader.next()).type !== "need-data";) {
      if (event.type === "text" && event.data !== "hello") return `the message ${event.data}`;
      if (event.type === "close") return 1;
    }
    return 0;
  } catch (error) {
    if (error instanceof FrameError) return `a frame of the server: ${error.message}`;
    throw error;
  }
}

function textOf(pieces: readonly Uint8Array[]): string {
  const bytes = joinBytes([...pieces]);
  return decodeLatin1(bytes, 0, bytes.length);
}

/** A stream of events may have heartbeats at any place; the last one may be there in part. */
function withoutHeartbeats(text: string): string {
  return text.replace(/^:(?:\n\n|\n?$(?![^]))/gm, "");
}
