/**
 * The checks of an environ, with the rules and messages of Python's `wsgiref.validate`.
 *
 * `validator` calls this.
 *
 * @module
 */

import { check, show } from "./validation_error.ts";

const REQUIRED: readonly string[] = [
  ...["REQUEST_METHOD", "SERVER_NAME", "SERVER_PORT"],
  ...["wsgi.version", "wsgi.input", "wsgi.errors"],
  ...["wsgi.multithread", "wsgi.multiprocess", "wsgi.run_once"],
];

const KNOWN_METHODS: readonly unknown[] = [
  ...["GET", "HEAD", "POST", "OPTIONS", "PATCH", "PUT", "DELETE", "TRACE", "CONNECT"],
];

type Bag = Readonly<Record<string, unknown>>;

/**
 * Checks an environ.
 *
 * @param environ The first argument of the call of the app.
 * @param warn Takes a message about an environ that is unusual, but allowed.
 * @throws {WSGIValidationError} For the first violation.
 */
export function checkEnviron(environ: unknown, warn: (message: string) => void): void {
  const isDict = typeof environ === "object" && environ !== null &&
    Object.getPrototypeOf(environ) === Object.prototype;
  check(isDict, `Environment is not of the right type: ${show(environ)}`);
  const bag = environ as Bag;
  checkKeys(bag, warn);
  checkWSGIKeys(bag);
  if (!KNOWN_METHODS.includes(bag["REQUEST_METHOD"])) {
    warn(`Unknown REQUEST_METHOD: ${show(bag["REQUEST_METHOD"])}`);
  }
  checkPaths(bag);
  const length = bag["CONTENT_LENGTH"];
  if (length !== undefined && length !== "") {
    check(/^\d+$/.test(String(length)), `Invalid CONTENT_LENGTH: ${show(length)}`);
  }
}

function checkKeys(environ: Bag, warn: (message: string) => void): void {
  for (const key of REQUIRED) {
    check(Object.hasOwn(environ, key), `Environment missing required key: ${show(key)}`);
  }
  for (const key of ["HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"]) {
    const message = `Environment should not have the key: ${key} (use ${key.slice(5)} instead)`;
    check(!(key in environ), message);
  }
  if (!("QUERY_STRING" in environ)) warn("QUERY_STRING is not in the WSGI environment");
  for (const [key, value] of Object.entries(environ)) {
    // Only the CGI names, which are in capitals, must have strings; extensions may have any value.
    if (!/^[A-Z0-9_]+$/.test(key)) continue;
    const message = `Environmental variable ${key} is not a string: ${typeof value} ` +
      `(value: ${show(value)})`;
    check(typeof value === "string", message);
    checkNative(value, key);
  }
}

/** Each character stands for one byte (PEP 3333, "Unicode Issues"). */
function checkNative(text: string, key: string): void {
  const message = `Environmental variable ${key} is not latin-1: ${show(text)}`;
  // deno-lint-ignore no-control-regex -- all of latin-1 is meant
  check(!/[^\x00-\xff]/.test(text), message);
}

function checkWSGIKeys(environ: Bag): void {
  const version = environ["wsgi.version"];
  const isVersion = Array.isArray(version) && version.length === 2;
  check(isVersion, `wsgi.version should be a pair (${show(version)})`);
  const scheme = environ["wsgi.url_scheme"];
  check(scheme === "http" || scheme === "https", `wsgi.url_scheme unknown: ${show(scheme)}`);
  for (const method of ["read", "readline", "readlines"]) {
    checkMethod("wsgi.input", environ["wsgi.input"], method);
  }
  const input = environ["wsgi.input"] as object;
  const isIterable = Symbol.asyncIterator in input || Symbol.iterator in input;
  check(isIterable, "wsgi.input doesn't have an iterator");
  for (const method of ["flush", "write", "writelines"]) {
    checkMethod("wsgi.errors", environ["wsgi.errors"], method);
  }
}

function checkMethod(name: string, value: unknown, method: string): void {
  const found = (value as Record<string, unknown> | null | undefined)?.[method];
  check(
    typeof found === "function",
    `${name} (${show(value)}) doesn't have the attribute ${method}`,
  );
}

function checkPaths(environ: Bag): void {
  const script = environ["SCRIPT_NAME"] ?? "";
  const path = environ["PATH_INFO"] ?? "";
  const begins = (value: unknown) => value === "" || String(value).startsWith("/");
  check(begins(script), `SCRIPT_NAME doesn't start with /: ${show(script)}`);
  check(begins(path), `PATH_INFO doesn't start with /: ${show(path)}`);
  check(
    script !== "" || "PATH_INFO" in environ,
    "One of SCRIPT_NAME or PATH_INFO are required (PATH_INFO should at least be '/' if " +
      "SCRIPT_NAME is empty)",
  );
  check(
    script !== "/",
    "SCRIPT_NAME cannot be '/'; it should instead be '', and PATH_INFO should be '/'",
  );
}
