/**
 * Apps with one hostile value or one throw, at each place where the engine touches a thing that an app
 * gave. Each is to cost its own request only, and one entry of the log.
 */

import { Sleep } from "../../src/coroutine/mod.ts";
import { eventStream } from "../../src/sse/mod.ts";
import {
  type Environ,
  HTTPException,
  type StartResponse,
  type WSGIApp,
} from "../../src/wsgi/mod.ts";

/** The error of each app. */
export const FAULT = "hostile fault";

/** An app without types. */
type Hostile = (environ: Environ, start: StartResponse) => unknown;

/** Throws the fault. */
export const fault = (): never => {
  throw new Error(FAULT);
};

const rejected = () => Promise.reject(new Error(FAULT));
/** A promise that rejects after the request has ended. */
const rejectedLater = () =>
  new Promise((_, reject) => void setTimeout(() => reject(new Error(FAULT)), 1));

/** A proxy on which each use fails, `typeof` excepted. */
export function revoked(target: object = {}): unknown {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** An object with a member that throws when it is read. */
export const trapped = (name: PropertyKey, rest: object = {}): object =>
  Object.defineProperty({ ...rest }, name, { get: fault, enumerable: true });

const ok = (start: StartResponse) => start("200 OK", [["Content-Type", "text/plain"]]);

/** An app that starts its response and then gives `make()`. */
const gives = (make: (environ: Environ) => unknown): Hostile => (environ, start) => {
  ok(start);
  return make(environ);
};

/** A generator that yields `make()`. */
const yields = (make: (environ: Environ) => unknown): Hostile =>
  function* (environ, start) {
    ok(start);
    yield make(environ);
    yield "end";
  };

/** A generator that calls a control of the request. */
const does = (act: (environ: Environ, start: StartResponse) => unknown): Hostile =>
  function* (environ, start) {
    act(environ, start);
    ok(start);
    yield "end";
  };

const throws = (make: () => unknown): Hostile =>
  function* () {
    throw make();
  };

const withIterator = (iterator: object | (() => unknown), rest: object = {}) =>
  Object.assign(Object.create(rest), {
    [Symbol.iterator]: typeof iterator === "function" ? iterator : () => iterator,
  });

const steps = (...given: unknown[]) => {
  const rest = [...given];
  return () => rest.length > 0 ? rest.shift() : { done: true, value: undefined };
};

const withClose = (close: unknown) => Object.assign(["a"], { close });

const hostileError = (name: string) => Object.defineProperty(new Error("x"), name, { get: fault });

const detached = () => {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
};

class LyingBytes extends Uint8Array {
  override get length(): number {
    return 5;
  }
}

const operation = (members: object) => ({
  name: "hostile",
  start: (resume: { value(value: unknown): void }) => resume.value(1),
  ...members,
});

const pair = (first: unknown, second: unknown) => [[first, second]] as never;

const ERRORS: Readonly<Record<string, Hostile>> = {
  "an error with a stack that throws": throws(() => hostileError("stack")),
  "an error with a name that throws": throws(() => hostileError("name")),
  "an error with a message that throws": throws(() => hostileError("message")),
  "an error with a cause that throws": throws(() => hostileError("cause")),
  "an AggregateError with errors that throw": throws(() =>
    Object.defineProperty(new AggregateError([]), "errors", { get: fault })
  ),
  "a revoked proxy": throws(() => revoked()),
  "an object with a toString that throws": throws(() => ({ toString: fault })),
  "an object without a prototype": throws(() => Object.create(null)),
  "nothing": throws(() => undefined),
  "a symbol": throws(() => Symbol("thrown")),
  "a promise": throws(rejectedLater),
  "an HTTPException with a header that is a promise": () => {
    throw new HTTPException(404, pair("A", rejected()));
  },
  "an HTTPException with a status that is a promise": () => {
    throw new HTTPException(rejected() as never);
  },
  "an HTTPException with a body that is a promise": () => {
    throw new HTTPException(404, [], rejectedLater() as never);
  },
  "an HTTPException with headers that throw": throws(() =>
    Object.defineProperty(new HTTPException(404), "headers", { get: fault })
  ),
  "an HTTPException with a status that throws itself": throws(() => {
    const error = new HTTPException(404);
    return Object.defineProperty(error, "status", {
      get: () => {
        throw error;
      },
    });
  }),
  "a frozen error": throws(() => Object.freeze(new Error(FAULT))),
  "a REQUEST_METHOD that is a symbol": does((environ) => {
    environ.REQUEST_METHOD = Symbol("x") as never;
    fault();
  }),
  "a REQUEST_URI without a text": does((environ) => {
    environ.REQUEST_URI = environ.PATH_INFO = Object.create(null) as never;
    fault();
  }),
  "an environ without its names": does((environ) => {
    for (const name of Object.keys(environ)) {
      delete (environ as unknown as Record<string, unknown>)[name];
    }
    fault();
  }),
  "an environ of getters that throw": does((environ) => {
    for (const name of Object.keys(environ)) Object.defineProperty(environ, name, { get: fault });
    fault();
  }),
  "a frozen environ": does((environ) => {
    Object.freeze(environ);
    fault();
  }),
};

const ITERABLES: Readonly<Record<string, Hostile>> = {
  "the app throws": fault,
  "the app rejects": rejected,
  "a thenable with a then that throws": gives(() => ({ then: fault })),
  "a thenable with a then getter that throws": gives(() => trapped("then")),
  "a revoked proxy as the iterable": gives(() => revoked([])),
  "a number": gives(() => 5),
  "a generator that returns a promise": function* (_environ, start) {
    ok(start);
    yield "a";
    return rejected();
  },
  "an array of a promise": gives(() => ["a", rejected()]),
  "an array of promises": gives(() => [rejected(), "a", rejectedLater()]),
  "a promise as the file": gives((environ) =>
    environ["wsgi.file_wrapper"](rejectedLater() as never)
  ),
  "a Symbol.asyncIterator that gives a promise": gives(() => ({
    [Symbol.asyncIterator]: rejected,
  })),
  "a promise of nothing": gives(() => Promise.resolve()),
  "a Symbol.iterator getter that throws": gives(() => trapped(Symbol.iterator)),
  "a Symbol.asyncIterator getter that throws": gives(() => trapped(Symbol.asyncIterator)),
  "a Symbol.iterator that throws": gives(() => withIterator(fault)),
  "a Symbol.iterator that gives nothing": gives(() => withIterator(() => undefined)),
  "a Symbol.iterator that is no function": gives(() => ({ [Symbol.iterator]: 5 })),
  "a next getter that throws": gives(() => withIterator(trapped("next"))),
  "no next": gives(() => withIterator({})),
  "a next that throws": gives(() => withIterator({ next: fault })),
  "a next that gives nothing": gives(() => withIterator({ next: () => undefined })),
  "a next that gives a number": gives(() => withIterator({ next: () => 5 })),
  "a next that rejects": gives(() => withIterator({ next: rejected })),
  "a next that resolves to a number": gives(() => withIterator({ next: () => Promise.resolve(5) })),
  "a step with a done getter that throws": gives(() =>
    withIterator({ next: steps(trapped("done", { value: "a" })) })
  ),
  "a step with a value getter that throws": gives(() =>
    withIterator({ next: steps(trapped("value", { done: false })) })
  ),
  "a step with a then getter that throws": gives(() =>
    withIterator({ next: steps(trapped("then")) })
  ),
  "a promised step with a value getter that throws": gives(() => ({
    [Symbol.asyncIterator]: () => ({
      next: steps(Promise.resolve(trapped("value", { done: false }))),
    }),
  })),
  "an iterator without throw, and a refused block": gives(() =>
    withIterator({ next: steps({ done: false, value: 5 }) })
  ),
  "a throw getter that throws": gives(() =>
    withIterator(trapped("throw", { next: steps({ done: false, value: 5 }) }))
  ),
  "a close getter that throws": gives(() => Object.defineProperty(["a"], "close", { get: fault })),
  "a close that throws": gives(() => withClose(fault)),
  "a close that rejects": gives(() => withClose(rejected)),
  "a close that is no function": gives(() => withClose(5)),
  "a close that gives a then that throws": gives(() => withClose(() => ({ then: fault }))),
  "a close that gives a then getter that throws": gives(() => withClose(() => trapped("then"))),
  "a close getter that throws, of an iterator": gives(() =>
    withIterator({ next: steps({ done: false, value: "a" }) }, trapped("close"))
  ),
  "a close getter that throws the second time": gives(() => {
    let reads = 0;
    return Object.defineProperty(["a"], "close", { get: () => reads++ === 0 ? () => {} : fault() });
  }),
  "an array of a getter that throws": gives(() => Object.defineProperty(["a"], 0, { get: fault })),
  "an array with a Symbol.iterator that throws": gives(() =>
    Object.assign(["a", "b"], { [Symbol.iterator]: fault })
  ),
  "an array of a number": gives(() => ["a", 5]),
  "a sparse array": gives(() => new Array(2)),
  "a proxy of an array that throws": gives(() => new Proxy(["a"], { get: fault })),
};
const BLOCKS: Readonly<Record<string, Hostile>> = {
  "a number": yields(() => 5),
  "a symbol": yields(() => Symbol("x")),
  "a revoked proxy": yields(() => revoked()),
  "a proxy of a Uint8Array": yields(() => new Proxy(new Uint8Array(3), {})),
  "a revoked proxy of a Uint8Array": yields(() => revoked(new Uint8Array(3))),
  "an object with the prototype of a Uint8Array": yields(() => Object.create(Uint8Array.prototype)),
  "an array that was transferred": yields(detached),
  "an array in a list that was transferred": gives(() => ["a", detached()]),
  "a subclass with a length of its own": yields(() => new LyingBytes(3)),
  "an array with a length of its own": yields(() =>
    Object.defineProperty(new Uint8Array(3), "length", { value: 2 })
  ),
  "an array with a length getter that throws": yields(() =>
    Object.defineProperty(new Uint8Array(3), "length", { get: fault })
  ),
  "a then getter that throws": yields(() => trapped("then")),
  "a then that throws": yields(() => ({ then: fault })),
  "a promise that rejects": yields(rejected),
  "a thenable that resolves to a promise that rejects": yields(() => ({
    then: (resolve: (value: unknown) => void) => resolve(rejected()),
  })),
  "a return value that is no block": function* (_environ, start) {
    ok(start);
    return 5;
  },
  "write of a number": does((_environ, start) => ok(start)(5 as never)),
  "write of a revoked proxy": does((_environ, start) => ok(start)(revoked() as never)),
};

const OPERATIONS: Record<string, Hostile> = {};
const HOSTILE_OPERATIONS: Readonly<Record<string, () => unknown>> = {
  "a start that throws": () => operation({ start: fault }),
  "a start that rejects": () => operation({ start: rejected }),
  "a start getter that throws": () => trapped("start"),
  "a priority getter that throws": () => trapped("priority", operation({})),
  "a priority that is a symbol": () => operation({ priority: Symbol("x") }),
  "an error without a text": () =>
    operation({ start: (resume: { error(e: unknown): void }) => resume.error(revoked()) }),
  "a deadline that throws": () =>
    operation({
      start: (resume: { setDeadline(ms: number, end: () => void): void }) =>
        resume.setDeadline(1, fault),
    }),
  "a generator that throws": () =>
    (function* () {
      fault();
    })(),
  "a coroutine with a done getter that throws": () => ({ next: () => trapped("done") }),
};
for (const [what, make] of Object.entries(HOSTILE_OPERATIONS)) {
  OPERATIONS[`yielded: ${what}`] = yields(make);
  OPERATIONS[`planned: ${what}`] = function* (environ, start) {
    ok(start);
    environ.cogen.operation = make() as never;
    yield "";
    if (environ.cogen.exception !== undefined) throw environ.cogen.exception;
    yield "end";
  };
  OPERATIONS[`run: ${what}`] = async function* (environ, start) {
    ok(start);
    await environ.cogen.run(make() as never);
    yield "end";
  };
}

const HEADS: Readonly<Record<string, Hostile>> = {
  "a status that is a symbol": does((_environ, start) => start(Symbol("x") as never, [])),
  "a status without a text": does((_environ, start) => start(Object.create(null) as never, [])),
  "a status that is a revoked proxy": does((_environ, start) => start(revoked() as never, [])),
  "headers that are a revoked proxy": does((_environ, start) =>
    start("200 OK", revoked([]) as never)
  ),
  "headers that are no list": does((_environ, start) => start("200 OK", { length: 1 } as never)),
  "headers with an iterator that throws": does((_environ, start) =>
    start("200 OK", Object.assign([], { [Symbol.iterator]: fault }))
  ),
  "a field that is a revoked proxy": does((_environ, start) =>
    start("200 OK", [revoked([]) as never])
  ),
  "a field with a getter that throws": does((_environ, start) =>
    start("200 OK", [Object.defineProperty(["A", "b"], 1, { get: fault }) as never])
  ),
  "a name that is a symbol": does((_environ, start) => start("200 OK", pair(Symbol("x"), "a"))),
  "a value without a text": does((_environ, start) =>
    start("200 OK", pair("A", Object.create(null)))
  ),
  "an excInfo that is a revoked proxy": does((_environ, start) => {
    ok(start)("sent");
    start("500 Fault", [], revoked());
  }),
  "a status that is a promise": does((_environ, start) => start(rejectedLater() as never, [])),
  "headers that are a promise": does((_environ, start) => start("200 OK", rejected() as never)),
  "a field that is a promise": does((_environ, start) => start("200 OK", [rejected() as never])),
  "a value that is a promise": does((_environ, start) =>
    start("200 OK", pair("A", rejectedLater()))
  ),
  "a status and headers that are promises": does((_environ, start) =>
    start(rejectedLater() as never, rejected() as never)
  ),
  "a status and a field that are promises": does((_environ, start) =>
    start(rejected() as never, pair("A", rejectedLater()))
  ),
  "headers in an object with promises": does((_environ, start) =>
    start("200 OK", { a: rejected(), b: rejectedLater() } as never)
  ),
  "an excInfo that is a promise": does((_environ, start) => {
    ok(start);
    start("500 Fault", [], rejectedLater());
    fault();
  }),
  "an excInfo that is a promise, after the head": does((_environ, start) => {
    ok(start)("sent");
    start("500 Fault", [], rejected());
  }),
  "headers in a text beside an excInfo of promises": does((_environ, start) => {
    start("200 OK", "headers" as never, [rejected(), rejectedLater()]);
  }),
  "two starts": does((_environ, start) => ok(start) && ok(start)),
};

const CONTROLS: Readonly<Record<string, Hostile>> = {
  "inform with a status without a text": does(({ cogen }) => cogen.inform(revoked() as never, [])),
  "inform with fields that throw": does(({ cogen }) =>
    cogen.inform(103, [Object.defineProperty(["A", "b"], 1, { get: fault }) as never])
  ),
  "inform with the promise of a value": does(({ cogen }) =>
    cogen.inform(103, pair("A", rejected()))
  ),
  "inform with a status that is a promise": does(({ cogen }) =>
    cogen.inform(rejected() as never, [])
  ),
  "a read of a promise": function* (environ) {
    yield* environ["wsgi.input"].read(rejected() as never);
  },
  "setTimeouts with two promises": does(({ cogen }) =>
    cogen.setTimeouts({ body: rejected(), write: rejectedLater() } as never)
  ),
  "options of an operation with two promises": function* () {
    yield* Sleep({ seconds: rejected(), minutes: rejectedLater() } as never);
  },
  "an event of promises": (environ, start) =>
    eventStream(environ, start, [{ data: rejected(), id: rejectedLater() } as never]),
  "an event of objects of promises": (environ, start) =>
    eventStream(environ, start, [{ data: { a: rejected() }, event: [rejectedLater()] } as never]),
  "setTrailers with a promise": does(({ cogen }) => cogen.setTrailers(rejectedLater() as never)),
  "a listener of onWait that rejects": function* ({ cogen }, start) {
    cogen.onWait(rejected as never);
    yield* cogen.wait(Sleep(0));
    ok(start);
    yield "end";
  },
  "report of a promise": does(({ cogen }) => cogen.report(rejectedLater())),
  "inform with a revoked proxy": does(({ cogen }) => cogen.inform(103, revoked([]) as never)),
  "setTrailers with a revoked proxy": does(({ cogen }) => cogen.setTrailers(revoked([]) as never)),
  "setTimeouts with a getter that throws": does(({ cogen }) =>
    cogen.setTimeouts(trapped("request") as never)
  ),
  "setTimeouts with a revoked proxy": does(({ cogen }) => cogen.setTimeouts(revoked() as never)),
  "report of a revoked proxy": does(({ cogen }) => cogen.report(revoked())),
  "report of an error with a stack that throws": does(({ cogen }) =>
    cogen.report(hostileError("stack"))
  ),
  "takeSocket without an upgrade": does(({ cogen }) => cogen.takeSocket([], fault as never)),
  "wait for a revoked proxy": function* (environ, start) {
    ok(start);
    yield* environ.cogen.wait(revoked() as never);
  },
  "call of a function that throws": function* (environ, start) {
    ok(start);
    yield environ.cogen.call(fault)();
    throw environ.cogen.exception;
  },
  "a close of cogen that throws": does(({ cogen }) => Object.assign(cogen, { close: fault })),
  "a flush of wsgi.errors that throws": does((environ) => {
    Object.assign(environ["wsgi.errors"], { flush: fault });
    fault();
  }),
  "a file_wrapper of a revoked proxy": gives((environ) =>
    environ["wsgi.file_wrapper"](revoked() as never)
  ),
  "a file_wrapper of a file with a read that throws": gives((environ) =>
    environ["wsgi.file_wrapper"]({ size: 3, read: fault, close: () => Promise.resolve() } as never)
  ),
  "a file_wrapper of a file with a read that gives nothing": gives((environ) =>
    environ["wsgi.file_wrapper"](
      { size: 3, read: () => Promise.resolve(undefined), close: () => Promise.resolve() } as never,
    )
  ),
  "a file_wrapper of a file with a close that throws": gives((environ) =>
    environ["wsgi.file_wrapper"]({
      size: 3,
      read: () => Promise.resolve(3),
      close: fault,
    } as never)
  ),
  "a file_wrapper of a stream that throws": gives((environ) =>
    environ["wsgi.file_wrapper"]({ getReader: fault } as never)
  ),
  "a file_wrapper of an iterable with a next that throws": gives((environ) =>
    environ["wsgi.file_wrapper"](withIterator({ next: fault }))
  ),
};

/** All apps with an error, by the place of the fault. */
export const HOSTILE_APPS: readonly (readonly [place: string, app: WSGIApp])[] = Object.entries({
  thrown: ERRORS,
  iterable: ITERABLES,
  block: BLOCKS,
  operation: OPERATIONS,
  head: HEADS,
  control: CONTROLS,
}).flatMap(([kind, apps]) =>
  Object.entries(apps).map(([what, app]) => [`${kind}: ${what}`, app as WSGIApp] as const)
);
