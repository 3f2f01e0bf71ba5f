/** What a parser made of the bytes of a connection, in words that all parsers have. */

import type { ParserLimits } from "../../../src/http/mod.ts";

/** One request, wholly read. */
export interface ReadMessage {
  readonly method: string;
  readonly target: string;
  /** Name, value, name, value, ...; names in lower case. */
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly keepAlive: boolean;
}

/**
 * All that was read. Reading ends where a connection that a server serves would: after a request that
 * forbids another, and after CONNECT, behind which there is no HTTP.
 */
export interface Reading {
  readonly messages: readonly ReadMessage[];
  /** Why the rest was refused; undefined if nothing was. */
  readonly refusal: string | undefined;
}

/** A parser, made to read a whole connection: the bytes and then the peer's end. */
export type ReadConnection = (bytes: Uint8Array, limits: Partial<ParserLimits>) => Reading;

/** Whether nothing is read behind `message`. */
export function isLast(message: ReadMessage): boolean {
  return !message.keepAlive || message.method === "CONNECT";
}

/**
 * What `other` does differently.
 *
 * @returns `accepts` or `rejects`, `messages` for another count of them, the first part of a message
 * that differs, or undefined if they agree. Why something is refused may differ.
 */
export function disagreement(own: Reading, other: Reading): string | undefined {
  if (own.refusal !== undefined && other.refusal === undefined) return "accepts";
  if (own.refusal === undefined && other.refusal !== undefined) return "rejects";
  if (own.messages.length !== other.messages.length) return "messages";
  return differentPart(own, other);
}

/** The first part that differs of a message that both have read, whatever they refuse behind it. */
export function differentPart(own: Reading, other: Reading): string | undefined {
  for (const [index, message] of own.messages.entries()) {
    const counterpart = other.messages[index];
    if (counterpart === undefined) return undefined;
    const part = differingPart(message, counterpart);
    if (part !== undefined) return part;
  }
  return undefined;
}

const PARTS = ["method", "target", "fields", "body", "trailers", "keepAlive"] as const;

function differingPart(own: ReadMessage, other: ReadMessage): string | undefined {
  return PARTS.find((part) => JSON.stringify(own[part]) !== JSON.stringify(other[part]));
}
