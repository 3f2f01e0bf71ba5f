/** A violation for each check of the validator, and the examples, which have none. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import { chat } from "../../../examples/chat.ts";
import { counter } from "../../../examples/counter.ts";
import { hello } from "../../../examples/hello.ts";
import { site } from "../../../examples/site/site.ts";
import { slow } from "../../../examples/slow.ts";
import { type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../../../src/wsgi/mod.ts";
import { syncInput, validator, WSGIValidationError } from "../../../src/middleware/mod.ts";
import { checkEnviron } from "../../../src/middleware/validator/validate_environ.ts";
import { MemoryFile } from "../../support/memory_files.ts";
import { get, post, requestText, serving } from "../../support/serving.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

function starting(status: unknown, headers: unknown, excInfo?: unknown): WSGIApp {
  return (_environ, startResponse) => {
    startResponse(status as string, headers as [string, string][], excInfo);
    return ["body"];
  };
}

function giving(given: unknown): WSGIApp {
  return (_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return given as string[];
  };
}

interface Violation {
  readonly name: string;
  readonly app: WSGIApp;
  readonly message: string;
}

const VIOLATIONS: readonly Violation[] = [
  {
    name: "startResponse with one argument",
    app: (_environ, startResponse) => {
      (startResponse as unknown as (status: string) => void)("200 OK");
      return [];
    },
    message: "Invalid number of arguments: 1",
  },
  {
    name: "a status that is a number",
    app: starting(200, PLAIN),
    message: "Status must be of type",
  },
  {
    name: "a status of two digits",
    app: starting("20 OK", PLAIN),
    message: 'Status codes must be three characters: "20"',
  },
  {
    name: "a status of letters",
    app: starting("abc OK", PLAIN),
    message: 'Status code is invalid: "abc"',
  },
  {
    name: "a status below 100",
    app: starting("099 OK", PLAIN),
    message: 'Status code is invalid: "099"',
  },
  { name: "headers that are no array", app: starting("200 OK", {}), message: "must be an array" },
  {
    name: "a header that is no pair",
    app: starting("200 OK", ["X-A: 1"]),
    message: 'Individual headers ("X-A: 1") must be pairs',
  },
  {
    name: "a header of three",
    app: starting("200 OK", [["a", "b", "c"]]),
    message: "must be pairs",
  },
  {
    name: "a header value that is a number",
    app: starting("200 OK", [["Content-Length", 4]]),
    message: "Header value must be of type string (got 4)",
  },
  {
    name: "a Status header",
    app: starting("200 OK", [["Status", "200"]]),
    message: "The Status header cannot be used",
  },
  {
    name: "a header name with a colon",
    app: starting("200 OK", [["X:A", "1"]]),
    message: "Header names may not contain ':' or '\\n'",
  },
  {
    name: "a header name with a space",
    app: starting("200 OK", [["X A", "1"]]),
    message: "Bad header name",
  },
  {
    name: "a header name that ends in a dash",
    app: starting("200 OK", [["X-", "1"]]),
    message: "Names may not end in '-' or '_'",
  },
  {
    name: "a header value with a newline",
    app: starting("200 OK", [["X-A", "1\n2"]]),
    message: "Bad header value",
  },
  {
    name: "no Content-Type",
    app: starting("200 OK", []),
    message: "No Content-Type header found in headers",
  },
  {
    name: "a Content-Type with 304",
    app: starting("304 Not Modified", PLAIN),
    message: "Content-Type header found in a 304 response, which must not return content.",
  },
  {
    name: "excInfo that is no error",
    app: starting("200 OK", PLAIN, "oops"),
    message: 'exc_info ("oops") is not an error: string',
  },
  {
    name: "no iterable",
    app: giving(undefined),
    message: "The application must return an iterator, if only an empty list",
  },
  { name: "a string", app: giving("body"), message: "You should not return a string as your app" },
  { name: "bytes", app: giving(new Uint8Array(1)), message: "You should not return a string" },
  {
    name: "a promise of a string",
    app: giving(Promise.resolve("body")),
    message: "You should not return a string",
  },
  { name: "a number as a block", app: giving([1]), message: "Iterator yielded non-bytestring (1)" },
  {
    name: "a block before startResponse",
    *app() {
      yield "body";
    },
    message: "start_response has not yet been called",
  },
  {
    name: "a number that is written",
    app: (_environ, startResponse) => {
      startResponse("200 OK", PLAIN)(1 as never);
      return [];
    },
    message: "write() got a non-bytestring (1)",
  },
  {
    name: "input.close()",
    app: (environ) => {
      (environ["wsgi.input"] as unknown as { close(): void }).close();
      return [];
    },
    message: "input.close() must not be called",
  },
  {
    name: "input.readlines() with too many arguments",
    app: (environ) => {
      (environ["wsgi.input"] as unknown as { readlines(...args: number[]): void }).readlines(
        1,
        2,
        3,
      );
      return [];
    },
    message: "wsgi.input.readlines() got 3 arguments",
  },
  {
    name: "a number that is written to wsgi.errors",
    app: (environ) => {
      environ["wsgi.errors"].write(1 as never);
      return [];
    },
    message: "wsgi.errors.write() takes a string (got 1)",
  },
  {
    name: "errors.close()",
    app: (environ) => {
      (environ["wsgi.errors"] as unknown as { close(): void }).close();
      return [];
    },
    message: "errors.close() must not be called",
  },
];

for (const { name, app, message } of VIOLATIONS) {
  test(`refuses ${name}`, async () => {
    const stage = await serving(validator(app));
    const client = stage.ask(get("/"));
    await stage.settle();
    await stage.settle();
    assertEquals(client.response().status, "500 Internal Server Error");
    const log = stage.takeLog().join("\n");
    assertStringIncludes(log, "WSGIValidationError");
    assertStringIncludes(log, message);
    await stage.finish();
  });
}

function environWith(changes: Record<string, unknown>): Record<string, unknown> {
  const stream = {
    read() {},
    readline() {},
    readlines() {},
    flush() {},
    write() {},
    writelines() {},
  };
  return {
    REQUEST_METHOD: "GET",
    SCRIPT_NAME: "",
    PATH_INFO: "/",
    QUERY_STRING: "",
    SERVER_NAME: "test",
    SERVER_PORT: "80",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.input": { ...stream, [Symbol.asyncIterator]() {} },
    "wsgi.errors": stream,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
    cogen: {},
    ...changes,
  };
}

const BAD_ENVIRONS: readonly (readonly [changes: Record<string, unknown>, message: string])[] = [
  [{ HTTP_CONTENT_TYPE: "a/b" }, "Environment should not have the key: HTTP_CONTENT_TYPE"],
  [{ SERVER_PORT: 80 }, "Environmental variable SERVER_PORT is not a string: number (value: 80)"],
  [{ PATH_INFO: "/\u20ac" }, "Environmental variable PATH_INFO is not latin-1"],
  [{ "wsgi.version": "1.0" }, "wsgi.version should be a pair"],
  [{ "wsgi.url_scheme": "ftp" }, 'wsgi.url_scheme unknown: "ftp"'],
  [{ "wsgi.input": {} }, "doesn't have the attribute read"],
  [{ "wsgi.errors": { flush() {}, write() {} } }, "doesn't have the attribute writelines"],
  [{ SCRIPT_NAME: "a" }, "SCRIPT_NAME doesn't start with /"],
  [{ PATH_INFO: "a" }, "PATH_INFO doesn't start with /"],
  [{ CONTENT_LENGTH: "-1" }, 'Invalid CONTENT_LENGTH: "-1"'],
  [{ SCRIPT_NAME: "/" }, "SCRIPT_NAME cannot be '/'"],
];

for (const [changes, message] of BAD_ENVIRONS) {
  test(`refuses an environ: ${message}`, () => {
    const check = () => checkEnviron(environWith(changes), () => {});
    assertThrows(check, WSGIValidationError, message);
  });
}

test("refuses an environ that is no plain object, or lacks a key", () => {
  const check = (environ: unknown) => () => checkEnviron(environ, () => {});
  assertThrows(check(new Map()), WSGIValidationError, "Environment is not of the right type");
  const { "wsgi.run_once": _, ...lacking } = environWith({});
  assertThrows(
    check(lacking),
    WSGIValidationError,
    'Environment missing required key: "wsgi.run_once"',
  );
});

test("warns of unusual values that are allowed", () => {
  const warnings: string[] = [];
  const { QUERY_STRING: _, ...environ } = environWith({ REQUEST_METHOD: "BREW" });
  checkEnviron(environ, (message) => warnings.push(message));
  assertEquals(warnings, [
    "QUERY_STRING is not in the WSGI environment",
    'Unknown REQUEST_METHOD: "BREW"',
  ]);
});

test("refuses a server that calls it wrongly, or goes on after the end", () => {
  const app = validator(giving([]));
  assertThrows(
    () => (app as unknown as () => void)(),
    WSGIValidationError,
    "Two arguments required",
  );
  const iterable = app(environWith({}) as never, () => () => {}) as unknown as
    & Iterator<unknown>
    & { close(): void };
  iterable.close();
  assertThrows(() => iterable.next(), WSGIValidationError, "Iterator read after closed");
  assertThrows(() => iterable.close(), WSGIValidationError, "Iterator closed twice");
});

/** The answer of an app between two validators, after some seconds. */
async function valid(app: WSGIApp | Mounts, request: string, seconds: number = 0): Promise<string> {
  const inner = typeof app === "function" ? app : WSGIPathInfoDispatcher(app);
  const stage = await serving(validator(inner));
  const client = stage.ask(request);
  for (let second = 0; second <= seconds; second++) await stage.settle(1000);
  const { status } = client.response(request.split(" ")[0]);
  await stage.finish();
  return status;
}

const EXAMPLES: readonly (readonly [name: string, app: WSGIApp | Mounts, path: string])[] = [
  ["hello", hello, "/"],
  ["counter", counter, "/"],
  ["slow", slow, "/"],
  ["chat", chat(), "/chat/poll"],
  ...[
    "/hello",
    "/wait",
    "/patient",
    "/signal?hi",
    "/shout/text",
    "/echo",
    "/json/rows",
    "/events/count",
  ]
    .map(
      (path) => [`site${path}`, site, path] as const,
    ),
];

for (const [name, app, path] of EXAMPLES) {
  test(`the example ${name} and the server keep the rules`, async () => {
    assertEquals(await valid(app, get(path), 65), "200 OK");
  });
}

test("bodies, read in every way, and files keep the rules", async () => {
  assertEquals(await valid(site, post("/echo", "hello")), "200 OK");
  const reading: WSGIApp = function* (environ, startResponse) {
    const input = environ["wsgi.input"];
    const parts = [yield* input.readline(), ...yield* input.readlines(1), yield* input.read()];
    startResponse("200 OK", PLAIN);
    yield* parts;
  };
  assertEquals(await valid(reading, post("/", "a\nb\nc\n")), "200 OK");
  const iterating: WSGIApp = async function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for await (const part of environ["wsgi.input"]) yield part;
  };
  assertEquals(await valid(iterating, post("/", "a\nb\nc\n")), "200 OK");
  const buffered = syncInput((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return [...environ["wsgi.input"]];
  });
  assertEquals(await valid(buffered, post("/", "a\nb\nc\n")), "200 OK");
  const wrapping: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    return environ["wsgi.file_wrapper"](new MemoryFile(10));
  };
  assertEquals(await valid(wrapping, get("/")), "200 OK");
});

for (const method of ["HEAD", "OPTIONS", "DELETE"]) {
  test(`${method} keeps the rules`, async () => {
    assertEquals(await valid(hello, requestText(method, "/")), "200 OK");
  });
}
