/**
 * The text of a response's head, put together from what the app says and what the server adds.
 *
 * A server says nearly the same again and again: for a second the date stays, and apps repeat their
 * fields. So the last of each part is kept: a head that differs in nothing is the same string, which
 * costs neither time nor memory (0.45 KB a response otherwise, a sixth of all that one takes).
 *
 * @module
 */

import type { PreparedHead } from "./prepared_head.ts";

/** The first lines: what does not depend on the body. */
interface HeadFront {
  readonly protocol: string;
  readonly prepared: PreparedHead;
  /** The value of Date to add, if any. */
  readonly date: string | undefined;
  /** The value of Server to add, if any. */
  readonly server: string | undefined;
}

let lastFront: HeadFront | undefined;
let lastFrontText = "";

/** The status line, the app's fields, and what the server adds to them. */
export function frontText(
  protocol: string,
  prepared: PreparedHead,
  date: string | undefined,
  server: string | undefined,
): string {
  const last = lastFront;
  if (
    last !== undefined && last.prepared === prepared && last.date === date &&
    last.server === server && last.protocol === protocol
  ) return lastFrontText;
  let text = `${protocol} ${prepared.status}\r\n${prepared.text}`;
  if (date !== undefined) text += `Date: ${date}\r\n`;
  if (server !== undefined) text += `Server: ${server}\r\n`;
  lastFront = { protocol, prepared, date, server };
  return lastFrontText = flat(text);
}

let lastLength: number | undefined;
let lastLengthText = "";

/** The field that tells how long the body is. */
export function lengthText(length: number | undefined): string {
  if (length === undefined) return "";
  if (length === lastLength) return lastLengthText;
  lastLength = length;
  return lastLengthText = `Content-Length: ${length}\r\n`;
}

let lastParts: readonly [front: string, length: string, connection: string] = ["", "", ""];
let lastText = "\r\n";

/** The whole head. Equal parts are the same strings, so that comparing them is cheap. */
export function headText(front: string, framing: string, connection: string): string {
  const [lastFront, lastFraming, lastConnection] = lastParts;
  if (front === lastFront && framing === lastFraming && connection === lastConnection) {
    return lastText;
  }
  lastParts = [front, framing, connection];
  return lastText = flat(`${front}${framing}${connection}\r\n`);
}

/**
 * The same text in one piece: engines keep a concatenation as a tree until one of its characters is
 * looked at, and one that is used again would be copied out of its tree again and again.
 */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}
