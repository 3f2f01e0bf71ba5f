/**
 * The types of apps: each kind needs no annotation, and mistakes do not compile. The type checker is
 * the judge; the test itself only shows that the file was run.
 */

import { assert } from "@std/assert";
import { test } from "node:test";
import {
  accessLog,
  type AppYield,
  type ArrayApp,
  type AsyncApp,
  cors,
  delegate,
  type Environ,
  errorPage,
  type GeneratorApp,
  lazyStartResponse,
  type Middleware,
  passThrough,
  serve,
  Sleep,
  type StartResponse,
  staticFiles,
  syncInput,
  validator,
  WaitForSignal,
  type WSGIApp,
} from "../../mod.ts";

const start = (startResponse: StartResponse) => startResponse("200 OK", []);

function plain(environ: Environ, startResponse: StartResponse) {
  return environ.PATH_INFO === "/array" ? ["an array"] : generator(environ, startResponse);
}

function* generator(environ: Environ, startResponse: StartResponse) {
  start(startResponse);
  yield "text";
  yield new Uint8Array(1);
  yield "";
  yield;
  yield environ.cogen.core.events.Sleep(1);
  yield environ.cogen.input.read(1);
  yield Sleep(1);
  yield Promise.resolve(1);
  yield* Sleep(1);
  const message = yield* environ.cogen.wait(WaitForSignal<string>("name"));
  const text: string = message;
  const body: Uint8Array = yield* environ["wsgi.input"].read();
  yield `${text} ${body.length}`;
  yield environ.PATH_INFO === "/text" ? "text" : undefined;
}

async function* blocks(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", []);
  yield environ.PATH_INFO;
}

const apps: readonly WSGIApp[] = [
  plain,
  generator,
  () => [],
  () => ["text", new Uint8Array(1)],
  () => new Set(["text"]),
  () => Promise.resolve(["text"]),
  (environ) => environ["wsgi.file_wrapper"]("path"),
  (environ, startResponse) => Promise.resolve(generator(environ, startResponse)),
  (environ, startResponse) => Object.assign(generator(environ, startResponse), { close() {} }),
  function* (_environ, startResponse) {
    startResponse("200 OK", []);
    return "last";
  },
  function* (environ) {
    return environ["wsgi.file_wrapper"]("path");
  },
  async function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield "text";
    await environ.cogen.run(Sleep(1));
    for await (const piece of environ["wsgi.input"]) yield piece;
  },
  async function* (environ, startResponse) {
    yield Sleep(1);
    yield Promise.resolve("text");
    yield* blocks(environ, startResponse);
  },
  staticFiles("."),
];

const generatorApp: GeneratorApp = generator;
const arrayApp: ArrayApp = () => ["text"];
const asyncApp: AsyncApp = async function* () {
  yield "text";
};
const later: AsyncApp = () => Promise.resolve(["text"]);
const ofAnyKind: readonly WSGIApp[] = [generatorApp, arrayApp, asyncApp, later];

const middleware: readonly Middleware[] = [
  (app) => app,
  (app) => (environ, startResponse) => app(environ, startResponse),
  (app) =>
    function* (environ, startResponse) {
      yield* delegate(app, environ, startResponse);
      return yield* delegate(app, { ...environ, extra: 1 }, startResponse);
    },
  (app) => (environ, startResponse) => delegate(app, environ, startResponse),
  (app) => (environ, startResponse) =>
    passThrough(() => app(environ, startResponse), environ.cogen, {
      *block(block) {
        yield block.length > 9 ? block : "short";
      },
    }),
  (app) => async (environ, startResponse) => {
    await environ.cogen.run(Sleep(1));
    return await app(environ, startResponse);
  },
  (app) => accessLog(app, () => {}),
  (app) => errorPage(app, () => ({ status: "500 Error", headers: [], body: "" })),
  () => syncInput((environ) => [environ["wsgi.input"].read()]),
  cors,
  lazyStartResponse,
  validator,
];

/** A generator of `GeneratorApp` alone can be delegated to without `delegate`. */
function* around(environ: Environ, startResponse: StartResponse): Generator<AppYield> {
  yield* generatorApp(environ, startResponse);
}

function mistakes(app: WSGIApp): readonly WSGIApp[] {
  return [
    // @ts-expect-error: a number is no block
    function* () {
      yield 5;
    },
    // @ts-expect-error: nor is null
    function* () {
      yield null;
    },
    // @ts-expect-error: nor is an object
    function* () {
      yield { text: "text" };
    },
    // @ts-expect-error: nor is a list of blocks
    function* () {
      yield ["text"];
    },
    // @ts-expect-error: a star is missing, and the app would send nothing
    function* (environ, startResponse) {
      yield generator(environ, startResponse);
    },
    // @ts-expect-error: a call is missing
    function* () {
      yield Sleep;
    },
    // @ts-expect-error: a number is no last block
    function* () {
      return 5;
    },
    // @ts-expect-error: a response is no block
    () => [new Response("text")],
    // @ts-expect-error: text is no iterable of blocks
    () => "text",
    // @ts-expect-error: nor are bytes
    () => new Uint8Array(1),
    // @ts-expect-error: nor is a promise of text
    () => Promise.resolve("text"),
    // @ts-expect-error: nor is nothing
    () => {},
    // @ts-expect-error: a number is no block of an async app
    async function* () {
      yield 5;
    },
    // @ts-expect-error: nor is the number of a promise
    async function* () {
      yield Promise.resolve(5);
    },
    function* (environ, startResponse) {
      // @ts-expect-error: an app may be no generator, hence `delegate`
      yield* app(environ, startResponse);
    },
    function* (environ, startResponse) {
      // @ts-expect-error: a status is text
      startResponse(200, []);
      // @ts-expect-error: the value of an untyped wait is unknown
      const text: string = yield Sleep(1);
      yield text;
      // @ts-expect-error: no app
      yield* delegate(environ, environ, startResponse);
    },
  ];
}

function serving(): unknown[] {
  return [
    serve({ wsgiApp: generator }),
    serve({ wsgiApp: { "/": plain, "/other": () => ["text"] } }),
    serve({ wsgiApp: [["/", generator]] }),
    serve({
      *wsgiApp(environ, startResponse) {
        startResponse("200 OK", []);
        yield environ.PATH_INFO;
      },
    }),
    serve({
      // @ts-expect-error: a number is no block
      *wsgiApp() {
        yield 5;
      },
    }),
  ];
}

test("apps of each kind compile, and mistakes do not", () => {
  assert([...apps, ...ofAnyKind, ...middleware].every((fn) => typeof fn === "function"));
  assert([around, mistakes, serving].every((fn) => typeof fn === "function"));
});
