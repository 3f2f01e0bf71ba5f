/**
 * The result of reading a connection, in terms that all parsers share, and the comparison of two
 * results.
 */

import type { ParserLimits } from "../../../src/http/mod.ts";

/** One complete request. */
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
 * The result of one parser. A reader stops at the message after which a server would stop to read HTTP:
 * a request that does not let the connection persist, or CONNECT.
 */
export interface Reading {
  readonly messages: readonly ReadMessage[];
  /** The reason for the refusal of the rest; undefined if all bytes were accepted. */
  readonly refusal: string | undefined;
}

/** A function that reads a whole connection: the bytes and then the end of the peer. */
export type ReadConnection = (bytes: Uint8Array, limits: Partial<ParserLimits>) => Reading;

/** Whether `message` is the last message of its connection. */
export function isLast(message: ReadMessage): boolean {
  return !message.keepAlive || message.method === "CONNECT";
}

/**
 * The kind of difference between two results.
 *
 * @returns `accepts` or `rejects` for `other`, `messages` for another number of messages, the first
 *   part of a message that differs, or undefined if the results agree. The reasons for a refusal may
 *   differ.
 */
export function disagreement(own: Reading, other: Reading): string | undefined {
  if (own.refusal !== undefined && other.refusal === undefined) return "accepts";
  if (own.refusal === undefined && other.refusal !== undefined) return "rejects";
  if (own.messages.length !== other.messages.length) return "messages";
  return differentPart(own, other);
}

/** The first difference in the messages that both have read. Refusals after them do not count. */
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
