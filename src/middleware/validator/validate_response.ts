/**
 * The checks of a response: the arguments of `startResponse`, the iterable, and the values that it yields.
 * The rules and messages are those of Python's `wsgiref.validate`.
 *
 * `validator` calls this.
 *
 * @module
 */

import { isOperation } from "../../coroutine/mod.ts";
import { isPromise } from "../../wsgi/mod.ts";
import { check, show } from "./validation_error.ts";

/** Checks the arguments of a call of `startResponse`. */
export function checkStart(args: readonly unknown[], warn: (message: string) => void): void {
  const isRight = args.length === 2 || args.length === 3;
  check(isRight, `Invalid number of arguments: ${args.length}`);
  const [status, headers, excInfo] = args;
  const code = checkStatus(status, warn);
  checkHeaders(headers);
  checkContentType(code, headers);
  checkExcInfo(excInfo);
}

function checkStatus(status: unknown, warn: (message: string) => void): number {
  check(typeof status === "string", `Status must be of type string (got ${show(status)})`);
  const code = status.split(/\s/, 1)[0] as string;
  check(code.length === 3, `Status codes must be three characters: ${show(code)}`);
  check(/^\d{3}$/.test(code) && Number(code) >= 100, `Status code is invalid: ${show(code)}`);
  if (status[3] !== " ") {
    warn(
      `The status string (${show(status)}) should be a three-digit integer followed by a single ` +
        "space and a status explanation",
    );
  }
  return Number(code);
}

type Headers = readonly (readonly [name: string, value: string])[];

function checkHeaders(headers: unknown): asserts headers is Headers {
  check(Array.isArray(headers), `Headers (${show(headers)}) must be an array`);
  for (const item of headers as readonly unknown[]) {
    check(Array.isArray(item), `Individual headers (${show(item)}) must be pairs`);
    const pair: readonly unknown[] = item;
    check(pair.length === 2, `Individual headers (${show(item)}) must be pairs`);
    checkHeader(pair[0], pair[1]);
  }
}

function checkHeader(name: unknown, value: unknown): void {
  check(typeof name === "string", `Header name must be of type string (got ${show(name)})`);
  check(typeof value === "string", `Header value must be of type string (got ${show(value)})`);
  check(
    name.toLowerCase() !== "status",
    "The Status header cannot be used; it conflicts with CGI script, and HTTP status is not given " +
      `through headers (value: ${show(value)}).`,
  );
  check(!/[\n:]/.test(name), `Header names may not contain ':' or '\\n': ${show(name)}`);
  check(/^[a-zA-Z][a-zA-Z0-9\-_]*$/.test(name), `Bad header name: ${show(name)}`);
  check(!/[-_]$/.test(name), `Names may not end in '-' or '_': ${show(name)}`);
  // deno-lint-ignore no-control-regex -- control characters are meant
  const bad = /[\x00-\x1f]/.exec(value)?.[0];
  check(bad === undefined, `Bad header value: ${show(value)} (bad char: ${show(bad)})`);
}

function checkContentType(code: number, headers: Headers): void {
  const hasType = headers.some(([name]) => name.toLowerCase() === "content-type");
  if (code === 204 || code === 304) {
    check(
      !hasType,
      `Content-Type header found in a ${code} response, which must not return content.`,
    );
  } else check(hasType, `No Content-Type header found in headers (${show(headers)})`);
}

function checkExcInfo(excInfo: unknown): void {
  const isRight = excInfo === undefined || excInfo === null || excInfo instanceof Error;
  check(isRight, `exc_info (${show(excInfo)}) is not an error: ${typeof excInfo}`);
}

/** Checks the iterable that an app, or the promise of an app, has given. */
export function checkIterable(given: unknown): void {
  check(
    given !== undefined && given !== null && given !== false,
    "The application must return an iterator, if only an empty list",
  );
  check(
    typeof given !== "string" && !(given instanceof Uint8Array),
    "You should not return a string as your application iterator, instead return a single-item " +
      "list containing a bytestring.",
  );
  const isIterable = typeof given === "object" &&
    (Symbol.iterator in (given as object) || Symbol.asyncIterator in (given as object));
  check(isIterable, `The application returned no iterator (${show(given)})`);
}

/** Checks a value that an app yields: it must be a block, an operation, a promise or nothing. */
export function checkYielded(value: unknown): void {
  const isBlock = value === undefined || typeof value === "string" || value instanceof Uint8Array;
  const isRight = isBlock || isOperation(value) || isPromise(value);
  check(isRight, `Iterator yielded non-bytestring (${show(value)})`);
}
