/** The whole way over real sockets, on whatever runtime this runs. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { ranMs } from "../support/run_time.ts";
import {
  type Adapter,
  type AppYield,
  type Environ,
  runtimeAdapter,
  serve,
  type ServeOptions,
  Sleep,
  type StartResponse,
  type WSGIApp,
  type WSGIServer,
} from "../../mod.ts";
import { parseResponse, type TextResponse } from "../support/http_text.ts";
import { get, post, requestText } from "../support/serving.ts";

/** A client over TCP. */
class NetClient {
  readonly stream: Socket;
  text = "";
  ended = false;
  failed = false;
  #changed: () => void = () => {};

  private constructor(stream: Socket) {
    this.stream = stream;
    stream.setNoDelay(true);
    stream.setEncoding("latin1");
    stream.on("data", (text: string) => {
      this.text += text;
      this.#changed();
    });
    const end = () => {
      this.ended = true;
      this.#changed();
    };
    stream.on("end", end).on("close", end).on("error", () => {
      this.failed = true;
      end();
    });
  }

  static open(server: WSGIServer): Promise<NetClient> {
    const { address } = server;
    const where = address.family === "unix"
      ? { path: address.path }
      : { host: address.host, port: address.port };
    return new Promise((resolve, reject) => {
      const stream = connect({ ...where, allowHalfOpen: true }, () => {
        stream.off("error", reject);
        resolve(new NetClient(stream));
      });
      stream.once("error", reject);
    });
  }

  /** Waits until `condition` holds of what has come. */
  async until(condition: () => boolean): Promise<void> {
    const late = ranMs() + 20_000;
    while (!condition()) {
      if (ranMs() > late) throw new Error(`It did not come; only ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        this.#changed = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  has(text: string): Promise<void> {
    return this.until(() => this.text.includes(text));
  }

  async response(): Promise<TextResponse> {
    await this.until(() => this.ended);
    return parseResponse(this.text);
  }
}

async function ask(server: WSGIServer, request: string): Promise<NetClient> {
  const client = await NetClient.open(server);
  client.stream.write(request, "latin1");
  return client;
}

const LAST = "Connection: close";

/** Serves an app on a free port of the loopback. */
function serving(wsgiApp: WSGIApp, options: Partial<ServeOptions> = {}): Promise<WSGIServer> {
  return serve({ bindAddr: ["127.0.0.1", 0], ...options, wsgiApp });
}

/** Ends a server, and fails if anything is left behind. */
async function finish(server: WSGIServer): Promise<void> {
  await server.close();
  await server.finished;
  const { connections, activeRequests } = server.stats();
  assertEquals({ connections, activeRequests }, { connections: 0, activeRequests: 0 });
  assertEquals(server.scheduler.stats(), { tasks: 0, ready: 0, deadlines: 0, signals: 0 });
}

async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    assert(tries < 20_000, `${what}, in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const signalling: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  yield environ.cogen.core.events.Signal("abc", "hi");
  yield `${environ.cogen.result}`;
};

/** The app of the README; a minute is more than any stall of the machine. */
const waitApp: WSGIApp = (environ, startResponse) => waitSeconds(environ, startResponse, 60);

function* waitSeconds(
  environ: Environ,
  startResponse: StartResponse,
  timeout: number,
): Generator<AppYield, void> {
  if (environ.PATH_INFO === "/signal") {
    return yield* signalling(environ, startResponse) as Generator<AppYield>;
  }
  startResponse("200 OK", [["Content-Type", "text/html"]]);
  yield "I'm waiting for some signal";
  yield environ.cogen.core.events.WaitForSignal("abc", { timeout });
  if (environ.cogen.result instanceof Error) yield "Your time is up !";
  else yield `Someone signaled me: ${environ.cogen.result}`;
}

/**
 * Signals as soon as so many apps wait, and gives how many were woken. A block may reach its client
 * before the app goes on to its wait.
 */
async function signal(server: WSGIServer, waiters: number): Promise<number> {
  await eventually(() => server.scheduler.stats().signals === waiters, `${waiters} apps wait`);
  const client = await ask(server, get("/signal", LAST));
  const { body } = await client.response();
  client.stream.destroy();
  return Number(body);
}

test("who waits for a signal that does not come has its first block at once, the second after a second", async () => {
  const server = await serving((environ, startResponse) => waitSeconds(environ, startResponse, 1));
  const start = performance.now();
  const client = await ask(server, get("/", LAST));
  await client.has("some signal\r\n");
  // On a machine that stalls for a second, both blocks come at once.
  if (performance.now() - start < 500) assertEquals(client.text.includes("time is up"), false);
  const { chunks, complete } = await client.response();
  const time = performance.now() - start;
  assertEquals([chunks, complete], [["I'm waiting for some signal", "Your time is up !"], true]);
  assert(time > 990, `${time} ms`);
  client.stream.destroy();
  await finish(server);
});

test("who waits for a signal is woken by another request", async () => {
  const server = await serving(waitApp);
  const client = await ask(server, get("/", LAST));
  await client.has("some signal\r\n");
  assertEquals(await signal(server, 1), 1);
  const { chunks } = await client.response();
  assertEquals(chunks, ["I'm waiting for some signal", "Someone signaled me: hi"]);
  client.stream.destroy();
  await finish(server);
});

test("waiting works through middleware that upper-cases and that adds a header", async () => {
  const upperCase = (app: WSGIApp): WSGIApp =>
    function* (environ, startResponse) {
      for (const block of app(environ, startResponse) as Iterable<string>) {
        yield block.toUpperCase();
      }
    };
  const addHeader = (app: WSGIApp): WSGIApp => (environ, startResponse) =>
    app(environ, (status, headers, excInfo) => {
      return startResponse(status, [...headers, ["X-Added", "yes"]], excInfo);
    });
  const server = await serving(addHeader(upperCase(waitApp)));
  const client = await ask(server, get("/", LAST));
  await client.has("SOME SIGNAL\r\n");
  assertEquals(await signal(server, 1), 1);
  const { chunks, headers } = await client.response();
  assertEquals(chunks, ["I'M WAITING FOR SOME SIGNAL", "SOMEONE SIGNALED ME: HI"]);
  assertEquals(headers["x-added"], "yes");
  client.stream.destroy();
  await finish(server);
});

const forEver: WSGIApp = function* (environ, startResponse) {
  if (environ.PATH_INFO === "/signal") {
    return yield* signalling(environ, startResponse) as Generator<AppYield>;
  }
  startResponse("200 OK", []);
  yield "waiting";
  yield environ.cogen.core.events.WaitForSignal("abc");
  yield ` and got ${environ.cogen.result}`;
};

test("hundreds of clients wait, one signal wakes them all", async () => {
  const server = await serving(forEver, { requestQueueSize: 512 });
  const clients: NetClient[] = [];
  for (let i = 0; i < 300; i += 50) {
    const some = Array.from({ length: 50 }, () => ask(server, get("/", LAST)));
    clients.push(...await Promise.all(some));
  }
  await Promise.all(clients.map((client) => client.has("waiting")));
  assertEquals(server.stats().activeRequests, 300);
  assertEquals(await signal(server, 300), 300);
  for (const client of clients) {
    const { body, complete } = await client.response();
    assertEquals([body, complete], ["waiting and got hi", true]);
    client.stream.destroy();
  }
  assertEquals(await signal(server, 0), 0);
  await eventually(() => server.stats().connections === 0, "all connections end");
  await finish(server);
});

for (const way of ["destroy", "reset"] as const) {
  test(`a client that leaves (${way}) while waiting is no waiter any more: its finally runs at once`, async () => {
    let left = 0;
    const server = await serving(function* (environ, startResponse) {
      if (environ.PATH_INFO === "/signal") {
        return yield* signalling(environ, startResponse) as Generator<AppYield>;
      }
      startResponse("200 OK", []);
      yield "waiting";
      try {
        yield environ.cogen.core.events.WaitForSignal("abc");
      } finally {
        left = ranMs() + 1;
      }
    });
    const [staying, leaving] = [await ask(server, get("/")), await ask(server, get("/"))];
    await Promise.all([staying.has("waiting"), leaving.has("waiting")]);
    const start = ranMs();
    if (way === "destroy") leaving.stream.destroy();
    else leaving.stream.resetAndDestroy();
    await eventually(() => left > 0, "finally runs");
    assert(left - start < 2000, `after ${left - start} ms`);
    assertEquals(await signal(server, 1), 1);
    staying.stream.destroy();
    await eventually(() => server.stats().connections === 0, "the connections end");
    await finish(server);
  });
}

test("a malformed request is answered 400, short and plain, and the connection closed", async () => {
  const server = await serving(waitApp);
  const client = await ask(server, "this is not HTTP\r\n\r\n");
  const { status, headers, body } = await client.response();
  assertEquals(status, "400 Bad Request");
  assertEquals([headers["content-type"], headers["connection"]], ["text/plain", "close"]);
  assert(body.length < 200 && !body.includes("at "), body);
  client.stream.destroy();
  await finish(server);
});

test("an app that throws is a 500 without a trace, and its error is in the log", async () => {
  const log: string[] = [];
  const server = await serving(() => {
    throw new Error("the secret");
  }, { log: (line) => log.push(line) });
  const client = await ask(server, get("/", LAST));
  const { status, body } = await client.response();
  assertEquals([status, body], ["500 Internal Server Error", "500 Internal Server Error\n"]);
  assertStringIncludes(log.join("\n"), "GET / failed: Error: the secret");
  client.stream.destroy();
  await finish(server);
});

test("a missing or empty host is a TypeError that says what to write", async () => {
  for (const bindAddr of [["", 8000], [undefined, 8000], [8000]]) {
    const options = { wsgiApp: waitApp, bindAddr } as unknown as ServeOptions;
    await assertRejects(() => serve(options), TypeError, 'write ["127.0.0.1", 8000]');
  }
});

test("an unknown option is a TypeError that names it", async () => {
  const options = { wsgiApp: waitApp, bindAdr: ["127.0.0.1", 0] } as unknown as ServeOptions;
  await assertRejects(() => serve(options), TypeError, '"bindAdr"');
});

test("a port in use rejects with the address in the message", async () => {
  const server = await serving(waitApp);
  const { address } = server;
  assert(address.family !== "unix");
  const again = () => serve({ wsgiApp: waitApp, bindAddr: ["127.0.0.1", address.port] });
  await assertRejects(again, Error, `127.0.0.1:${address.port}`);
  await finish(server);
});

test("a body goes in and out, larger than every buffer, intact", async () => {
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    const input = environ["wsgi.input"];
    for (let chunk; (chunk = yield* input.read(50_000)).length > 0;) yield chunk;
  });
  const body = Array.from({ length: 100_000 }, (_, i) => `line ${i}\n`).join("");
  const client = await ask(server, post("/", body, LAST));
  const { body: echoed, complete } = await client.response();
  assert(complete && echoed === body, "the same bytes");
  client.stream.destroy();
  await finish(server);
});

test("pipelined requests on one connection are answered in order", async () => {
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield environ.cogen.core.events.Sleep(environ.PATH_INFO === "/0" ? 0.05 : 0);
    return `<${environ.PATH_INFO}>`;
  });
  const requests = Array.from({ length: 50 }, (_, i) => get(`/${i}`));
  const client = await ask(server, requests.join(""));
  await client.has("</49>");
  const order = [...client.text.matchAll(/<\/(\d+)>/g)].map((match) => Number(match[1]));
  assertEquals(order, requests.map((_, i) => i));
  client.stream.destroy();
  await eventually(() => server.stats().connections === 0, "the connection ends");
  await finish(server);
});

test("a client that does not read suspends an app that streams, and its leaving ends it", async () => {
  let made = 0;
  let ended = false;
  const server = await serving(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    const block = new Uint8Array(65_536);
    try {
      for (;; made++) yield block;
    } finally {
      ended = true;
    }
  });
  const client = await NetClient.open(server);
  client.stream.pause();
  client.stream.write(get("/"));
  let before = -1;
  await eventually(() => {
    const stalled = made > 0 && made === before;
    before = made;
    return stalled;
  }, "the app stalls");
  assert(made < 1000, `${made} blocks of 64 KB made`);
  client.stream.destroy();
  await eventually(() => ended, "the app ends");
  await finish(server);
});

test("a client that uploads to an app that does not read is held up, and its leaving is noticed", async () => {
  let ended = false;
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield "begun";
    try {
      yield environ.cogen.core.events.WaitForSignal("never");
    } finally {
      ended = true;
    }
  });
  const size = 100_000_000;
  const client = await ask(server, requestText("POST", "/", [`Content-Length: ${size}`]));
  await client.has("begun");
  const block = new Uint8Array(1_000_000);
  for (let sent = 0; sent < size; sent += block.length) client.stream.write(block);
  let before = -1;
  await eventually(() => {
    const isHeldUp = client.stream.writableLength === before;
    before = client.stream.writableLength;
    return isHeldUp;
  }, "the upload stops");
  assert(client.stream.writableLength > size / 2, `${client.stream.writableLength} not sent`);
  assertEquals(ended, false);
  client.stream.resetAndDestroy();
  await eventually(() => ended, "the app ends");
  await eventually(() => server.stats().connections === 0, "the connection ends");
  await finish(server);
});

test("a client that has ended its side is answered if that comes soon, else taken for gone", async () => {
  let ended = 0;
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    try {
      if (environ.PATH_INFO === "/late") yield environ.cogen.core.events.Sleep(60);
      return "soon";
    } finally {
      ended++;
    }
  }, { timeouts: { halfClosed: 0.2 } });
  const soon = await ask(server, get("/soon"));
  soon.stream.end();
  assertEquals((await soon.response()).body, "soon");
  const late = await ask(server, get("/late"));
  late.stream.end();
  await late.until(() => late.ended);
  assertEquals(late.text, "");
  await eventually(() => ended === 2, "the app ends");
  for (const client of [soon, late]) client.stream.destroy();
  await eventually(() => server.stats().connections === 0, "the connections end");
  await finish(server);
});

test("shutdown lets a request finish and ends the connections", async () => {
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield "begun";
    yield environ.cogen.core.events.Sleep(0.3);
    yield " and ended";
  });
  const [idle, busy] = [await NetClient.open(server), await ask(server, get("/"))];
  await busy.has("begun");
  const shutdown = server.shutdown({ grace: 10 });
  const { body, complete } = await busy.response();
  assertEquals([body, complete], ["begun and ended", true]);
  await idle.until(() => idle.ended);
  for (const client of [idle, busy]) client.stream.destroy();
  await shutdown;
  await finish(server);
});

test("await using ends the server", async () => {
  let url = "";
  {
    await using server = await serving(waitApp);
    url = server.url;
    assertEquals(
      await (await fetch(`${url}signal`, { headers: { connection: "close" } })).text(),
      "0",
    );
  }
  await assertRejects(() => fetch(url));
});

test("an app gives its own request less time than the server does, the next has the server's", async () => {
  const waited: string[] = [];
  const server = await serving(function* (environ, startResponse) {
    try {
      if (environ.PATH_INFO === "/cheap") environ.cogen.setTimeouts({ request: 0.1 });
      yield* environ.cogen.wait(Sleep(1.5));
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      yield "in time";
    } finally {
      waited.push(environ.PATH_INFO);
    }
  }, { timeouts: { request: 60 } });
  const cheap = await ask(server, get("/cheap", LAST));
  const usual = await ask(server, get("/usual", LAST));
  assertEquals((await cheap.response()).status, "503 Service Unavailable");
  assertEquals((await usual.response()).body, "in time");
  assertEquals(waited, ["/cheap", "/usual"]);
  for (const { stream } of [cheap, usual]) stream.destroy();
  await finish(server);
});

test("a body that only the end of the connection delimits is reset when its app fails", async () => {
  const server = await serving(function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield "half";
    yield* environ.cogen.wait(Sleep(0.2));
    throw new Error("half-way");
  }, { log: () => {} });
  const old = await ask(server, "GET / HTTP/1.0\r\n\r\n");
  const chunked = await ask(server, get("/"));
  for (const client of [old, chunked]) {
    await client.has("half");
    await client.until(() => client.ended);
    client.stream.destroy();
  }
  // Deno cannot reset a connection.
  assertEquals([old.failed, chunked.failed], [!("Deno" in globalThis), false]);
  await finish(server);
});

/** The runtime's adapter, with every write of its sockets counted. */
async function countingWrites(count: () => void): Promise<Adapter> {
  const adapter = await runtimeAdapter();
  return {
    ...adapter,
    listen: (address, options, accept) =>
      adapter.listen(address, options, (socket) => {
        const write = socket.write.bind(socket);
        return accept(Object.assign(socket, {
          write(bytes: Uint8Array | string): boolean {
            count();
            return write(bytes);
          },
        }));
      }),
  };
}

test("an async app's blocks go in a few writes, and before it waits", async () => {
  let writes = 0;
  let hear = () => {};
  const heard = new Promise<void>((resolve) => hear = resolve);
  const server = await serving(async function* (_environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    for (let i = 0; i < 200; i++) yield `${i} `;
    await heard;
    yield "end";
  }, { adapter: await countingWrites(() => writes++), burst: 0.2 });
  const client = await ask(server, get("/", LAST));
  await client.has("199 ");
  assertEquals(client.text.includes("end"), false);
  // Each stall of the machine may end a burst.
  assert(writes <= 20, `${writes} writes`);
  hear();
  assertEquals((await client.response()).chunks.at(-1), "end");
  client.stream.destroy();
  await finish(server);
});
