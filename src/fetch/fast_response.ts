/**
 * A `Response` that keeps the status, the fields and the body as they were given. The runtime's own response is
 * made only if another member is asked for.
 *
 * Making a `Response`, and reading its headers and its body, is most of the work of a small fetch handler on
 * Node. The server takes the kept parts instead, with {@linkcode takeParts}.
 *
 * Invariants: a body of a string or bytes is kept as the source, and no code changes the bytes. Once
 * `headers` was read, that object has the fields; the runtime's own response gets them anew when it is used.
 *
 * @module
 */

import { optionError } from "../coroutine/mod.ts";
import { type BodySource, rememberSource, sourceOfStream, USED } from "./body_source.ts";
import type { HeaderFields } from "./fetch_info.ts";
import { OwnResponse } from "./own_response.ts";
import { passOn } from "./pass_on.ts";
import { entriesOf, type FieldList, listFields, TEXT, withType } from "./response_fields.ts";

type BodyGiven = ConstructorParameters<typeof Response>[0];
type InitGiven = ConstructorParameters<typeof Response>[1];

/** The parts of a response that was taken for sending. */
export interface ResponseParts {
  readonly status: number;
  readonly statusText: string;
  readonly fields: FieldList;
  readonly source: BodySource;
}

/** The statuses of responses that have no body (Fetch standard, "null body status"). */
const EMPTY_STATUSES: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
/** RFC 9112 §4, `reason-phrase`. */
const PHRASE = /^[\t -~\x80-\xff]*$/;
/** The media type that the runtime gives to JSON. */
const JSON_TYPE = OwnResponse.json(null).headers.get("content-type") ?? "application/json";

class LazyResponse {
  readonly #status: number = 200;
  readonly #statusText: string = "";
  /** The fields, until the headers are read. */
  #fields: FieldList = [];
  #headers: Headers | undefined;
  /** The body, if it is no stream or other object; `null` for none. */
  #source: BodySource | undefined;
  /** True once the source was taken for sending. */
  #isSent = false;
  #own: Response | undefined;

  constructor(body?: BodyGiven, init?: InitGiven) {
    const source = copiedSource(body);
    const parts = source === undefined ? undefined : plainStatus(init, source);
    if (parts === undefined) {
      const own = this.#own = new OwnResponse(body, init);
      this.#status = own.status;
      this.#statusText = own.statusText;
      if (typeof body === "object" && body !== null) this.#source = sourceOfStream(body);
      return;
    }
    this.#status = parts.status;
    this.#statusText = parts.statusText;
    this.#source = source;
    this.#fields = LazyResponse.#listed(init, typeof source === "string" ? TEXT : undefined);
  }

  /** The fields of an `init`, which may be another response. */
  static #listed(init: InitGiven, contentType: string | undefined): FieldList {
    return #fields in Object(init)
      ? withType(LazyResponse.#current(init as unknown as LazyResponse), contentType)
      : listFields(init?.headers as HeaderFields, contentType);
  }

  /** The fields as they are now. */
  static #current(response: LazyResponse): FieldList {
    if (response.#own === undefined && response.#headers === undefined) return response.#fields;
    return entriesOf(response.headers);
  }

  /** The runtime's own response, with the same fields. */
  static own(response: LazyResponse): Response {
    const headers = response.#headers;
    if (response.#own === undefined) {
      const [status, statusText] = [response.#status, response.#statusText];
      const init = { status, statusText, headers: response.#fields as [string, string][] };
      response.#own = new OwnResponse(response.#source, init);
      // Its body counts as used, and a copy of it fails as it should.
      if (response.#isSent) response.#own.arrayBuffer().catch(() => {});
    }
    const own = response.#own;
    if (headers !== undefined && headers !== own.headers) replaceFields(own.headers, headers);
    return own;
  }

  /** Takes the parts for sending; `undefined` if the body is a stream. */
  static take(response: LazyResponse): ResponseParts | undefined {
    const source = response.#source;
    if (source === undefined) return undefined;
    if (source !== null) {
      if (response.#isSent) throw new TypeError(USED);
      const own = response.#own;
      if (own !== undefined) {
        if (own.bodyUsed || own.body?.locked === true) throw new TypeError(USED);
        own.body?.getReader();
      }
      response.#isSent = true;
    }
    const [status, statusText] = [response.#status, response.#statusText];
    return { status, statusText, fields: LazyResponse.#current(response), source };
  }

  /** Whether a value is an instance, and no other kind of response. */
  static is(value: object): value is LazyResponse {
    return #source in value;
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    if (this === LazyResponse) return value instanceof OwnResponse;
    return Object.prototype.isPrototypeOf.call(this.prototype, Object(value));
  }

  static json(data: unknown, init?: InitGiven): LazyResponse {
    const text = JSON.stringify(data) as string | undefined;
    if (text === undefined) throw new TypeError("The data of Response.json has no JSON");
    const { status = 200, statusText = "" } = init ?? {};
    const made = new LazyResponse(text, { status, statusText });
    const fields = LazyResponse.#listed(init, JSON_TYPE);
    if (made.#own === undefined) made.#fields = fields;
    else replaceFields(made.headers, new Headers(fields as [string, string][]));
    return made;
  }

  get status(): number {
    return this.#status;
  }

  get statusText(): string {
    return this.#statusText;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  get type(): string {
    return "default";
  }

  get url(): string {
    return "";
  }

  get redirected(): boolean {
    return false;
  }

  get headers(): Headers {
    return this.#headers ??= this.#own?.headers ?? new Headers(this.#fields as [string, string][]);
  }

  get body(): Response["body"] {
    if (this.#source === null) return null;
    const { body } = LazyResponse.own(this);
    if (this.#source !== undefined && body !== null) rememberSource(body, this.#source);
    return body;
  }

  get bodyUsed(): boolean {
    return this.#isSent || (this.#own?.bodyUsed ?? false);
  }

  clone(): LazyResponse {
    const [status, statusText] = [this.#status, this.#statusText];
    const copy = new LazyResponse(null, { status, statusText });
    // The runtime's own response refuses a copy of a body that was read.
    if (this.#own !== undefined || this.#isSent) copy.#own = LazyResponse.own(this).clone();
    else copy.#fields = LazyResponse.#current(this);
    copy.#source = this.#source;
    return copy;
  }
}

passOn(LazyResponse.prototype, new OwnResponse("a"), LazyResponse.own);
Object.setPrototypeOf(LazyResponse, OwnResponse);

/** The body as a source that nothing changes later; `undefined` for a stream and other objects. */
function copiedSource(body: unknown): BodySource | undefined {
  if (body === undefined || body === null) return null;
  if (typeof body === "string") return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body.slice(0));
  if (ArrayBuffer.isView(body) && body.buffer instanceof ArrayBuffer) {
    const { buffer, byteOffset, byteLength } = body;
    return new Uint8Array(buffer.slice(byteOffset, byteOffset + byteLength));
  }
  return undefined;
}

/** The status of an `init`; `undefined` if the runtime must convert or refuse it. */
function plainStatus(
  init: InitGiven,
  source: BodySource,
): { readonly status: number; readonly statusText: string } | undefined {
  if (init === undefined || init === null) return { status: 200, statusText: "" };
  if (typeof init !== "object") return undefined;
  const { status = 200, statusText = "" } = init as Partial<Record<string, unknown>>;
  if (typeof status !== "number" || !Number.isInteger(status)) return undefined;
  if (status < 200 || status > 599 || (source !== null && EMPTY_STATUSES.has(status))) {
    return undefined;
  }
  if (typeof statusText !== "string" || !PHRASE.test(statusText)) return undefined;
  return { status, statusText };
}

/** Gives the first headers the fields of the second ones. */
function replaceFields(target: Headers, source: Headers): void {
  for (const [name] of entriesOf(target)) target.delete(name);
  source.forEach((value, name) => target.append(name, value));
}

/**
 * Takes the status, the fields and the body of a {@linkcode FastResponse} for sending.
 *
 * @param response The result of a handler.
 * @returns The parts; the runtime's own response, if its body is a stream or another object; `undefined` for
 *   a response of another class.
 * @throws {TypeError} If the body was read or sent already, or is locked.
 */
export function takeParts(response: unknown): ResponseParts | Response | undefined {
  if (typeof response !== "object" || response === null || !LazyResponse.is(response)) {
    return undefined;
  }
  return LazyResponse.take(response) ?? LazyResponse.own(response);
}

/**
 * A `Response` that costs little to make and to send by {@linkcode fromFetch}: the runtime's own response is
 * made only if the handler, or a middleware, asks for more than the status, the headers, and a body that is a
 * string or bytes.
 *
 * It is a `Response` for `instanceof`, and has all members of the runtime's own. `new Response(old.body, old)`
 * keeps the `Content-Length` of the old one. A string has the media type `text/plain;charset=UTF-8`, also on
 * Bun. Functions of the runtime that take a response, such as `Bun.serve`, may need the runtime's own.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { FastResponse, fromFetch } from "@x/cogen-wsgi/fetch";
 * import { testClient } from "@x/cogen-wsgi/testing";
 *
 * assert(new FastResponse("hello") instanceof Response);
 * await using client = testClient(fromFetch(() => new FastResponse("hello", { status: 201 })));
 * const response = await client.get("/");
 * assertEquals([response.status, response.text], [201, "hello"]);
 * ```
 */
export const FastResponse: typeof Response = LazyResponse as unknown as typeof Response;

/**
 * Replaces the class `Response` of the whole program by {@linkcode FastResponse}, so that the frameworks that
 * are loaded use it as well.
 *
 * @param scope The global object: `globalThis`.
 * @returns A function that puts the replaced class back.
 * @throws {TypeError} If the argument has no class `Response`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FastResponse, installFastResponse } from "@x/cogen-wsgi/fetch";
 *
 * const restore = installFastResponse(globalThis);
 * assertEquals(Response, FastResponse);
 * restore();
 * ```
 */
export function installFastResponse(scope: object): () => void {
  const replaced = Object.getOwnPropertyDescriptor(Object(scope), "Response");
  if (replaced === undefined) {
    throw optionError("The scope of installFastResponse", scope, "globalThis");
  }
  Object.defineProperty(scope, "Response", {
    value: FastResponse,
    writable: true,
    enumerable: replaced.enumerable ?? false,
    configurable: true,
  });
  return () => void Object.defineProperty(scope, "Response", replaced);
}
