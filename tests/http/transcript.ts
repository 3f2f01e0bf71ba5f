/**
 * A parser's events as text, so that two runs can be compared. The parser is driven as a connection
 * drives it.
 */

import { Buffer } from "node:buffer";
import {
  type HttpEvent,
  type ParserOptions,
  ProtocolError,
  type RequestHead,
  RequestParser,
} from "../../src/http/mod.ts";
import { latin1Bytes } from "../support/latin1_bytes.ts";

export { latin1Bytes };

/** The latin-1 string of bytes. */
export function latin1Text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}

/** Printable ASCII as it is, a backslash doubled, everything else as `\r`, `\n`, `\t` or `\xHH`. */
export function escapeBytes(text: string): string {
  const named: Record<string, string> = { "\r": "\\r", "\n": "\\n", "\t": "\\t", "\\": "\\\\" };
  return text.replace(/[^ -~]|\\/g, (character) =>
    named[character] ??
      `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/**
 * The events of `pieces` and of the peer's end, one a line. Consecutive data events are joined. All
 * pieces arrive in one buffer, which is overwritten after each piece, as the buffer of a socket is.
 */
export function transcript(pieces: readonly Uint8Array[], options: ParserOptions = {}): string {
  const parser = new RequestParser(options);
  const lines: string[] = [];
  let data = "";
  const note = (line: string): void => {
    if (data !== "") lines.push(`data "${escapeBytes(data)}"`);
    data = "";
    lines.push(line);
  };
  let closed = false;
  const drain = (): void => {
    while (!closed) {
      const event = parser.next();
      if (event.type === "need-data") return;
      if (event.type === "data") data += latin1Text(event.bytes);
      else note(describe(event));
      closed = event.type === "closed";
    }
  };
  const buffer = new Uint8Array(Math.max(0, ...pieces.map((piece) => piece.length)));
  try {
    for (const piece of pieces) {
      buffer.set(piece);
      parser.push(buffer.subarray(0, piece.length));
      drain();
      parser.detach();
      buffer.fill(0xee);
    }
    parser.end();
    drain();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    note(`error ${error.status} at ${error.offset}: ${error.message}`);
  }
  return lines.join("\n");
}

function describe(event: Exclude<HttpEvent, { type: "data" }>): string {
  switch (event.type) {
    case "request":
      return describeRequest(event);
    case "end":
      return ["end", ...fieldLines(event.trailers)].join("\n");
    default:
      return event.type;
  }
}

function describeRequest(head: RequestHead): string {
  const { framing } = head;
  const facts = [
    head.form,
    `path=${head.path}`,
    head.query === "" ? "" : `query=${head.query}`,
    head.host === undefined ? "" : `host=${head.host}`,
    `body=${framing.kind === "length" ? framing.length : framing.kind}`,
    head.keepAlive ? "keep-alive" : "close",
    head.expectContinue ? "expect-continue" : "",
    head.upgrade ? "upgrade" : "",
  ];
  return [
    `request ${head.method} ${head.target} HTTP/1.${head.minorVersion}`,
    `  ${facts.filter((fact) => fact !== "").join(" ")}`,
    ...fieldLines(head.fields),
  ].join("\n");
}

function fieldLines(fields: readonly string[]): string[] {
  const lines: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    lines.push(`  ${fields[index]}: ${escapeBytes(fields[index + 1] ?? "")}`.trimEnd());
  }
  return lines;
}

/** Pieces of one byte each. */
export function everyByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Two pieces, cut at `index`. */
export function splitAt(bytes: Uint8Array, index: number): Uint8Array[] {
  return [bytes.subarray(0, index), bytes.subarray(index)];
}
