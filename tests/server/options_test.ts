/**
 * Options of a wrong kind: each is an error that names the option, shows the value, and says the expected
 * form. None counts as its default.
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../adapters/memory.ts";
import { serve } from "../../mod.ts";
import { parseBindAddress, WSGIServer } from "../../src/server/mod.ts";

const { adapter } = memoryNetwork();
const wsgiApp = () => [];

/** A promise that a user forgot to await. */
const promise = Promise.resolve(wsgiApp);

const empty = {};

/** The values that are of no use for any option, but for one of their kind. */
const VALUES: readonly unknown[] = [
  ...[null, true, 5, NaN, 5n, "x", Symbol("s"), empty, [], [5], new Map(), new Date(), promise],
  ...[wsgiApp, /x/, new Uint8Array(1)],
];

/** What each option takes of `VALUES`. */
const OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  wsgiApp: [wsgiApp],
  bindAddr: ["x"],
  serverName: ["x"],
  worker: ["x"],
  debug: [true],
  bus: [],
  requestQueueSize: [5],
  tls: [],
  protocol: [],
  serverHeader: ["x"],
  scheduler: [],
  adapter: [],
  burst: [5],
  limits: [empty],
  timeouts: [empty],
  onListen: [wsgiApp],
  onError: [wsgiApp],
  log: [wsgiApp],
  signal: [],
};

function newServer(options: Record<string, unknown>): WSGIServer {
  return new WSGIServer({ adapter, wsgiApp, ...options } as never);
}

for (const [option, taken] of Object.entries(OPTIONS)) {
  test(`${option} of each wrong kind is an error that names it and says the expected form`, () => {
    for (const value of VALUES) {
      if (taken.some((other) => Object.is(other, value))) {
        newServer({ [option]: value });
        continue;
      }
      const error = assertThrows(() => newServer({ [option]: value }), Error);
      assert(error instanceof TypeError || error instanceof RangeError, error.stack ?? "");
      assertStringIncludes(error.message, option);
      assert(/expected|write/.test(error.message), error.message);
    }
  });
}

test("an option that is undefined has its default", () => {
  const options = Object.keys(OPTIONS).filter((name) => name !== "wsgiApp" && name !== "adapter");
  newServer(Object.fromEntries(options.map((name) => [name, undefined])));
  newServer({ limits: { maxHeadBytes: undefined }, timeouts: { head: undefined } });
});

const LOOKS_LIKE_A_PROMISE = "await the promise first";

const WRONG: readonly (readonly [options: Record<string, unknown>, message: string])[] = [
  [{ wsgiApp: promise }, LOOKS_LIKE_A_PROMISE],
  [{ wsgiApp: promise }, "wsgiApp is a Promise"],
  [{ wsgiApp: {} }, "wsgiApp is {}: expected a function, or path prefixes and functions"],
  [{ wsgiApp: [] }, "wsgiApp is []"],
  [{ wsgiApp: null }, "wsgiApp is null"],
  [{ wsgiApp: new Map([["/", wsgiApp]]) }, "wsgiApp is a Map"],
  [{ wsgiApp: ["/", wsgiApp] }, 'expected pairs of a path prefix and an app, such as [["/", app]]'],
  [{ wsgiApp: { "/a": "x" } }, 'The app at "/a" is "x": expected an app'],
  [{ wsgiApp: { "/a": promise } }, 'The app at "/a" is a Promise'],
  [{ wsgiApp: { "/a": promise } }, LOOKS_LIKE_A_PROMISE],
  [{ wsgiApp: { "/a": class Page {} } }, 'The app at "/a" is the class Page: expected an app'],
  [{ wsgiApp: { fetch: () => new Response() } }, "; write fromFetch(app)"],
  [{
    wsgiApp: new class Hono {
      fetch() {}
    }(),
  }, "wsgiApp is a Hono: expected a function, or path "],
  [{ wsgiApp: class Page {} }, "wsgiApp is the class Page: expected a function"],
  [{ wsgiApp: class Page {} }, "=> new Page(environ, startResponse)"],
  [{ wsgiApp: class extends Array {} }, "wsgiApp is the class wsgiApp: expected a function"],
  [{ wsgiApp: [[5, wsgiApp]] }, "Cannot mount an app at 5: expected a path prefix"],
  [{ wsgiApp: { a: wsgiApp } }, 'Cannot mount an app at "a": a prefix begins with "/"'],
  [
    { wsgiApp: { "/*": wsgiApp } },
    'Cannot mount an app at "/*": a prefix has no pattern; write "/"',
  ],
  [{ wsgiApp: { "/**": wsgiApp } }, 'write "/"'],
  [{ wsgiApp: { "/api/*": wsgiApp } }, 'write "/api"'],
  [{ wsgiApp: { "/api*": wsgiApp } }, 'write "/api"'],
  [{ wsgiApp: { "/api/*/users": wsgiApp } }, 'write "/api"'],
  [{ wsgiApp: { "/users/:id": wsgiApp } }, 'write "/users"'],
  [{ wsgiApp: { "/users/{id}": wsgiApp } }, 'write "/users"'],
  [{ wsgiApp: { "/caf%C3%A9": wsgiApp } }, "without percent-encoding"],
  [{ wsgiApp: { "/a": wsgiApp, "/a/": wsgiApp } }, 'two apps at "/a/"'],
  [{ bindAddr: "127.0.0.1:8080" }, 'bindAddr is "127.0.0.1:8080", which is no path of a socket'],
  [{ bindAddr: "127.0.0.1:8080" }, 'write ["127.0.0.1", 8080];'],
  [{ bindAddr: ":8080" }, 'no path of a socket: write ["127.0.0.1", 8000] to be reached'],
  [{ bindAddr: "8080" }, "no path"],
  [{ bindAddr: "localhost" }, "no path"],
  [{ bindAddr: "localhost:8080" }, "no path"],
  [{ bindAddr: "0.0.0.0" }, "no path"],
  [{ bindAddr: "::" }, "no path"],
  [{ bindAddr: "fe80::1%eth0" }, "no path"],
  [{ bindAddr: "[::1]:80" }, 'write ["::1", 80];'],
  [{ bindAddr: "a.example:80" }, "no path"],
  [{ bindAddr: "http://127.0.0.1:8080/" }, 'write ["127.0.0.1", 8080];'],
  [{ bindAddr: "unix:/run/app.sock" }, "no path"],
  [{ bindAddr: "fd://3x" }, 'bindAddr is "fd://3x", which is no path of a socket'],
  [{ bindAddr: "fd:3" }, 'bindAddr is "fd:3", which is no path of a socket'],
  [{ bindAddr: 8080 }, "bindAddr is 8080, not [host, port] or a path"],
  [{ bindAddr: { host: "::", port: 80 } }, 'bindAddr is {"host":"::","port":80}, not [host, port]'],
  [{ bindAddr: ["127.0.0.1"] }, 'bindAddr is ["127.0.0.1"], not [host, port]'],
  [{ bindAddr: ["127.0.0.1", 80, 0] }, "not [host, port]"],
  [{ bindAddr: ["127.0.0.1", "8080"] }, 'the port "8080", which is text'],
  [{ bindAddr: ["127.0.0.1", null] }, "the port null"],
  [{ bindAddr: ["127.0.0.1:8080", 0] }, 'the host "127.0.0.1:8080"'],
  [{ bindAddr: ["http://127.0.0.1", 0] }, 'the host "http://127.0.0.1"'],
  [{ bindAddr: ["*", 0] }, 'the host "*"'],
  [{ bindAddr: ["a b", 0] }, 'the host "a b"'],
  [{ bindAddr: [5, 0] }, "the host 5"],
  [{ requestQueueSize: "5" }, 'requestQueueSize is "5": expected a whole number above 0'],
  [{ serverName: "a\r\nb" }, 'serverName is "a\\r\\nb": expected a name'],
  [{ log: "x" }, 'log is "x": expected a function'],
  [{ log: null }, "log is null: expected a function"],
  [{ onError: {} }, "onError is {}: expected a function"],
  [{ scheduler: Promise.resolve() }, "scheduler is a Promise: expected a Scheduler; await"],
  [{ adapter: Promise.resolve() }, "adapter is a Promise: expected an Adapter"],
  [
    { signal: new AbortController() },
    "signal is an AbortController: expected an AbortSignal; write con",
  ],
  [{ timeouts: 5 }, "timeouts is 5: expected an object"],
  [{ limits: 5 }, "limits is 5: expected an object"],
  [{ limits: { maxHeadBytes: "5" } }, 'maxHeadBytes is "5", which is text'],
  ...["maxLineBytes", "maxHeadBytes", "maxFieldCount", "maxConnections"].map((name) =>
    [{ limits: { [name]: 0 } }, `${name} is 0: expected a whole number from 1, or I`] as const
  ),
  [
    { limits: { minBodyRate: Infinity } },
    "minBodyRate is Infinity: write 0 for any rate",
  ],
  ...["head", "body", "request", "write", "idle"].map((name) =>
    [{ timeouts: { [name]: 0 } }, `"${name}" is 0: expected more than 0, or Infinity`] as const
  ),
  [
    { tls: { cert: "-----BEGIN ", key: "-----BEGIN ", handshakeTimeout: { seconds: 0 } } },
    "tls.handshakeTimeout is 0: expected m",
  ],
  [{ limits: { maxheadbytes: 5 } }, 'did you mean "maxHeadBytes"?'],
  [{ timeouts: { header: 5 } }, 'did you mean "head"?'],
  [
    { bindaddr: "x" },
    'Unknown option "bindaddr": did you mean "bindAddr"? Expected one of wsgiApp',
  ],
  [{ request_queue_size: 5 }, 'did you mean "requestQueueSize"?'],
  [{ wsgi_app: wsgiApp }, 'did you mean "wsgiApp"?'],
  [{ port: 8080 }, 'did you mean "bindAddr"?'],
  [{ hostname: "::" }, 'did you mean "bindAddr"?'],
  [{ app: wsgiApp }, 'did you mean "wsgiApp"?'],
  [{ timeout: 5 }, 'did you mean "timeouts"?'],
  [{ nonsense: 5 }, 'Unknown option "nonsense": expected one of wsgiApp'],
  [{ constructor: 5 }, 'Unknown option "constructor": expected one of wsgiApp'],
  [{ tls: "cert.pem" }, 'tls is "cert.pem": write tls: { cert, key }'],
  [{ tls: { cert: "-----BEGIN ", key: 5 } }, "tls.key is not in PEM"],
  [
    { tls: { cert: "-----BEGIN ", key: "-----BEGIN ", passphrase: 5 } },
    "tls.passphrase is no string",
  ],
  [{ tls: { certs: "" } }, 'Unknown tls option "certs": did you mean "cert"?'],
  [
    { tls: { cert: "-----BEGIN ", key: "-----BEGIN ", handshakeTimeout: "5" } },
    'tls.handshakeTimeout is "5"',
  ],
];

for (const [options, message] of WRONG) {
  const [[name, value] = []] = Object.entries(options);
  test(`refuses ${name} ${String(JSON.stringify(value))}: ${message}`, () => {
    const error = assertThrows(() => newServer(options), Error, message);
    assert(error instanceof TypeError || error instanceof RangeError, error.name);
  });
}

test("a path that is no address stays a path", () => {
  for (const path of ["app.sock", "app1", "/run/a:80/app.sock", "./localhost", "./127.0.0.1:80"]) {
    assertEquals(parseBindAddress(path), { path });
  }
  const hosts = [
    "127.0.0.1",
    "::1",
    "fe80::1%eth0",
    "::ffff:127.0.0.1",
    "localhost",
    "a-b.example.",
  ];
  for (const host of hosts) assertEquals(parseBindAddress([host, 0]), { host, port: 0 });
  assertEquals(parseBindAddress(["[::1]", 0]), { host: "::1", port: 0 });
});

for (const options of [undefined, null, 5, "x", [], promise, wsgiApp]) {
  test(`serve refuses ${String(options)} in place of options`, async () => {
    const error = await assertRejects(() => serve(options as never), TypeError);
    assertStringIncludes(error.message, "options is ");
    assertStringIncludes(error.message, "expected an object");
  });
}

test("serve refuses an app and options apart, and says what to write", async () => {
  const calls: unknown[][] = [[wsgiApp, { bindAddr: ["127.0.0.1", 0] }], [8000, wsgiApp]];
  for (const call of calls) {
    const error = await assertRejects(() => Reflect.apply(serve, undefined, call), TypeError);
    assertStringIncludes(error.message, "Write serve({ wsgiApp: app, ...options })");
  }
});

test("shutdown rejects for a grace period that is no duration, and the server goes on", async () => {
  const server = newServer({});
  for (const options of [{ grace: "5" }, { grace: null }, { grace: -1 }, 5, null, { grase: 1 }]) {
    await assertRejects(() => server.shutdown(options as never), Error);
    assertEquals(server.stopping, false);
  }
  await server.shutdown({ grace: undefined } as never);
});
