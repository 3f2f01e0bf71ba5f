/**
 * A `Request` whose members read the environ: the runtime's own request is made only if another member,
 * or another function of the runtime, asks for it.
 *
 * The trap: functions of a runtime, such as `fetch(request)` and `new Request(request)`, look for the state
 * of a request in the object itself. Node 20 and Deno keep it under symbols, which the prototype here passes
 * on to the runtime's own request; Bun reads the members. Later Nodes keep it in private fields, which no
 * other object can have, so {@linkcode requestOf} makes the runtime's request at once there.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

import type { Environ } from "../wsgi/mod.ts";
import { bodyBytes, bodyStream, hasRequestBody } from "./request_body.ts";
import { requestUrl } from "./request_url.ts";

/**
 * Makes the request of an environ.
 *
 * @param environ The environ.
 * @returns A `Request`, also for `instanceof`.
 * @throws {HTTPException} 400, if the target and the host make no URL.
 */
export function requestOf(environ: Environ): Request {
  if (canPassAsRequest() || FORBIDDEN_METHODS.has(environ.REQUEST_METHOD)) {
    return new LazyRequest(environ) as unknown as Request;
  }
  return wholeRequest(environ);
}

/** The methods that the constructor of `Request` refuses (Fetch standard, "forbidden method"). */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** The header fields of an environ. */
function headersOf(environ: Environ): Headers {
  const pairs: [string, string][] = [];
  if (environ.CONTENT_TYPE !== "") pairs.push(["content-type", environ.CONTENT_TYPE]);
  if (environ.CONTENT_LENGTH !== "") pairs.push(["content-length", environ.CONTENT_LENGTH]);
  for (const key in environ) {
    if (!key.startsWith("HTTP_")) continue;
    const value = environ[key];
    if (typeof value !== "string") continue;
    pairs.push([key.slice(5).toLowerCase().replaceAll("_", "-"), value]);
  }
  return new Headers(pairs);
}

/** The `init` of the runtime's own request. */
function initOf(environ: Environ, headers: Headers, isForbidden = false): RequestInit {
  const init: RequestInit & { duplex?: "half" } = {
    headers,
    signal: environ.cogen.signal as AbortSignal,
  };
  if (!isForbidden) init.method = environ.REQUEST_METHOD;
  if (hasRequestBody(environ) && !isForbidden) {
    init.body = bodyStream(environ);
    init.duplex = "half";
  }
  return init;
}

/** The runtime's own request, made at once, with the signal of the app's request. */
function wholeRequest(environ: Environ): Request {
  const init = initOf(environ, headersOf(environ));
  // The request's own signal follows this one, but an error of a listener there would end the process.
  // The descriptor inherits nothing, since an app may have added `get` to `Object.prototype`.
  const own: PropertyDescriptor = Object.create(null);
  Object.assign(own, { value: init.signal, configurable: true });
  return Object.defineProperty(new Request(requestUrl(environ), init), "signal", own);
}

/** The members that are read often; all others are those of the runtime's own request. */
class LazyRequest {
  readonly #environ: Environ;
  #url: string | undefined;
  #headers: Headers | undefined;
  /** True once the body was read here, and not through the runtime's own request. */
  #isBodyRead = false;
  #own: Request | undefined;

  constructor(environ: Environ) {
    this.#environ = environ;
    // Not every handler reads the URL, but a target that has none is answered before the handler runs.
    this.#url = requestUrl(environ);
  }

  /** The runtime's own request, with the same body and the same header fields. */
  static own(request: LazyRequest): Request {
    if (request.#own !== undefined) return request.#own;
    const environ = request.#environ;
    const isForbidden = FORBIDDEN_METHODS.has(environ.REQUEST_METHOD);
    const own = request.#own = new Request(
      request.url,
      initOf(environ, request.headers, isForbidden),
    );
    // Its body counts as used, and a copy of it fails as it should.
    if (request.#isBodyRead) own.arrayBuffer().catch(() => {});
    return own;
  }

  get method(): string {
    return this.#environ.REQUEST_METHOD;
  }

  get url(): string {
    return this.#url ??= requestUrl(this.#environ);
  }

  get headers(): Headers {
    return this.#headers ??= headersOf(this.#environ);
  }

  get signal(): AbortSignal {
    return this.#environ.cogen.signal as AbortSignal;
  }

  get body(): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    return hasRequestBody(this.#environ) ? LazyRequest.own(this).body : null;
  }

  get bodyUsed(): boolean {
    return this.#isBodyRead || (this.#own?.bodyUsed ?? false);
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (!hasRequestBody(this.#environ)) return new Uint8Array(0);
    if (this.#own !== undefined) return new Uint8Array(await this.#own.arrayBuffer());
    if (this.#isBodyRead) throw new TypeError("The body of the request has already been read");
    this.#isBodyRead = true;
    return await bodyBytes(this.#environ);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await this.bytes();
    return byteLength === buffer.byteLength
      ? buffer
      : buffer.slice(byteOffset, byteOffset + byteLength);
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** Gives the prototype all members of `Request` that it does not have, and passes them on. */
function inheritRequest(): void {
  const { prototype } = LazyRequest;
  const sample = new Request("http://localhost/");
  const keys = [...Reflect.ownKeys(Request.prototype), ...Object.getOwnPropertySymbols(sample)];
  for (const key of keys) {
    if (!Object.hasOwn(prototype, key)) Object.defineProperty(prototype, key, passedOn(key));
  }
  Object.setPrototypeOf(prototype, Request.prototype);
}

/** A member of the runtime's own request. */
function passedOn(key: string | symbol): PropertyDescriptor {
  const member = Object.getOwnPropertyDescriptor(Request.prototype, key);
  if (key === "constructor") return member as PropertyDescriptor;
  return {
    get(this: LazyRequest) {
      const own = LazyRequest.own(this);
      const value: unknown = Reflect.get(own, key);
      return typeof value === "function" && typeof key === "string" ? value.bind(own) : value;
    },
    set(this: LazyRequest, value: unknown) {
      Reflect.set(LazyRequest.own(this), key, value);
    },
    configurable: true,
  };
}

let passes: boolean | undefined;

/** Whether the constructor of `Request` takes a {@linkcode LazyRequest} for a request. Tried once. */
function canPassAsRequest(): boolean {
  return passes ??= tryToPass();
}

function tryToPass(): boolean {
  inheritRequest();
  const { signal } = new AbortController();
  const environ = {
    REQUEST_METHOD: "PUT",
    REQUEST_URI: "/a",
    CONTENT_TYPE: "a/b",
    CONTENT_LENGTH: "",
    HTTP_HOST: "localhost",
    "wsgi.url_scheme": "http",
    cogen: { signal },
  } as unknown as Environ;
  try {
    const copy = new Request(new LazyRequest(environ) as unknown as Request);
    return copy.method === "PUT" && copy.url === "http://localhost/a" &&
      copy.headers.get("content-type") === "a/b";
  } catch {
    return false;
  }
}
