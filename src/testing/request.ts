/**
 * A request of a test as bytes: its head, and its body of any kind.
 *
 * `client.ts`, `events.ts` and `web_socket.ts` call this.
 *
 * @module
 */

import { checkNames, optionError } from "../coroutine/mod.ts";
import { encodeLatin1 } from "../socket/mod.ts";
import { type Fault, ownFault } from "./client_socket.ts";

/** Fields of a request: a record, pairs for repeated names, or a `Headers`. */
export type RequestFields =
  | Headers
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [name: string, value: string]>;

/** Values of a query or of a form; a list repeats its name. */
export type RequestValues =
  | URLSearchParams
  | Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Bytes of a body, in pieces; a string is UTF-8. */
export type BodyPieces = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Options of a request. At most one of `body`, `json` and `form` may be given. */
export interface RequestOptions {
  /** The header fields. The client adds `Host` and the fields that the body needs, unless they are given. */
  readonly headers?: RequestFields;
  /** Names and values that are added to the query of the path. */
  readonly query?: RequestValues;
  /**
   * The body. Text is sent as UTF-8, and a `Blob` with its type. Pieces are sent in chunks: each as soon as
   * the iterable gives it and the server takes it.
   */
  readonly body?: string | Uint8Array | ArrayBuffer | Blob | BodyPieces;
  /** A value that is sent as JSON, with its `Content-Type`. */
  readonly json?: unknown;
  /** A form. Values are sent as `application/x-www-form-urlencoded`, a `FormData` as `multipart/form-data`. */
  readonly form?: RequestValues | FormData;
  /** The byte at which the client leaves or stalls; see {@linkcode Fault}. */
  readonly fault?: Fault;
}

/** A request, ready to be sent. */
export interface PreparedRequest {
  readonly method: string;
  readonly target: string;
  /** The head, and a body of known length. */
  readonly bytes: Uint8Array;
  /** The rest of the body, to be sent in chunks. */
  readonly pieces: BodyPieces | undefined;
}

interface Body {
  readonly bytes: Uint8Array;
  readonly type: string | undefined;
  readonly pieces: BodyPieces | undefined;
}

const NO_BYTES = new Uint8Array(0);
/** All options of a request; `method` is an option of `TestClient.open` alone. */
const OPTIONS = ["headers", "query", "body", "json", "form", "fault", "method"];
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;

/**
 * Makes the bytes of a request.
 *
 * @param method The method; upper case by custom, and sent as it is.
 * @param path The path and query, from the `/`; other characters than ASCII are percent-encoded.
 *   An absolute URL gives its host to `Host`.
 * @param options The rest of the request.
 * @param cookie The value of `Cookie`; empty for none.
 * @returns The request.
 * @throws {TypeError} For a part that cannot be sent.
 */
export async function prepareRequest(
  method: string,
  path: string,
  options: RequestOptions,
  cookie: string,
): Promise<PreparedRequest> {
  const { host, target } = splitTarget(method, path, options.query);
  const simple = plainBody(options);
  const body = simple ?? await readBody(options);
  const fields = fieldPairs(options.headers);
  const given = new Set(fields.map(([name]) => name.toLowerCase()));
  const add = (name: string, value: string) => {
    if (!given.has(name.toLowerCase())) fields.unshift([name, value]);
  };
  if (body.pieces !== undefined) add("Transfer-Encoding", "chunked");
  else if (body.bytes.length > 0 || hasBody(options) || /^(POST|PUT|PATCH)$/.test(method)) {
    if (!given.has("transfer-encoding")) add("Content-Length", String(body.bytes.length));
  }
  if (body.type !== undefined) add("Content-Type", body.type);
  if (cookie !== "") add("Cookie", cookie);
  add("Host", host);
  const head = `${method} ${target} HTTP/1.1\r\n${fields.map(fieldLine).join("")}\r\n`;
  const bytes = new Uint8Array(head.length + body.bytes.length);
  encodeLatin1(head, bytes, 0);
  bytes.set(body.bytes, head.length);
  return { method, target, bytes, pieces: body.pieces };
}

/**
 * Encodes text as UTF-8; bytes stay as they are.
 *
 * @param piece Text or bytes.
 * @returns The bytes.
 */
export function toBytes(piece: string | Uint8Array): Uint8Array {
  return typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
}

/**
 * Gives the header fields of a request as pairs.
 *
 * @param fields The fields, in any of the forms that a test may give.
 * @returns One pair for each line of the head.
 */
export function fieldPairs(fields: RequestFields | undefined): [string, string][] {
  if (fields === undefined) return [];
  if (isPieces(fields) && !(Symbol.asyncIterator in fields)) {
    return [...fields as Iterable<readonly [string, string]>].map((pair) => {
      if (!Array.isArray(pair)) throw optionError("A field of headers", pair, "[name, value]");
      return [pair[0], pair[1]];
    });
  }
  checkRecord("headers", fields, "a record of fields, pairs or a Headers");
  return Object.entries(fields as Record<string, string | readonly string[]>).flatMap(
    ([name, value]): [string, string][] =>
      Array.isArray(value) ? value.map((each) => [name, each]) : [[name, value as string]],
  );
}

/**
 * Checks the parts of a request that {@linkcode prepareRequest} does not convert.
 *
 * @param method The method.
 * @param path The path.
 * @param options The rest of the request.
 * @returns The options to read, without members that an app has added to `Object.prototype`.
 * @throws {TypeError} For a part of the wrong kind, or an unknown option.
 */
export function checkRequest<O extends RequestOptions>(
  method: string,
  path: string,
  options: O,
): O {
  if (!TOKEN.test(method)) throw optionError("The method", method, "a name such as GET");
  if (typeof path !== "string") throw optionError("The path", path, 'a string such as "/"');
  options = checkNames("options of a request", options, OPTIONS, {
    complaint: "Unknown option of a request",
    suggestions: { data: "body", params: "query" },
  });
  checkFault(options.fault);
  return options;
}

function checkFault(fault: Fault | undefined): void {
  if (fault === undefined) return;
  const { sent, received, then } = ownFault(fault) as Partial<Record<string, unknown>>;
  if ((sent === undefined) === (received === undefined)) {
    throw new TypeError("A fault has one place: give sent or received, a number of bytes");
  }
  const place = sent ?? received;
  if (typeof place !== "number" || !(place >= 0)) {
    throw optionError("The place of the fault", place, "a number of bytes, 0 or more");
  }
  if (then !== "fin" && then !== "reset" && then !== "stall") {
    throw optionError("then of the fault", then, '"fin", "reset" or "stall"');
  }
}

function splitTarget(
  method: string,
  path: string,
  query: RequestValues | undefined,
): { host: string; target: string } {
  const absolute = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(path);
  const host = absolute?.[1] ?? "localhost";
  let target = absolute === null ? path : absolute[2] || "/";
  if (target.startsWith("?")) target = `/${target}`;
  const isSpecial = target === "*" || method === "CONNECT";
  if (!isSpecial && !target.startsWith("/")) {
    throw new TypeError(`The path ${JSON.stringify(path)} does not begin with "/"`);
  }
  if (query !== undefined) {
    target += `${target.includes("?") ? "&" : "?"}${parameters(query)}`;
  }
  target = target.replace(/[^\x21-\x7e]+/g, (text) => encodeURIComponent(text));
  return { host, target };
}

function parameters(values: RequestValues): URLSearchParams {
  if (values instanceof URLSearchParams) return values;
  checkRecord("query or form", values, "a record of values, or a URLSearchParams");
  const pairs = Object.entries(values).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((each) => {
      if (/^(string|number|boolean)$/.test(typeof each)) return [name, String(each)];
      throw optionError(`The value of ${name}`, each, "a string, a number or a boolean");
    })
  );
  return new URLSearchParams(pairs);
}

/** Checks an object of values by name; the keys of a `Map` and of a promise would be none. */
function checkRecord(name: string, value: unknown, expected: string): void {
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value) &&
    (Object.keys(value).length > 0 || Object.prototype.toString.call(value) === "[object Object]");
  if (!isRecord) throw optionError(`${name} of a request`, value, expected);
}

function hasBody({ body, json, form }: RequestOptions): boolean {
  return body !== undefined || json !== undefined || form !== undefined;
}

/** A body that needs no promise; `undefined` for the others. */
function plainBody(options: RequestOptions): Body | undefined {
  const { body, json, form } = options;
  if ([body, json, form].filter((each) => each !== undefined).length > 1) {
    throw new TypeError("A request has one body: give one of body, json and form");
  }
  if (json !== undefined) {
    const text = JSON.stringify(json) as string | undefined;
    if (text === undefined) throw optionError("json of a request", json, "a value that JSON has");
    return known(text, "application/json");
  }
  if (form !== undefined && !(form instanceof FormData)) {
    return known(parameters(form).toString(), "application/x-www-form-urlencoded");
  }
  if (body === undefined && form === undefined) return known(NO_BYTES, undefined);
  if (typeof body === "string") return known(body, "text/plain;charset=UTF-8");
  if (body instanceof Uint8Array) return known(body, undefined);
  if (body instanceof ArrayBuffer) return known(new Uint8Array(body), undefined);
  return undefined;
}

function known(content: string | Uint8Array, type: string | undefined): Body {
  return { bytes: toBytes(content), type, pieces: undefined };
}

async function readBody({ body, form }: RequestOptions): Promise<Body> {
  const content = form ?? body;
  if (content instanceof FormData || content instanceof Blob) {
    // The runtime's own encoder makes the boundary of a form, and the type of both.
    const encoded = new Response(content);
    // Bun drops the field once the body was read.
    const type = encoded.headers.get("Content-Type") || undefined;
    return known(new Uint8Array(await encoded.arrayBuffer()), type);
  }
  if (isPieces(content)) return { bytes: NO_BYTES, type: undefined, pieces: content };
  throw new TypeError(
    `Cannot send ${String(content)} as a body: expected text, bytes, a Blob or an iterable of them`,
  );
}

function isPieces(content: unknown): content is BodyPieces {
  return typeof content === "object" && content !== null &&
    (Symbol.asyncIterator in content || Symbol.iterator in content);
}

function fieldLine([name, value]: readonly [string, string]): string {
  if (typeof value !== "string") throw optionError(`The field ${name}`, value, "a string");
  if (!TOKEN.test(name) || !/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) {
    const field = JSON.stringify(`${name}: ${value}`);
    throw new TypeError(
      `Cannot send the field ${field}: write it to client.raw(), which sends any bytes`,
    );
  }
  return `${name}: ${value}\r\n`;
}
