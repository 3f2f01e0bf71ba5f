/**
 * The promises of the reading of a request's body: each gets a handler for its rejection where it is made.
 *
 * The client decides whether its body comes whole and is well-formed. A handler that drops the promise of a read
 * must not end the process when its client leaves. A handler that awaits the promise gets the rejection as before.
 *
 * The trap: the functions of a runtime read a body without its public methods, so a promise such as that of
 * `new Response(request.body).text()` is out of reach.
 *
 * `lazy_request.ts` calls this.
 *
 * @module
 */

type Method = (this: unknown, ...given: unknown[]) => unknown;

/** The methods of a request that read its body. */
const READING = ["arrayBuffer", "blob", "bytes", "formData", "json", "text"] as const;

/** The streams whose methods have been replaced. */
const handled = new WeakSet<object>();

/**
 * Replaces the methods of a request that read its body, also those of its stream and of its copies.
 *
 * @param owner The owner of the methods: a request, or the prototype of a class.
 * @returns The owner.
 */
export function handleBodies<T extends object>(owner: T): T {
  for (const name of READING) wrap(owner, name, handle);
  wrap(owner, "clone", (copy) => handleBodies(copy as Request));
  const body = getterOf(owner, "body") as (this: unknown) => ReadableStream | null;
  Object.defineProperty(owner, "body", {
    configurable: true,
    get(this: unknown) {
      return handleStream(Reflect.apply(body, this, []));
    },
  });
  return owner;
}

function handleStream<T extends ReadableStream | null>(stream: T): T {
  if (stream === null || handled.has(stream)) return stream;
  handled.add(stream);
  wrap(stream, "getReader", handleReader);
  wrap(stream, "pipeTo", handle);
  wrap(stream, "tee", (branches) => (branches as ReadableStream[]).forEach(handleStream));
  wrap(stream, "values", handleSteps);
  wrap(stream, Symbol.asyncIterator, handleSteps);
  return stream;
}

function handleReader(reader: unknown): void {
  handle((reader as ReadableStreamDefaultReader).closed);
  wrap(reader as object, "read", handle);
}

function handleSteps(iterator: unknown): void {
  wrap(iterator as object, "next", handle);
}

function handle(promise: unknown): void {
  (promise as Promise<unknown>).catch(() => {});
}

/** Gives an object a method that shows each result of the old one to `see`. */
function wrap(owner: object, name: PropertyKey, see: (result: unknown) => void): void {
  const method = Reflect.get(owner, name) as Method | undefined;
  if (method === undefined) return;
  // Bun's own methods are not configurable, so only the value of a method that is here changes.
  const flags = Object.hasOwn(owner, name) ? {} : { configurable: true, writable: true };
  Object.defineProperty(owner, name, {
    ...flags,
    value(this: unknown, ...given: unknown[]): unknown {
      const result = Reflect.apply(method, this, given);
      see(result);
      return result;
    },
  });
}

/** The getter of a member, of an object or of its prototypes. */
function getterOf(owner: object, name: string): unknown {
  for (
    let holder: unknown = owner;
    holder !== null;
    holder = Reflect.getPrototypeOf(holder as object)
  ) {
    const getter = Reflect.getOwnPropertyDescriptor(holder as object, name)?.get;
    if (getter !== undefined) return getter;
  }
  throw new TypeError(`A request of this runtime has no getter of ${name}`);
}
