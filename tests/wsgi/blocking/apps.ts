/** Synchronous apps, for threads. The path of the request names the app. */

import { createRequire } from "node:module";
import process from "node:process";
import { parentPort } from "node:worker_threads";
import type { BlockingApp, BlockingEnviron } from "../../../src/blocking/mod.ts";
import { validator } from "../../../src/middleware/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";

type StartResponse = Parameters<BlockingApp>[1];
type Body = ReturnType<BlockingApp>;

const decoder = new TextDecoder();
const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** Sends messages of the app's own, which mean nothing to the pool. */
function postForeign(): void {
  const fault = { name: "Error", message: "foreign", stack: "" };
  for (const message of [null, "ready", 5, {}, { fault }]) parentPort?.postMessage(message);
}
postForeign();

/** Starts a response, and gives the text of the body. */
function ok(startResponse: StartResponse): (block: string | Uint8Array) => void {
  return startResponse("200 OK", PLAIN);
}

const APPS: Record<string, (environ: BlockingEnviron, startResponse: StartResponse) => Body> = {
  echo(environ, startResponse) {
    ok(startResponse);
    return [environ["wsgi.input"].read()];
  },
  *reads(environ, startResponse) {
    ok(startResponse);
    const input = environ["wsgi.input"];
    yield `${decoder.decode(input.read(3))}|${decoder.decode(input.readline())}`;
    yield `|${decoder.decode(input.readline(2))}|`;
    yield input.readlines(3).map((line) => decoder.decode(line)).join("/");
    for (const line of input) yield `+${decoder.decode(line)}`;
    return `!${input.read().length}`;
  },
  environ(environ, startResponse) {
    ok(startResponse);
    const { "wsgi.input": _input, "wsgi.errors": _errors, ...rest } = environ;
    return [JSON.stringify({ ...rest, "wsgi.file_wrapper": typeof rest["wsgi.file_wrapper"] })];
  },
  *stream(environ, startResponse) {
    ok(startResponse);
    const size = Number(environ.QUERY_STRING);
    try {
      for (let count = 0; count < 64; count++) {
        yield new Uint8Array(size).fill(count);
        environ["wsgi.errors"].write(`block ${count}\n`);
      }
    } finally {
      environ["wsgi.errors"].write("finally\n");
    }
  },
  large(environ, startResponse) {
    ok(startResponse);
    return [new Uint8Array(Number(environ.QUERY_STRING)), "end"];
  },
  write(environ, startResponse) {
    const write = ok(startResponse);
    write("written ");
    write(new Uint8Array([0x61, 0xff]));
    environ["wsgi.errors"].writelines(["one\n", "two\n"]);
    return [" returned"];
  },
  file(environ, startResponse) {
    ok(startResponse);
    return environ["wsgi.file_wrapper"](decodeURIComponent(environ.QUERY_STRING), 100);
  },
  closing(environ, startResponse) {
    ok(startResponse);
    const body: Body = {
      *[Symbol.iterator]() {
        yield "body";
      },
      close: () => environ["wsgi.errors"].write("closed\n"),
    };
    return body;
  },
  replaced(environ, startResponse) {
    ok(startResponse);
    const error = new Error("replaced");
    const write = startResponse("503 Service Unavailable", PLAIN, error);
    if (environ.QUERY_STRING === "late") {
      write("sent");
      try {
        startResponse("500 Too Late", PLAIN, error);
      } catch (thrown) {
        return [thrown === error ? " rethrown" : " another error"];
      }
    }
    return ["replaced"];
  },
  *twice(_environ, startResponse) {
    ok(startResponse);
    try {
      ok(startResponse);
    } catch (error) {
      yield `${(error as Error).name}: ${(error as Error).message}`;
    }
  },
  *late(_environ, startResponse) {
    ok(startResponse);
    yield "first";
    throw new RangeError("after the first block");
  },
  *lies(environ, startResponse) {
    startResponse("200 OK", [["Content-Length", "4"]]);
    try {
      yield environ.QUERY_STRING;
    } catch (error) {
      environ["wsgi.errors"].write(`refused: ${(error as Error).name}\n`);
      throw error;
    }
  },
  /** Answers with the refusal of its first head. */
  headRefused(_environ, startResponse) {
    try {
      ok(startResponse);
    } catch (error) {
      startResponse("418 Refused", PLAIN);
      return [(error as Error).message];
    }
    return ["not refused"];
  },
  startedThrows(_environ, startResponse) {
    ok(startResponse);
    throw new RangeError("after the head");
  },
  /** Reads a database, with the module `node:sqlite`. */
  sqlite(environ, startResponse) {
    const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite");
    const database = new DatabaseSync(":memory:");
    database.exec("CREATE TABLE words (word TEXT)");
    const insert = database.prepare("INSERT INTO words VALUES (?)");
    for (const line of environ["wsgi.input"]) insert.run(decoder.decode(line).trim());
    const rows = database.prepare("SELECT word FROM words ORDER BY word").all();
    database.close();
    ok(startResponse);
    return [rows.map(({ word }: { word: string }) => word).join(" ")];
  },
  throws() {
    throw new RangeError("the app has failed");
  },
  /** Throws the value that the query names. */
  throwsAny({ QUERY_STRING }) {
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const unreadable = Object.defineProperty(new Error(), "stack", {
      get() {
        throw new Error("no stack");
      },
    });
    const values: Record<string, unknown> = {
      ...{ object: { code: 5 }, null: null, symbol: Symbol("id"), text: "why" },
      ...{ revoked: revoked.proxy, unreadable },
    };
    throw values[QUERY_STRING];
  },
  /** Throws an error whose text is longer than the shared memory. */
  throwsLong() {
    throw Object.assign(new Error("\0".repeat(30_000)), { name: "\0".repeat(30_000) });
  },
  /** Its response is longer than the shared memory. */
  throwsLarge({ QUERY_STRING }) {
    const body = QUERY_STRING === "text" ? "x".repeat(300_000) : new Uint8Array(300_000);
    const response = { status: "404 Not Found", headers: [["X-Long", "y".repeat(200_000)]], body };
    throw Object.assign(new Error("404 Not Found"), { name: "HTTPException" }, response);
  },
  /** Throws an error that is called HTTPException, and cannot be sent. */
  throwsFalse({ QUERY_STRING }) {
    const values: Record<string, object> = {
      status: { status: "no status", headers: [], body: "" },
      headers: { status: "200 OK", headers: 5, body: "" },
      line: { status: "200 OK", headers: [["A", "b\r\nC: d"]], body: "" },
      body: { status: "200 OK", headers: [[{}, 5n]], body: [5n] },
    };
    throw Object.assign(new Error("x"), { name: "HTTPException" }, values[QUERY_STRING]);
  },
  /** Has a head that is longer than the shared memory. */
  longHead(_environ, startResponse) {
    startResponse("200 OK", [["X-Long", "y".repeat(300_000)]]);
    return ["body"];
  },
  /** Gives a header that is refused, with a text longer than the shared memory. */
  badHead(_environ, startResponse) {
    try {
      startResponse("200 OK", [["X-Bad", "\0".repeat(300_000)]]);
    } catch (error) {
      ok(startResponse);
      return [(error as Error).name];
    }
    return [];
  },
  /** Writes to a log that throws. */
  logs(environ, startResponse) {
    ok(startResponse);
    try {
      environ["wsgi.errors"].write("line");
    } catch (error) {
      return [(error as Error).message];
    }
    return ["written"];
  },
  /** Runs the app of the query inside the validator. */
  validated(environ, startResponse) {
    const inner = APPS[environ.QUERY_STRING] as unknown as WSGIApp;
    const checked = validator(inner) as unknown as BlockingApp;
    return checked(environ, startResponse);
  },
  /** Its status has no phrase. */
  bareStatus(_environ, startResponse) {
    startResponse("20", PLAIN);
    return [];
  },
  /** Its thread ends by itself, after the response. */
  rejectsLater(_environ, startResponse) {
    setTimeout(() => void Promise.reject(new Error("nothing has handled it")), 100);
    ok(startResponse);
    return [];
  },
  found() {
    const response = { status: "302 Found", headers: [["Location", "/"]], body: "moved" };
    throw Object.assign(new Error("302 Found"), { name: "HTTPException" }, response);
  },
  number(_environ, startResponse) {
    ok(startResponse);
    return [1 as unknown as string];
  },
  promised: (async () => {}) as unknown as BlockingApp,
  rejected: (() => Promise.reject(new Error("async"))) as unknown as BlockingApp,
  promises(_environ, startResponse) {
    ok(startResponse);
    return [Promise.reject(new Error("a")), "b", Promise.reject(new Error("c"))] as unknown as Body;
  },
  primitiveSteps(_environ, startResponse) {
    ok(startResponse);
    return { [Symbol.iterator]: () => ({ next: () => 5 }) } as unknown as Body;
  },
  failsTwice(_environ, startResponse) {
    ok(startResponse);
    const fail = (text: string) => () => {
      throw new Error(text);
    };
    const body = { next: fail("the body has failed"), close: fail("its close has failed") };
    return { ...body, [Symbol.iterator]: () => body } as unknown as Body;
  },
  throwsLater(_environ, startResponse) {
    ok(startResponse);
    setTimeout(() => {
      throw null;
    });
    return ["sent"];
  },
  posts(_environ, startResponse) {
    ok(startResponse);
    postForeign();
    return ["posted"];
  },
  breaks() {
    JSON.stringify = () => {
      throw new Error("broken");
    };
    throw new Error("untold");
  },
  computes(environ) {
    const end = Date.now() + Number(environ.QUERY_STRING);
    while (Date.now() < end);
    throw new Error("has computed to the end");
  },
  exits(environ, startResponse) {
    ok(startResponse);
    process.exit(Number(environ.QUERY_STRING));
  },
};

const app: BlockingApp = (environ, startResponse) => {
  const named = APPS[environ.PATH_INFO.slice(1)];
  if (named === undefined) throw new TypeError(`No app for ${environ.PATH_INFO}`);
  return named(environ, startResponse);
};

export { app as default };
