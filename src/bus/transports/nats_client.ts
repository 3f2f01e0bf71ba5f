/**
 * The clients of NATS, by their shape: a connection of `@nats-io/transport-node`, or of another transport of that
 * family, and the module `@nats-io/jetstream`.
 *
 * `nats.ts`, `nats_logs.ts` and `nats_queues.ts` call this.
 *
 * @module
 */

import { optionError } from "../../coroutine/mod.ts";

/** The headers of a message. */
export interface NatsHeadersLike {
  /** The status of an answer that is no message, such as 404. */
  readonly code: number;
  /** The value of a header. */
  get(name: string): string;
}

/** A message. */
export interface NatsMessageLike {
  /** The bytes. */
  readonly data: Uint8Array;
  /** The subject to answer to. */
  readonly reply?: string | undefined;
  /** The headers, if there are some. */
  readonly headers?: NatsHeadersLike | undefined;
}

/** A connection to NATS. */
export interface NatsConnectionLike {
  /** The server, as it has told. */
  readonly info?: { readonly max_payload: number } | undefined;
  /** Sends a request, and gives its answer. */
  request(
    subject: string,
    payload?: string,
    options?: { timeout: number; noMux?: boolean },
  ): Promise<NatsMessageLike>;
  /** Sends a message without an answer. */
  publish(subject: string): void;
  /** Receives the messages of a subject. */
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: NatsMessageLike) => void },
  ): { unsubscribe(): void };
  /** Tells of the changes of the connection. */
  status(): AsyncIterable<{ readonly type: string }>;
}

/** A message of a stream. */
export interface StoredMessageLike {
  /** Its number in the stream. */
  readonly seq: number;
  /** Its subject. */
  readonly subject: string;
  /** The bytes. */
  readonly data: Uint8Array;
}

/** The part of JetStream that publishes. */
export interface JetStreamPublisherLike {
  /** Publishes a message, and waits until it is stored. */
  publish(
    subject: string,
    payload: string,
    options: { msgID?: string; timeout?: number; expect?: { lastSubjectSequence: number } },
  ): Promise<{ readonly seq: number }>;
}

/** The part of JetStream that manages streams and consumers. */
export interface JetStreamManagerLike {
  /** The streams. */
  readonly streams: {
    info(name: string): Promise<{ readonly created: string }>;
    add(config: never): Promise<{ readonly created: string }>;
  };
  /** The consumers. */
  readonly consumers: {
    add(stream: string, config: never): Promise<unknown>;
    update(stream: string, name: string, config: never): Promise<unknown>;
  };
  /** Reads of single messages. */
  readonly direct: {
    getMessage(stream: string, query: never): Promise<StoredMessageLike | null>;
  };
}

/** The client of JetStream: the module `@nats-io/jetstream`. */
export interface JetStreamLike {
  /** Makes the part that publishes. */
  jetstream(connection: never): JetStreamPublisherLike;
  /** Makes the part that manages streams and consumers. */
  jetstreamManager(connection: never): Promise<JetStreamManagerLike>;
}

/** The number of milliseconds within which the server answers. */
export const ANSWER_MS = 5000;

/** A query for one message of a stream. */
export type DirectQuery =
  | { readonly seq: number; readonly next_by_subj?: string }
  | { readonly last_by_subj: string };

/** @throws {TypeError} If the connection or the module is none. */
export function checkNats(connection: NatsConnectionLike, module: JetStreamLike): void {
  const isConnection = typeof connection?.request === "function" &&
    typeof connection.subscribe === "function" && typeof connection.status === "function";
  if (!isConnection) {
    throw optionError(
      "connection",
      connection,
      "the result of connect() of @nats-io/transport-node",
    );
  }
  const isModule = typeof module?.jetstream === "function" &&
    typeof module.jetstreamManager === "function";
  if (isModule) return;
  throw optionError(
    "jetstream",
    module,
    'the module @nats-io/jetstream, by "import * as"',
  );
}

/** The code of an error of JetStream; 0 for any other error. */
export function errorCode(error: unknown): number {
  const { code, api_error } = (error ?? {}) as {
    readonly code?: unknown;
    readonly api_error?: { readonly err_code?: number };
  };
  return api_error?.err_code ?? (typeof code === "number" ? code : 0);
}

const utf8 = new TextEncoder();

/** A name as a part of a subject: letters and digits as they are, all other bytes as `_` and two digits. */
export function encodeName(name: string): string {
  return Array.from(utf8.encode(name), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(character) ? character : `_${byte.toString(16).padStart(2, "0")}`;
  }).join("");
}
