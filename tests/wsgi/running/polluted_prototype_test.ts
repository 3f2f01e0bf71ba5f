/**
 * An app adds a member to `Object.prototype` at run time. The other requests do not notice it: their
 * responses are those of a clean process, each app is closed once, and the log is empty.
 *
 * The trap of the test: the language itself looks for `then` on each object that resolves a promise, also
 * on those of this test. So the members are in place only while the requests run, and the clients are
 * driven by a manual clock, without promises. For the same reason an async app cannot be kept from
 * noticing a foreign `then`, nor any app from noticing a foreign `return`, which the language calls at the
 * end of a destructuring.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Call, ManualClock, Queue, Sleep } from "../../../src/coroutine/mod.ts";
import {
  accessLog,
  basicAuth,
  cors,
  delegate,
  errorPage,
  lazyStartResponse,
  passThrough,
  requestId,
  trustProxy,
  validator,
} from "../../../src/middleware/mod.ts";
import { compress } from "../../../src/middleware/compress/mod.ts";
import { EventChannel, eventStream } from "../../../src/sse/mod.ts";
import { acceptWebSocket } from "../../../src/websocket/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { pollute, polluteAll } from "../../support/foreign_members.ts";
import { get, post, type Serving, serving } from "../../support/serving.ts";

const PLAIN = [["Content-Type", "text/plain"]] as const;

/** What happened to the apps of one run. */
const events: string[] = [];

const array: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return ["an ", "array"];
};

const generator: WSGIApp = function* (environ, startResponse) {
  try {
    startResponse("200 OK", PLAIN);
    yield "a ";
    yield environ.cogen.core.events.Sleep(1);
    yield* environ.cogen.wait(Sleep(1));
    yield Sleep(1);
    yield "generator";
  } finally {
    events.push("the end of the generator");
  }
};

const reader: WSGIApp = function* (environ, startResponse) {
  const body = yield* environ["wsgi.input"].read();
  startResponse("200 OK", PLAIN);
  return `${body.length} bytes`;
};

const closing: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return Object.assign(["closed"], { close: () => void events.push("close") });
};

const iterator: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  const blocks = ["by ", "hand"];
  return {
    [Symbol.iterator]: () => ({
      next: () => ({ done: blocks.length === 0, value: blocks.shift() }),
    }),
  };
};

const calls: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", PLAIN);
  const queue = new Queue<{ readonly name: string }>();
  queue.putNowait({ name: "item" });
  const item = yield* environ.cogen.wait(queue.get());
  const plain = yield* environ.cogen.wait(Call(() => ({ name: "plain" })));
  const child = (yield Call(function* () {
    yield* Sleep(1);
    return { name: "child" };
  })) as { readonly name: string };
  return [item, plain, child].map(({ name }) => name).join(" ");
};

const signals: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", PLAIN);
  environ.cogen.signal.onabort = () => events.push("abort");
  yield `${environ.cogen.signal.aborted} ${environ.cogen.stopping.aborted}`;
};

const fails: WSGIApp = () => {
  throw new Error("the app has failed");
};

const wrapped: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return environ["wsgi.file_wrapper"](["a ", "file"]);
};

const streamed: WSGIApp = (environ, startResponse) =>
  eventStream(environ, startResponse, ["an event", Sleep(1) as never, "another"]);

const socket: WSGIApp = function* (environ) {
  const connection = acceptWebSocket(environ);
  const message = yield* connection.receive();
  yield* connection.send(message ?? "nothing");
  yield* connection.close(1000, "end");
};

const controls: WSGIApp = function* (environ, startResponse) {
  const { cogen } = environ;
  cogen.inform(103, [["Link", "</a.css>; rel=preload"]]);
  cogen.setTimeouts({ request: 5 });
  startResponse("200 OK", [["Trailer", "X-End"]]);
  yield "controls";
  cogen.setTrailers([["X-End", "yes"]]);
};

/** All apps by their paths. Each call makes the middleware and the channel anew. */
function makeApps(): Readonly<Record<string, WSGIApp>> {
  const logged: WSGIApp = accessLog(generator, () => void events.push("logged"));
  const guarded: WSGIApp = errorPage(
    (environ, startResponse) => delegate(array, environ, startResponse),
    () => ({ status: "500 Fault", headers: [], body: "page" }),
  );
  const passed: WSGIApp = (environ, startResponse) =>
    passThrough(() => closing(environ, startResponse), environ.cogen, {
      *block(block) {
        yield block;
      },
    });
  const named: WSGIApp = (environ, startResponse) =>
    eventStream(environ, startResponse, [{ data: "named", event: "news" }, { data: "x", id: "1" }]);
  const channel = new EventChannel({ epoch: "one" });
  const followed: WSGIApp = (environ, startResponse) =>
    eventStream(environ, startResponse, channel.subscribe());
  const stacked: WSGIApp = validator(
    cors(requestId(lazyStartResponse(array), { make: () => "id" }), { origin: "*" }),
  );
  const trusting: WSGIApp = trustProxy(generator, { trust: ["loopback"] });
  const locked: WSGIApp = basicAuth(array, { realm: "x", check: () => true });
  const small: WSGIApp = compress(array);
  const apps: Readonly<Record<string, WSGIApp>> = {
    ...{ named, followed, controls, stacked, trusting, locked, small },
    ...{ array, generator, reader, closing, iterator, calls, signals, logged, guarded, passed },
    ...{ wrapped, streamed, socket, fails },
  };
  return Object.fromEntries(Object.entries(apps).map(([name, app]) => [`/${name}`, app]));
}

const PATHS = Object.keys(makeApps()).filter((path) => path !== "/fails");

const REQUESTS = [
  ...PATHS.map((path) => get(path, "X-A: 1", "X-A: 2")),
  post("/reader", "a body"),
  get("/stacked", "Origin: http://a.example"),
  get("/trusting", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"),
  get("/locked", `Authorization: Basic ${btoa("ann:sesame")}`),
  "GET /socket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
  "\x81\x81\0\0\0\0a\x88\x80\0\0\0\0",
  "HEAD /array HTTP/1.0\r\n\r\n",
  "nonsense\r\n\r\n",
];

/** Sends all requests, and leaves one in the middle. The pollution comes before or after the server is made. */
async function run(
  pollute: () => () => void,
  when: "before" | "after" = "after",
): Promise<readonly unknown[]> {
  events.length = 0;
  let restore = when === "before" ? pollute() : () => {};
  const received: string[] = [];
  let starting: Promise<Serving>;
  try {
    starting = serving(makeApps(), {
      clock: new ManualClock(),
      window: 65_536,
      files: undefined,
    });
  } finally {
    restore();
  }
  const stage = await starting;
  restore = pollute();
  try {
    for (const request of REQUESTS) {
      const client = stage.ask(request);
      stage.run(10_000);
      // Each stream of events has a random time.
      const varied = /\r\nDate: [^\r]*|[\da-f]+\r\nretry: \d+/g;
      received.push(client.received().replace(varied, ""));
      client.destroy();
      stage.run();
    }
    const leaving = stage.ask(get("/generator"));
    leaving.destroy();
    stage.run(1000);
    stage.ask(get("/fails"));
    stage.run();
  } finally {
    restore();
  }
  const log = stage.takeLog().map((entry) => entry.split("\n")[0]);
  await stage.finish();
  return [received, [...events], log];
}

const MEMBERS: readonly PropertyKey[] = [
  ...["then", "close", "next", "throw", "start", "get", "set", "value", "done"],
  ...["HTTP_X_A", "timeout", "priority", "write", "length", "name", "cause", "stack", "options"],
  ...[Symbol.iterator, Symbol.asyncIterator],
];

const VALUES: Readonly<Record<string, unknown>> = {
  "a function that throws": () => {
    throw new Error("a foreign member was called");
  },
  "a function that does nothing": () => {},
  "a text": "foreign",
};

/** Whether the loader of the tests compiles a function to code that a foreign member breaks. */
function breaksLoader(member: PropertyKey): boolean {
  const restore = pollute(member, () => {});
  try {
    const named = () => {};
    named();
    return false;
  } catch {
    return true;
  } finally {
    restore();
  }
}

/** The run of a clean process; all tests compare with it. */
let cleanRun: Promise<readonly unknown[]> | undefined;

for (const member of MEMBERS) {
  const skip = breaksLoader(member);
  test(
    `a foreign ${String(member)} of all objects changes no other request`,
    { skip },
    async () => {
      const clean = await (cleanRun ??= run(() => () => {}));
      for (const [kind, value] of Object.entries(VALUES)) {
        const polluted = await run(() => pollute(member, value));
        assertEquals(polluted, clean, kind);
      }
    },
  );
}

test("foreign members of all names in the code change no other request", async () => {
  const clean = await (cleanRun ??= run(() => () => {}));
  for (const value of ["foreign", true]) {
    for (const when of ["before", "after"] as const) {
      assertEquals(await run(() => polluteAll(value), when), clean, `${value} ${when}`);
    }
  }
});
