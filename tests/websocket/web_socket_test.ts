/**
 * A WebSocket as its app sees it: in generators and async apps, behind middleware, with each end as one value,
 * with backpressure both ways, and at a shutdown.
 */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { test } from "node:test";
import {
  accessLog,
  type Environ,
  errorPage,
  race,
  Sleep,
  type StartResponse,
  until,
  type WSGIApp,
  WSGIPathInfoDispatcher,
} from "../../mod.ts";
import { Queue } from "../../src/coroutine/mod.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import {
  acceptWebSocket,
  encodeFrame,
  type Message,
  type SocketEnd,
  WebSocketClosed,
  type WebSocketConnection,
  type WebSocketOptions,
} from "../../src/websocket/mod.ts";
import { serving, WorkingClock } from "../support/serving.ts";
import { collectUntilGone } from "../torture/garbage.ts";
import { clientFrame, handshake } from "./raw_client.ts";

/** An echo that notes the end that it sees. */
const echoing = (ends: unknown[], options: WebSocketOptions = {}): WSGIApp =>
  function* (environ) {
    const socket = acceptWebSocket(environ, options);
    try {
      for (;;) {
        const message = yield* socket.receive();
        if (message === undefined) break;
        yield* socket.send(message);
      }
      ends.push(socket.end);
    } finally {
      ends.push("finally");
    }
  };

const ECHOES: Readonly<Record<string, WSGIApp>> = {
  "a generator": echoing([]),
  "a generator with each that sends": function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each((message) => socket.send(message));
  },
  "a generator with each": function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each(function* (message) {
      yield* socket.send(message);
    });
  },
  "a generator with each and an async function": function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each(async (message) => {
      await Promise.resolve();
      await environ.cogen.run(socket.send(message));
    });
  },
  "a generator that yields operations": function* (environ) {
    const socket = acceptWebSocket(environ);
    for (;;) {
      const message = (yield socket.receive()) as Message | undefined;
      if (message === undefined) return;
      yield socket.send(message);
    }
  },
  "a generator in cogen's style": function* (environ) {
    const { cogen } = environ;
    const socket = acceptWebSocket(environ);
    for (;;) {
      yield cogen.call(() => socket.receive())();
      if (cogen.result === undefined) return;
      yield cogen.call(() => socket.send(cogen.result as string))();
    }
  },
  "an async function": async (environ) => {
    const socket = acceptWebSocket(environ);
    for await (const message of socket) await environ.cogen.run(socket.send(message));
    return [];
  },
  "an async generator": async function* (environ) {
    const socket = acceptWebSocket(environ);
    for await (const message of socket) {
      await environ.cogen.run(socket.send(message));
      yield "";
    }
  },
};

const mounted = (app: WSGIApp): WSGIApp => WSGIPathInfoDispatcher({ "/": app });

const MIDDLEWARE: Readonly<Record<string, (app: WSGIApp) => WSGIApp>> = {
  "by itself": (app) => app,
  "behind accessLog": (app) => accessLog(app, () => {}),
  "behind errorPage": (app) =>
    errorPage(app, () => ({ status: "500 Oh", headers: [], body: "an error" })),
  "behind a mount": (app) => mounted(app),
  "behind all of them": (app) =>
    accessLog(
      errorPage(
        mounted(app),
        () => ({ status: "500 Oh", headers: [], body: "an error" }),
      ),
      () => {},
    ),
};

for (const [kind, app] of Object.entries(ECHOES)) {
  for (const [place, around] of Object.entries(MIDDLEWARE)) {
    test(`${kind} echoes messages, ${place}`, async () => {
      await using client = testClient(around(app));
      const socket = await client.webSocket("/");
      socket.send("text \u20ac");
      socket.send(new Uint8Array([0, 255]));
      assertEquals(await socket.receive(), "text \u20ac");
      assertEquals(await socket.receive(), new Uint8Array([0, 255]));
      assertEquals(await socket.close(4000, "bye"), { code: 4000, reason: "" });
    });
  }
}

test("a refusal is the answer behind errorPage, and accessLog tells its status", async () => {
  const statuses: (number | undefined)[] = [];
  const page = () => ({ status: "500 Oh", headers: [], body: "an error" });
  const app = accessLog(errorPage(echoing([]), page), (_line, { status }) => statuses.push(status));
  await using client = testClient(app);
  assertEquals((await client.get("/")).status, 426);
  const socket = await client.webSocket("/");
  await socket.close(1000);
  await client.settle();
  assertEquals(statuses, [426, 101]);
});

test("a reason to close that is no text is an error of the app, also a promise that rejects", async () => {
  const reasons = [() => 5, () => null, () => Promise.reject(new Error("a forgotten await"))];
  for (const reason of reasons) {
    await using client = testClient(function* (environ) {
      yield* acceptWebSocket(environ).close(1000, reason() as never);
    });
    const socket = await client.webSocket("/");
    await client.settle();
    assertEquals((await socket.close(1000)).code, 1011);
    assertStringIncludes(String(client.takeErrors()[0]), "TypeError: The reason to close is");
  }
});

/** Each end of a connection: what the client does, and what the app and the client see. */
const ENDS: Readonly<
  Record<string, {
    readonly client: (socket: Awaited<ReturnType<ReturnType<typeof testClient>["webSocket"]>>) =>
      | Promise<unknown>
      | void;
    readonly app: SocketEnd;
    readonly seen: number;
  }>
> = {
  "a Close with a code and a reason": {
    client: (socket) => socket.close(3001, "done"),
    app: { code: 3001, reason: "done" },
    seen: 3001,
  },
  "a Close without a code": {
    client: (socket) => socket.close(),
    app: { code: 1005, reason: "" },
    seen: 1005,
  },
  "a reset": {
    client: (socket) => socket.disconnect("reset"),
    app: { code: 1006, reason: "" },
    seen: 1006,
  },
  "a FIN without a Close": {
    client: (socket) => socket.disconnect("fin"),
    app: { code: 1006, reason: "" },
    seen: 1006,
  },
  "a frame that breaks the protocol": {
    client: (socket) => socket.write(encodeFrame("text", "no mask")),
    app: { code: 1002, reason: "Frame of a client without a mask" },
    seen: 1002,
  },
  "text that is not UTF-8": {
    client: (socket) =>
      socket.write(encodeFrame("text", new Uint8Array([255]), { mask: new Uint8Array(4) })),
    app: { code: 1007, reason: "Text message is not UTF-8" },
    seen: 1007,
  },
  "a message that is too large": {
    client: (socket) => socket.send("x".repeat(101)),
    app: { code: 1009, reason: "Message larger than 100 bytes" },
    seen: 1009,
  },
};

for (const [what, { client: act, app: end, seen }] of Object.entries(ENDS)) {
  test(`the app sees ${what} as one end, and its finally runs once`, async () => {
    const ends: unknown[] = [];
    await using client = testClient(echoing(ends, { maxMessageBytes: 100 }));
    const socket = await client.webSocket("/");
    socket.send("before");
    assertEquals(await socket.receive(), "before");
    await act(socket);
    assertEquals(await socket.receive(), undefined);
    await client.settle();
    assertEquals(ends, [end, "finally"]);
    assertEquals(socket.end?.code, seen);
    await client.advance(20);
    assertEquals(client.stats.connections, 0);
  });
}

test("the messages before an end are received first, also before a reset", async () => {
  for (const how of ["close", "fin", "reset"] as const) {
    const received: unknown[] = [];
    await using client = testClient(function* (environ) {
      const socket = acceptWebSocket(environ);
      yield* environ.cogen.wait(Sleep(0.5));
      for (;;) {
        const message = yield* socket.receive();
        received.push(message ?? socket.end?.code);
        if (message === undefined) return;
      }
    });
    const socket = await client.webSocket("/");
    for (const text of ["one", "two", "three"]) socket.send(text);
    if (how === "close") void socket.close(1000);
    else await socket.disconnect(how);
    await client.advance(5);
    assertEquals(received, ["one", "two", "three", how === "close" ? 1000 : 1006]);
  }
});

test("an app that has answered for a second without a step does not hold the Close back", async () => {
  const steps: unknown[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    steps.push(yield* socket.receive());
    yield* environ.cogen.wait(Sleep(60));
    steps.push(yield* socket.receive());
  });
  const socket = await client.webSocket("/");
  socket.send("work");
  assertEquals(await socket.close(1000), { code: 1000, reason: "" });
  assert(client.now <= 2);
  await client.advance(60);
  assertEquals(steps, ["work", undefined]);
});

/** Sends for ever after the first message, with a pause of 50 ms after each answer. */
function* ticking(environ: Environ) {
  const socket = acceptWebSocket(environ, { shutdownSpread: 4 });
  yield* socket.receive();
  for (;;) {
    yield* socket.send("tick");
    yield* environ.cogen.wait(Sleep(0.05));
  }
}

test("an app that sends for ever does not hold the Close back", async () => {
  await using client = testClient(ticking);
  const socket = await client.webSocket("/");
  socket.send("begin");
  assertEquals(await socket.receive(), "tick");
  assertEquals(await socket.close(1000), { code: 1000, reason: "" });
  assert(client.now <= 2, `${client.now} s`);
});

test("an app that sends for ever without a pause does not hold the Close back", async () => {
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.receive();
    for (;;) {
      // Each frame fills the socket, so that the app waits for the client.
      yield* socket.send(new Uint8Array(200_000));
      yield* environ.cogen.wait(Sleep(0.05));
    }
  });
  const socket = await client.webSocket("/");
  socket.send("begin");
  await socket.receive();
  assertEquals(await socket.close(1000), { code: 1000, reason: "" });
  assert(client.now <= 12, `${client.now} s`);
});

test("a shutdown closes an app that sends for ever with 1001, before the end of the grace", async () => {
  const client = testClient(ticking);
  const sockets = await Promise.all(Array.from({ length: 20 }, () => client.webSocket("/")));
  const times: number[] = [];
  const began = client.now;
  const reading = sockets.map(async (socket) => {
    socket.send("begin");
    while (await socket.receive() !== undefined);
    times.push(client.now - began);
  });
  const shutdown = client.server.shutdown({ grace: 60 });
  await Promise.all([client.advance(8), shutdown, ...reading]);
  for (const { end } of sockets) assertEquals(end?.code, 1001);
  assert(Math.max(...times) <= 5.2, `${Math.max(...times)} s`);
  assert(Math.max(...times) - Math.min(...times) > 1, "the ends are spread");
  await client.close();
});

/** The ends of an app, and the Close frame of each. */
const APPS: Readonly<
  Record<string, readonly [(socket: WebSocketConnection) => Generator<"", unknown>, SocketEnd]>
> = {
  "a return": [function* () {}, { code: 1000, reason: "" }],
  "an error": [
    function* () {
      throw new Error("a secret");
    },
    { code: 1011, reason: "The app has failed" },
  ],
  "close()": [
    function* (socket) {
      yield* socket.close();
    },
    { code: 1000, reason: "" },
  ],
  "close(4321, ...)": [
    function* (socket) {
      yield* socket.close(4321, "\u20ac");
    },
    { code: 4321, reason: "\u20ac" },
  ],
};

for (const [what, [app, end]] of Object.entries(APPS)) {
  test(`${what} of the app closes with ${end.code}`, async () => {
    await using client = testClient(function* (environ) {
      yield* app(acceptWebSocket(environ));
    });
    const socket = await client.webSocket("/");
    assertEquals(await socket.receive(), undefined);
    assertEquals(socket.end, end);
    await client.settle();
    assertEquals(client.takeErrors().length, end.code === 1011 ? 1 : 0);
  });
}

test("an async app that rejects closes with 1011", async () => {
  await using client = testClient(async (environ) => {
    const socket = acceptWebSocket(environ);
    await environ.cogen.run(socket.receive());
    throw new Error("a fault");
  });
  const socket = await client.webSocket("/");
  socket.send("go");
  assertEquals(await socket.receive(), undefined);
  assertEquals(socket.end?.code, 1011);
  assertEquals(client.takeErrors().length, 1);
});

test("close waits for the Close of the client, and gives the end", async () => {
  const ends: unknown[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    ends.push(yield* socket.close(4000, "enough"), environ.cogen.scheduler.clock.now());
    ends.push(yield* socket.receive(), socket.end, yield* socket.close(4001));
  });
  const socket = await client.webSocket("/");
  assertEquals(await socket.receive(), undefined);
  await client.settle();
  const end = { code: 4000, reason: "enough" };
  assertEquals(ends, [end, 0, undefined, end, end]);
});

test("a client that does not answer a Close is cut off after ten seconds", async () => {
  let end: unknown;
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* environ.cogen.wait(Sleep(1));
    end = yield* socket.close(4000);
  });
  const socket = await client.webSocket("/");
  socket.stall();
  await client.advance(10.9);
  assertEquals([end, client.stats.connections], [undefined, 1]);
  await client.advance(0.2);
  assertEquals([end, client.stats.connections], [{ code: 4000, reason: "" }, 0]);
});

test("a client that does not end after the Close frames is cut off after ten seconds", async () => {
  await using client = testClient(echoing([]));
  const socket = await client.webSocket("/");
  socket.write(encodeFrame("close", new Uint8Array(0), { mask: new Uint8Array(4) }));
  socket.stall();
  await client.advance(9.9);
  assertEquals([client.stats.connections, client.stats.activeRequests], [1, 0]);
  await client.advance(0.2);
  assertEquals(client.stats.connections, 0);
});

test("sending after the end is an error that need not be caught", async () => {
  const errors: unknown[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.receive();
    for (const operation of [socket.send("late"), socket.ping()]) {
      try {
        yield* operation;
      } catch (error) {
        errors.push(error);
      }
    }
    for (;;) yield* socket.send("forever");
  });
  const socket = await client.webSocket("/");
  await socket.close(3333, "gone");
  await client.settle();
  for (const error of errors) {
    assertInstanceOf(error, WebSocketClosed);
    assertEquals(error.end, { code: 3333, reason: "gone" });
    assertEquals(error.message, "The WebSocket is closed: 3333, gone");
  }
  assertEquals([errors.length, client.stats.activeRequests, client.takeErrors()], [2, 0, []]);
});

const LOOPS: Readonly<Record<string, (received: unknown[]) => WSGIApp>> = {
  "a generator": (received) =>
    function* (environ) {
      const socket = acceptWebSocket(environ);
      for (;;) received.push(yield* socket.receive());
    },
  "an async app": (received) => async (environ) => {
    const socket = acceptWebSocket(environ);
    for (;;) received.push(await environ.cogen.run(socket.receive()));
  },
};

for (const [kind, app] of Object.entries(LOOPS)) {
  test(`a loop of ${kind} that receives after the end ends, without an error in the log`, async () => {
    const received: unknown[] = [];
    await using client = testClient(app(received));
    const socket = await client.webSocket("/");
    socket.send("a");
    socket.send("b");
    await client.settle();
    await socket.close(1000);
    await client.settle();
    assertEquals(received.slice(0, 3), ["a", "b", undefined]);
    assert(received.length <= 4, `${received.length} calls`);
    assertEquals([client.stats.activeRequests, client.takeErrors(), client.log], [0, [], []]);
  });
}

test("the end may be asked for twice, and iterated over again and again", async () => {
  const seen: unknown[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    seen.push((yield* socket.each(() => {})).code, yield* socket.receive());
    for (let round = 0; round < 3; round++) seen.push((yield* socket.each(() => {})).code);
    try {
      yield* socket.receive();
    } catch (error) {
      seen.push(error);
    }
  });
  const socket = await client.webSocket("/");
  await socket.close(4000);
  await client.settle();
  const error = seen.pop();
  assertEquals(seen, [4000, undefined, 4000, 4000, 4000]);
  assertInstanceOf(error, WebSocketClosed);
  assertStringIncludes(error.message, "4000; receive() has given undefined: end the loop there");
  assertEquals(await socket.receive(), undefined);
  for await (const message of socket) seen.push(message);
  const late = await assertRejects(() => socket.receive(), WebSocketClosed);
  assertStringIncludes(late.message, "write for await (const message of socket)");
});

test("a receive that is not performed after the end tells nothing of it", async () => {
  const seen: unknown[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each(() => {});
    const news = new Queue<string>();
    for (const item of ["one", "two", "three"]) news.putNowait(item);
    while (seen.at(-1) !== undefined || seen.length === 0) {
      seen.push(yield* environ.cogen.wait(race([news.get(), socket.receive()])));
    }
  });
  const socket = await client.webSocket("/");
  await socket.close();
  await client.settle();
  assertEquals(seen, ["one", "two", "three", undefined]);
});

test("an app that only sends ends with its client", async () => {
  let sent = 0;
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    for (;; sent++) {
      yield* socket.send(`tick ${sent}`);
      yield* environ.cogen.wait(Sleep(1));
    }
  });
  const socket = await client.webSocket("/");
  await client.advance(2.5);
  await socket.close(1000);
  await client.advance(2);
  assertEquals([sent, client.stats.activeRequests], [3, 0]);
});

test("what cannot be sent is a TypeError, and a code that may not be sent a RangeError", async () => {
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    assertThrows(() => socket.send(5 as never), TypeError, "The message is 5: expected a string");
    assertThrows(
      () => socket.send(Promise.resolve("x") as never),
      TypeError,
      "await the promise first",
    );
    assertThrows(() => socket.close(1006), RangeError, "Cannot close with the code 1006");
    assertThrows(() => socket.close(1005), RangeError, "Cannot close with the code 1005");
    const text = "1000" as unknown as number;
    assertThrows(() => socket.close(text), TypeError, 'The code to close is "1000"');
    assertThrows(() => socket.close(1000, "x".repeat(124)), RangeError, "124 bytes");
  });
  const socket = await client.webSocket("/");
  assertEquals(await socket.receive(), undefined);
  assertEquals(socket.end?.code, 1000);
});

test("a receive that loses a race loses no message", async () => {
  const received: unknown[] = [];
  await using client = testClient(function* (environ) {
    const { cogen } = environ;
    const socket = acceptWebSocket(environ);
    for (;;) {
      const message = yield* cogen.wait(race([socket.receive(), Sleep(1)]));
      if (socket.end !== undefined) return;
      if (message !== undefined) received.push(message);
    }
  });
  const socket = await client.webSocket("/");
  for (let count = 0; count < 5; count++) {
    await client.advance(0.7);
    socket.send(`${count}`);
    socket.send(`${count} again`);
  }
  await socket.close(1000);
  assertEquals(received.length, 10);
});

test("a second receive at the same time is an error", async () => {
  let message = "";
  await using client = testClient(async (environ) => {
    const { cogen } = environ;
    const socket = acceptWebSocket(environ);
    const first = cogen.run(socket.receive());
    message = await cogen.run(socket.receive()).then(() => "", (error: Error) => error.message);
    await first;
    return [];
  });
  const socket = await client.webSocket("/");
  await socket.close(1000);
  assertEquals(message, "Cannot receive: another coroutine is receiving on this WebSocket");
});

test("a client that does not read stops the app, and then itself; it gets every message", async () => {
  let echoed = 0;
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ, { ping: { interval: Infinity } });
    yield* socket.each(function* (message) {
      yield* socket.send(message);
      echoed++;
    });
  });
  const socket = await client.webSocket("/");
  socket.stall();
  // A client that stalls sends nothing either, so the messages are written before.
  socket.resume();
  const block = "x".repeat(1000);
  for (let count = 0; count < 1000; count++) socket.send(`${count} ${block}`);
  socket.stall();
  await client.settle();
  assert(
    echoed < 400,
    `${echoed} messages of a thousand were answered to a client that does not read`,
  );
  socket.resume();
  for (let count = 0; count < 1000; count++) {
    assertEquals(await socket.receive(), `${count} ${block}`);
  }
  await socket.close(1000);
});

test("a client that sends faster than the app receives is stopped, and loses nothing", async () => {
  const received: string[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each(function* (message) {
      received.push(String(message).slice(0, 4));
      yield* environ.cogen.wait(Sleep(0.01));
    });
  });
  const socket = await client.webSocket("/");
  for (let count = 0; count < 500; count++) {
    socket.send(String(count).padStart(4, "0") + "x".repeat(1000));
  }
  await client.settle();
  await socket.close(1000);
  assertEquals(received.map(Number), Array.from({ length: 500 }, (_, index) => index));
});

/** Serves an app that handles a hundred messages of one read, each in half a millisecond; gives the log. */
async function handled(
  handle: (socket: WebSocketConnection, message: Message) => unknown,
): Promise<string[]> {
  const log: string[] = [];
  const clock = new WorkingClock();
  const stage = await serving(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each((message) => {
      if (log.length === 0) {
        environ.cogen.scheduler.add(function* () {
          for (let turn = 0; turn < 100; turn++, yield) log.push("other");
        });
      }
      log.push(String(message));
      clock.work(0.5);
      return handle(socket, message);
    });
  }, { clock });
  const client = stage.ask(handshake("/"));
  const texts = Array.from({ length: 100 }, (_, index) => clientFrame("text", `${index}`));
  client.send(joinBytes([...texts, clientFrame("close", Uint8Array.of(3, 232))]));
  await stage.settle();
  client.destroy();
  await stage.finish();
  return log;
}

for (
  const [name, handle] of Object.entries({
    "sends an answer": (socket: WebSocketConnection, message: Message) => socket.send(message),
    "gives nothing": () => {},
  })
) {
  test(`each lets other coroutines run between many messages of one read: its function ${name}`, async () => {
    const log = await handled(handle);
    assertEquals(
      log.filter((line) => line !== "other"),
      Array.from({ length: 100 }, (_, index) => `${index}`),
    );
    let run = 0;
    const runs = log.map((line) => run = line === "other" ? 0 : run + 1);
    assert(Math.max(...runs) <= 6, `${Math.max(...runs)} messages were handled in one go`);
  });
}

/** Runs an app with one client that sends `hello`; gives the log of the app. */
async function loggedRun(
  work: (socket: WebSocketConnection, log: string[]) => Generator<unknown, void, unknown>,
): Promise<string[]> {
  const log: string[] = [];
  await using client = testClient(function* (environ): Generator<"", void, unknown> {
    yield* work(acceptWebSocket(environ), log) as Generator<"", void, unknown>;
  });
  const socket = await client.webSocket("/");
  socket.send("hello");
  await client.settle();
  await socket.close(1000);
  return log;
}

test("each passes the errors of its function and of the waits of its function on, as a generator does", async () => {
  const failing: Readonly<Record<string, (message: Message) => unknown>> = {
    "a function that throws": () => {
      throw new Error("no");
    },
    "a generator that throws": function* () {
      throw new Error("no");
    },
    "an operation that fails": () => until(Promise.reject(new Error("no"))),
    "a generator that waits for one": function* () {
      yield* until(Promise.reject(new Error("no"))) as unknown as Generator<"", void>;
    },
    "a promise": () => Promise.reject(new Error("no")),
  };
  for (const [name, handle] of Object.entries(failing)) {
    const log = await loggedRun(function* (socket, log) {
      const steps = socket.each(handle);
      try {
        yield* steps;
      } catch (error) {
        log.push((error as Error).message);
      }
      // An iteration that has failed is over.
      log.push(JSON.stringify(steps.next()));
    });
    assertEquals([name, ...log], [name, "no", '{"done":true}']);
  }
});

test("a function of each catches the error of its wait, and each goes on", async () => {
  const log = await loggedRun(function* (socket, log) {
    const end = yield* socket.each(function* (message) {
      try {
        yield* until(Promise.reject(new Error("no"))) as unknown as Generator<"", void>;
      } catch (error) {
        log.push(`${message}: ${(error as Error).message}`);
      }
    });
    log.push(`${end.code}`);
  });
  assertEquals(log, ["hello: no", "1000"]);
});

test("an app that is cancelled ends the function of its each, which may wait in its finally", async () => {
  const log: string[] = [];
  const stage = await serving(function* (environ) {
    const socket = acceptWebSocket(environ);
    try {
      yield* socket.each(function* () {
        try {
          log.push("works");
          yield* environ.cogen.wait(Sleep(3600));
        } finally {
          log.push("cleans up");
          yield* environ.cogen.wait(Sleep(0.01));
          log.push("is clean");
        }
      });
    } finally {
      log.push("the app ends");
    }
  });
  const client = stage.ask(handshake("/"));
  client.send(clientFrame("text", "hello"));
  await stage.settle();
  const shutdown = stage.server.shutdown({ grace: 0.1 });
  await stage.settle(5000);
  await stage.until(shutdown);
  await stage.finish();
  assertEquals(log, ["works", "cleans up", "is clean", "the app ends"]);
});

test("each that is ended before its first step, or between two messages, is over", async () => {
  const log = await loggedRun(function* (socket, log) {
    const steps = socket.each(() => log.push("handled"));
    log.push(JSON.stringify(steps.return("early" as never)), JSON.stringify(steps.next()));
    const failed = socket.each(() => log.push("handled"));
    try {
      failed.throw(new Error("no"));
    } catch (error) {
      log.push((error as Error).message);
    }
    log.push(JSON.stringify(failed.next()));
    const message = yield* socket.receive();
    log.push(`${message}`);
  });
  const over = '{"done":true}';
  assertEquals(log, ['{"done":true,"value":"early"}', over, "no", over, "hello"]);
});

test("a silent client gets a Ping after 20 s, and is gone after 20 s more", async () => {
  const ends: unknown[] = [];
  await using client = testClient(echoing(ends));
  const [silent, alive] = [await client.webSocket("/"), await client.webSocket("/")];
  silent.stall();
  await client.advance(39);
  assertEquals(ends, []);
  await client.advance(2);
  assertEquals(ends, [{ code: 1006, reason: "The client gave no sign of life" }, "finally"]);
  await client.advance(1000);
  assertEquals([client.stats.connections, alive.end], [1, undefined]);
  assert(alive.pings > 20);
  alive.send("still here");
  assertEquals(await alive.receive(), "still here");
  await alive.close(1000);
});

test("a client that sends gets no Ping", async () => {
  await using client = testClient(echoing([], { ping: { interval: 5, timeout: 1 } }));
  const socket = await client.webSocket("/");
  for (let count = 0; count < 10; count++) {
    await client.advance(3);
    socket.send("x");
  }
  assertEquals(socket.pings, 0);
  await socket.close(1000);
});

test("a client is not taken for gone while its app is slow", async () => {
  const received: number[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ, { ping: { interval: 1, timeout: 1 } });
    yield* environ.cogen.wait(Sleep(30));
    yield* socket.each((message) => void received.push(message.length));
  });
  const socket = await client.webSocket("/");
  for (let count = 0; count < 300; count++) socket.send("x".repeat(1000));
  await client.advance(29);
  await socket.close(1000);
  assertEquals(received.length, 300);
});

test("ping waits for the Pong of the client", async () => {
  const log: string[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.ping();
    log.push("pong");
    yield* socket.receive();
  });
  const socket = await client.webSocket("/");
  await client.settle();
  assertEquals([log, socket.pings], [["pong"], 1]);
  await socket.close(1000);
});

test("the deadlines of HTTP end with the handshake", async () => {
  const ends: unknown[] = [];
  const timeouts = { request: 1, idle: 1, write: 1, body: 1, head: 1 };
  await using client = testClient({
    wsgiApp: echoing(ends, { ping: { interval: Infinity } }),
    timeouts,
  });
  const socket = await client.webSocket("/");
  await client.advance(3600);
  socket.send("after an hour");
  assertEquals(await socket.receive(), "after an hour");
  await socket.close(1000);
  assertEquals(ends, [{ code: 1000, reason: "" }, "finally"]);
});

test("a shutdown closes with 1001, spread over a time, after the answers", async () => {
  const ends: unknown[] = [];
  const client = testClient(echoing(ends, { shutdownSpread: 4 }));
  const sockets = await Promise.all(Array.from({ length: 40 }, () => client.webSocket("/")));
  const times: number[] = [];
  const began = client.now;
  for (const socket of sockets) void socket.receive().then(() => times.push(client.now - began));
  const shutdown = client.server.shutdown({ grace: 20 });
  await client.advance(6);
  await shutdown;
  assertEquals(times.length, 40);
  for (const { end } of sockets) {
    assertEquals(end, { code: 1001, reason: "The server is shutting down" });
  }
  assert(Math.max(...times) <= 4.1);
  assert(Math.max(...times) - Math.min(...times) > 1, "the ends are spread");
  assertEquals(ends.filter((end) => end === "finally").length, 40);
  await client.close();
});

test("the end of the grace cancels an app that goes on, and closes with 1001", async () => {
  const log: string[] = [];
  const client = testClient(function* (environ) {
    acceptWebSocket(environ, { shutdownSpread: 60 });
    try {
      for (;;) yield* environ.cogen.wait(Sleep(1));
    } finally {
      log.push("finally");
    }
  });
  const socket = await client.webSocket("/");
  const shutdown = client.server.shutdown({ grace: 3 });
  await client.advance(10);
  await shutdown;
  assertEquals([log, socket.end?.code], [["finally"], 1001]);
  await client.close();
});

test("the end of the grace cancels an app whose client has gone", async () => {
  const log: string[] = [];
  const client = testClient(function* (environ) {
    acceptWebSocket(environ);
    try {
      for (;;) yield* environ.cogen.wait(Sleep(1));
    } finally {
      log.push("finally");
    }
  });
  const socket = await client.webSocket("/");
  await socket.disconnect();
  await client.advance(10);
  assertEquals([log, client.stats.activeRequests], [[], 1]);
  const shutdown = client.server.shutdown({ grace: 0 });
  await client.advance(1);
  await shutdown;
  assertEquals([log, client.stats.activeRequests], [["finally"], 0]);
  await client.close();
});

test("client.webSocket tells why it was refused", async () => {
  await using client = testClient(echoing([]));
  const error = await assertRejects(() => client.webSocket("/", { origin: "http://evil" }), Error);
  assertEquals(
    error.message,
    "The server refused the WebSocket: 403 Pages of this origin may not connect",
  );
  const socket = await client.webSocket("/", {
    origin: "http://localhost",
    headers: { "X-Test": "1" },
    query: { a: "b" },
  });
  await socket.close(1000);
});

test("each keeps no message while it waits for the next one", async () => {
  const messages: WeakRef<object>[] = [];
  await using client = testClient(function* (environ) {
    const socket = acceptWebSocket(environ);
    yield* socket.each((message) => {
      messages.push(new WeakRef(message as Uint8Array));
      return socket.send("taken");
    });
  });
  const socket = await client.webSocket("/");
  for (let count = 0; count < 3; count++) {
    socket.send(new Uint8Array(100_000));
    assertEquals(await socket.receive(), "taken");
  }
  assertEquals([messages.length, await collectUntilGone(messages)], [3, 0]);
  await socket.close(1000);
});

test("a WebSocket keeps no startResponse that its app has dropped", async () => {
  const kept: WeakRef<StartResponse>[] = [];
  const echo = ECHOES["a generator with each that sends"] as WSGIApp;
  await using client = testClient((environ, startResponse) => {
    kept.push(new WeakRef(startResponse));
    return echo(environ, () => () => {});
  });
  const sockets = [];
  for (let count = 0; count < 3; count++) sockets.push(await client.webSocket("/"));
  assertEquals([kept.length, await collectUntilGone(kept)], [3, 0]);
  for (const socket of sockets) await socket.close(1000);
});
