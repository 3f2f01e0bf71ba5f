/**
 * A `Request` whose members read the environ: the runtime's own request is made only if another member,
 * or another function of the runtime, asks for it.
 *
 * The trap: functions of a runtime, such as `fetch(request)` and `new Request(request)`, look for the state
 * of a request in the object itself, as `pass_on.ts` says; only Bun reads the members. Later Nodes take no
 * other object for a request, so {@linkcode requestOf} makes a subclass of the runtime's request there. Its
 * signal is made when it is read, so that a copy that such a function makes does not follow it.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

import { builtinModule } from "../../adapters/shared/builtin_module.ts";
import type { Environ } from "../wsgi/mod.ts";
import { handleBodies } from "./handled_reading.ts";
import { passOn } from "./pass_on.ts";
import { BODY_METHODS, bodyBytes, bodyStream, hasRequestBody } from "./request_body.ts";
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
  return new WholeRequest(environ);
}

/** The methods that the constructor of `Request` refuses (Fetch standard, "forbidden method"). */
const FORBIDDEN_METHODS: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/** Adds the header fields of an environ, each name once. */
function addFields(headers: Headers, environ: Environ): Headers {
  if (environ.CONTENT_TYPE !== "") headers.append("content-type", environ.CONTENT_TYPE);
  if (environ.CONTENT_LENGTH !== "") headers.append("content-length", environ.CONTENT_LENGTH);
  for (const key in environ) {
    if (!key.startsWith("HTTP_")) continue;
    const value = environ[key];
    if (typeof value === "string") headers.append(fieldName(key), value);
  }
  return headers;
}

/** The names of fields by their keys in an environ. Clients choose the keys, so their number is bounded. */
const fieldNames = new Map<string, string>();
const MAX_FIELD_NAMES = 200;

function fieldName(key: string): string {
  const known = fieldNames.get(key);
  if (known !== undefined) return known;
  const name = key.slice(5).toLowerCase().replaceAll("_", "-");
  if (fieldNames.size < MAX_FIELD_NAMES) fieldNames.set(key, name);
  return name;
}

/** The `init` of the runtime's own request, without a signal and fields; `undefined` for a GET without a body. */
function initOf(environ: Environ): RequestInit | undefined {
  const hasNone = environ.REQUEST_METHOD === "GET" && !hasRequestBody(environ);
  if (hasNone || FORBIDDEN_METHODS.has(environ.REQUEST_METHOD)) return undefined;
  const init: RequestInit & { duplex?: "half" } = {};
  init.method = environ.REQUEST_METHOD;
  if (hasRequestBody(environ)) {
    init.body = bodyStream(environ);
    init.duplex = "half";
  }
  return init;
}

/**
 * The runtime's own request, made at once. Only the signal is made when it is read: it costs as much as all
 * other members (`npm run bench -- --workload hello --contender fromFetch --runtime currentNode`). Fields that are
 * appended cost half of those in an `init`, whose conversion reads many members.
 */
class WholeRequest extends Request {
  readonly #environ: Environ;
  /** The stream that the body was made of. A copy of the request puts another one in its place. */
  readonly #stream: unknown;
  /** True once the body was read here, and not through its stream. */
  #isBodyRead = false;

  constructor(environ: Environ) {
    const init = initOf(environ);
    super(requestUrl(environ), init);
    addFields(this.headers, environ);
    this.#environ = environ;
    this.#stream = init?.body;
  }

  override clone(): Request {
    return new Request(super.clone(), { signal: this.signal });
  }

  /**
   * Reads a body without its stream, which costs a seventh of a small request
   * (`npm run bench -- --workload post --contender fromFetch --runtime currentNode`). Returns `undefined` if the
   * stream is needed.
   */
  #take(): Promise<Uint8Array<ArrayBuffer>> | undefined {
    const body = Reflect.get(Request.prototype, "body", this) as Request["body"];
    if (body === null || body !== this.#stream || body.locked || this.bodyUsed) return undefined;
    this.#isBodyRead = true;
    // The functions of the runtime find the body locked.
    body.getReader();
    return bodyBytes(this.#environ);
  }

  static {
    // Declarations of a runtime may have a property here, which a member of a class cannot override.
    const { prototype } = this;
    const isUsed = Object.getOwnPropertyDescriptor(Request.prototype, "bodyUsed")?.get;
    define(prototype, "signal", {
      get(this: WholeRequest) {
        return this.#environ.cogen.signal;
      },
    });
    define(prototype, "bodyUsed", {
      get(this: WholeRequest) {
        return this.#isBodyRead || isUsed?.call(this);
      },
    });
    for (const [name, convert] of Object.entries(BODY_METHODS)) {
      const inherited = Reflect.get(Request.prototype, name) as (() => unknown) | undefined;
      if (inherited === undefined) continue;
      define(prototype, name, {
        value(this: WholeRequest) {
          const bytes = this.#take();
          return bytes === undefined ? Reflect.apply(inherited, this, []) : convert(bytes);
        },
      });
    }
    handleBodies(this.prototype);
  }
}

function define(owner: object, name: string, member: PropertyDescriptor): void {
  Object.defineProperty(owner, name, { ...member, configurable: true });
}

/**
 * Gives the base of {@linkcode LazyRequest}. `new Request(request, init)` of Bun takes the method of its first
 * argument only from an object of the runtime, of whatever class: any other request would become a GET. This class
 * costs least there (24 ns).
 */
function baseOfRuntime(): new () => object {
  try {
    if (builtinModule<unknown>("bun") !== undefined) return TextDecoder;
  } catch {
    // A Node before 20.16 loads no module in this way.
  }
  return class {};
}

const Base = baseOfRuntime();

/** The members that are read often; all others are those of the runtime's own request. */
class LazyRequest extends Base {
  readonly #environ: Environ;
  #url: string | undefined;
  #headers: Headers | undefined;
  /** True once the body was read here, and not through the runtime's own request. */
  #isBodyRead = false;
  #own: Request | undefined;

  constructor(environ: Environ) {
    super();
    this.#environ = environ;
    // Not every handler reads the URL, but a target that has none is answered before the handler runs.
    this.#url = requestUrl(environ);
  }

  /** The runtime's own request, with the same body and the same header fields. */
  static own(request: LazyRequest): Request {
    if (request.#own !== undefined) return request.#own;
    const environ = request.#environ;
    const { headers, signal } = request;
    const init = { ...initOf(environ), headers, signal };
    const own = request.#own = new Request(request.url, init);
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
    return this.#headers ??= addFields(new Headers(), this.#environ);
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

  clone(): Request {
    return LazyRequest.own(this).clone() as Request;
  }

  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    if (!hasRequestBody(this.#environ)) return new Uint8Array(0);
    if (this.#own !== undefined) return new Uint8Array(await this.#own.arrayBuffer());
    if (this.#isBodyRead) throw new TypeError("The body of the request has already been read");
    this.#isBodyRead = true;
    return await bodyBytes(this.#environ);
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return BODY_METHODS.arrayBuffer(this.bytes());
  }

  text(): Promise<string> {
    return BODY_METHODS.text(this.bytes());
  }

  json(): Promise<unknown> {
    return BODY_METHODS.json(this.bytes());
  }

  async blob(): Promise<Blob> {
    const blob = await LazyRequest.own(this).blob();
    // Bun gives the blob of a stream no type.
    if (blob.type !== "") return blob;
    return blob.slice(0, blob.size, this.headers.get("content-type") ?? "");
  }
}

let passes: boolean | undefined;

/** Whether the constructor of `Request` takes a {@linkcode LazyRequest} for a request. Tried once. */
function canPassAsRequest(): boolean {
  return passes ??= tryToPass();
}

function tryToPass(): boolean {
  passOn(LazyRequest.prototype, new Request("http://localhost/"), LazyRequest.own);
  handleBodies(LazyRequest.prototype);
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
