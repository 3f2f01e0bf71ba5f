/**
 * This middleware checks an app and its caller against PEP 3333, as Python's `wsgiref.validate`
 * does.
 *
 * `validate_environ.ts`, `validate_response.ts` and `validate_streams.ts` check one argument or value each.
 * This file checks the order of calls.
 *
 * @module
 */

import { refuseSurplus } from "../../coroutine/mod.ts";
import {
  type AppIterable,
  type AppYield,
  type Block,
  type BodyReader,
  type Environ,
  isPromise,
  ServerReadable,
  type StartResponse,
  type WSGIApp,
} from "../../wsgi/mod.ts";
import { checkApp } from "../option_checks.ts";
import { type BlockStage, passThrough } from "../pass_through.ts";
import { checkEnviron } from "./validate_environ.ts";
import { checkIterable, checkStart, checkYielded } from "./validate_response.ts";
import { ErrorWrapper, InputWrapper } from "./validate_streams.ts";
import { check, show } from "./validation_error.ts";

/**
 * Checks an app and its caller against PEP 3333, and throws on a violation.
 *
 * The checks and messages are those of Python's `wsgiref.validate`: environ, status, header fields,
 * `Content-Type`, `excInfo`, the iterable and its values, `write`, `wsgi.input`, `wsgi.errors`, and the order
 * of calls. A warning about an unusual but allowed value goes to `wsgi.errors`.
 *
 * There are two differences. An app may wait before it starts its response, so the app must call
 * `startResponse` before its first non-empty block. And a body that is never closed is not reported.
 *
 * @param app The app, or middleware around an app.
 * @throws {TypeError} If the app is no function.
 * @returns The app with the checks. Its calls throw a {@linkcode WSGIValidationError}.
 *
 * @example
 * ```ts
 * import { assertEquals, assertStringIncludes } from "@std/assert";
 * import { serve, validator } from "@x/cogen-wsgi";
 *
 * const log: string[] = [];
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   log: (line) => log.push(line),
 *   wsgiApp: validator((_environ, startResponse) => {
 *     startResponse("200 OK", []);
 *     return ["typeless"];
 *   }),
 * });
 * assertEquals((await fetch(server.url)).status, 500);
 * assertStringIncludes(log.join(), "No Content-Type header found in headers");
 * ```
 */
export function validator(app: WSGIApp): WSGIApp {
  if (arguments.length > 1) refuseSurplus("validator", arguments, 1);
  checkApp("validator", app);
  return (...args: readonly unknown[]) => {
    check(args.length === 2, "Two arguments required");
    const [environ, startResponse] = args as [Environ, StartResponse];
    const warn = (message: string) => environ["wsgi.errors"].write(`WSGIWarning: ${message}\n`);
    checkEnviron(environ, warn);
    check(typeof startResponse === "function", "start_response is not a function");
    return new Validation(app, environ, startResponse, warn);
  };
}

/** The iterable of one request, which checks that the server steps and closes it in the right order. */
class Validation extends ServerReadable implements Iterator<AppYield, void, unknown> {
  readonly #startResponse: StartResponse;
  readonly #warn: (message: string) => void;
  readonly #pass: (reader?: BodyReader) => Generator<AppYield, void, unknown>;
  /** Set when the server begins to step this object. */
  #passing: Generator<AppYield, void, unknown> | undefined;
  /** True once the app has called `startResponse`. */
  #started = false;
  /** True once the server has called `close()`. */
  #closed = false;

  constructor(
    app: WSGIApp,
    environ: Environ,
    startResponse: StartResponse,
    warn: (message: string) => void,
  ) {
    super((reader) => this.#begin(reader));
    this.#startResponse = startResponse;
    this.#warn = warn;
    const checkedEnviron = {
      ...environ,
      "wsgi.input": new InputWrapper(
        environ["wsgi.input"] as unknown as InputWrapper,
        environ.cogen,
      ),
      "wsgi.errors": new ErrorWrapper(environ["wsgi.errors"]),
    } as unknown as Environ;
    const start = ((...call: readonly unknown[]) => this.#start(call)) as StartResponse;
    const run = () => checkedCall(app, checkedEnviron, start);
    const block = (block: Block) => this.#block(block);
    const stage: BlockStage = { block, keepsBlocks: true, checkYielded };
    const pass = (reader?: BodyReader) => passThrough(run, environ.cogen, stage, reader);
    this.#pass = pass;
  }

  /** The server gets this object as the iterator, so that each step is checked. */
  #begin(reader: BodyReader | undefined): Generator<AppYield, void, unknown> {
    this.#passing ??= this.#pass(reader);
    return this as unknown as Generator<AppYield, void, unknown>;
  }

  get #steps(): Generator<AppYield, void, unknown> {
    return this.#passing ??= this.#pass();
  }

  next(sent?: unknown): IteratorResult<AppYield, void> {
    check(!this.#closed, "Iterator read after closed");
    return this.#steps.next(sent);
  }

  throw(error: unknown): IteratorResult<AppYield, void> {
    return this.#steps.throw(error);
  }

  return(): IteratorResult<AppYield, void> {
    return this.#steps.return();
  }

  close(): void {
    check(!this.#closed, "Iterator closed twice");
    this.#closed = true;
  }

  *#block(block: Block): Generator<Block, void, unknown> {
    check(
      this.#started,
      "The application returns and we started iterating over its body, but start_response has not " +
        "yet been called",
    );
    yield block;
  }

  #start(call: readonly unknown[]): (block: Block) => void {
    checkStart(call, this.#warn);
    const write = this.#startResponse(...call as Parameters<StartResponse>);
    this.#started = true;
    check(typeof write === "function", `start_response gave no write() (${show(write)})`);
    return (block) => {
      const isBlock = typeof block === "string" || block as unknown instanceof Uint8Array;
      check(isBlock, `write() got a non-bytestring (${show(block)})`);
      write(block);
    };
  }
}

function checkedCall(
  app: WSGIApp,
  environ: Environ,
  startResponse: StartResponse,
): AppIterable | PromiseLike<AppIterable> {
  const given = app(environ, startResponse);
  if (!isPromise(given)) {
    checkIterable(given);
    return given;
  }
  return given.then((later) => {
    checkIterable(later);
    return later;
  });
}
