/**
 * A client that sends faster than it is served leaves other clients their turns, and waits in its own memory.
 *
 * The clock moves with each reading, so the time of a connection is over after some events.
 */

import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ManualClock } from "../../../src/coroutine/mod.ts";
import { joinBytes } from "../../../src/socket/mod.ts";
import { acceptWebSocket } from "../../../src/websocket/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, requestText, type Serving, serving, type TestClient } from "../../support/serving.ts";
import { clientFrame, handshake } from "../../websocket/raw_client.ts";

/** A clock that moves when it is read, by a tenth of a millisecond if not told otherwise. */
class RunningClock extends ManualClock {
  #passedMs = 0;
  readonly #stepMs: number;

  constructor(stepMs = 0.1) {
    super();
    this.#stepMs = stepMs;
  }

  override now(): number {
    return super.now() + (this.#passedMs += this.#stepMs);
  }
}

const app: WSGIApp = function* (environ, startResponse) {
  if (environ.PATH_INFO === "/socket") {
    const socket = acceptWebSocket(environ);
    while ((yield* socket.receive()) !== undefined);
    return;
  }
  const body = yield* environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return `${body.length} bytes`;
};

/** Runs single turns until another client has its answer. */
function answerOther(stage: Serving, other: TestClient = stage.connect()): void {
  other.send(get("/"));
  for (let turn = 0; turn < 20 && other.received() === ""; turn++) stage.clock.turn();
  assertStringIncludes(other.received(), "0 bytes");
}

/** A clock that an app can move, as a computation does. */
class BusyClock extends ManualClock {
  #busyMs = 0;

  override now(): number {
    return super.now() + this.#busyMs;
  }

  compute(milliseconds: number): void {
    this.#busyMs += milliseconds;
  }
}

const CHUNKS = 2000;
const REQUESTS = 20_000;
const PINGS = 2000;
const FRAGMENTS = 5000;
const CLIENTS = 50;

/** The number of Pongs that have come. */
const pongs = (client: TestClient) => client.received().split("\x8a\x00").length - 1;

test("a body in very many chunks is read in several turns", async () => {
  const stage = await serving(app, { clock: new RunningClock() });
  const client = stage.connect();
  const head = requestText("POST", "/", ["Transfer-Encoding: chunked"]);
  client.send(`${head}${"1\r\nx\r\n".repeat(CHUNKS)}0\r\n\r\n`);
  answerOther(stage);
  assertEquals(client.received(), "");
  stage.run();
  assertStringIncludes(client.received(), `${CHUNKS} bytes`);
  await stage.finish();
});

test("pipelined requests of a client that reads its answers come no faster than they are served", async () => {
  const stage = await serving(app, { clock: new RunningClock() });
  const client = stage.connect();
  const requests = get("/").repeat(REQUESTS);
  client.send(requests);
  answerOther(stage);
  const { receivedBytes } = stage.server.stats();
  assert(receivedBytes < requests.length / 4, `${receivedBytes} of ${requests.length} have come`);
  stage.run();
  assertEquals(client.responses().length, REQUESTS);
  await stage.finish();
});

const GREEDY = 50;
const KINDS: Readonly<Record<string, readonly (string | Uint8Array)[]>> = {
  "chunks": [requestText("POST", "/", ["Transfer-Encoding: chunked"]), "1\r\nx\r\n".repeat(5000)],
  "requests": [get("/").repeat(2000)],
  "Pings": [
    handshake("/socket"),
    joinBytes(Array.from({ length: 5000 }, () => clientFrame("ping"))),
  ],
};

for (const [kind, messages] of Object.entries(KINDS)) {
  test(`${GREEDY} clients with ${kind} without an end take no longer turns than one of them`, async () => {
    const clock = new RunningClock(0.02);
    const stage = await serving(app, { clock });
    const clients = Array.from({ length: GREEDY }, () => stage.connect());
    for (const message of messages) {
      for (const client of clients) client.send(message);
      for (let turn = 0; turn < 3; turn++) {
        await Promise.resolve();
        stage.clock.turn();
      }
    }
    const before = clock.now();
    stage.clock.turn();
    const tookMs = clock.now() - before;
    assert(tookMs < 5, `a turn of ${tookMs} ms`);
    for (const client of clients) client.destroy();
    await stage.finish();
  });
}

/** A stage with clients that ask for long computations, in steps of 2 ms. */
async function computingStage() {
  const clock = new BusyClock();
  const steps = { count: 0 };
  const paths: string[] = [];
  const computing: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", []);
    paths.push(environ.PATH_INFO);
    if (environ.PATH_INFO === "/") return "0 bytes";
    if (environ.PATH_INFO === "/whole") {
      clock.compute(3);
      return "the whole";
    }
    for (let step = 0; step < 10; step++) {
      steps.count++;
      clock.compute(2);
      yield "a step";
    }
  };
  const stage = await serving(computing, { clock });
  const clients = Array.from({ length: CLIENTS }, () => stage.connect());
  return { stage, clock, clients, steps, paths };
}

const answersOf = (clients: readonly TestClient[]) =>
  clients.map((client) => client.responses().length);

test("requests that come together do not compute all before a later request is answered", async () => {
  const { stage, clock, clients, steps } = await computingStage();
  for (const client of clients) client.send(get("/compute"));
  while (steps.count === 0) clock.turn();
  answerOther(stage);
  assert(steps.count < CLIENTS / 2, `${steps.count} steps`);
  stage.run();
  assertEquals(answersOf(clients), clients.map(() => 1));
  await stage.finish();
});

test("among requests that come together, those of clients with short answers go first", async () => {
  const { stage, clients, steps } = await computingStage();
  for (const client of clients) client.send(get("/compute"));
  const other = stage.connect();
  stage.run();
  steps.count = 0;
  for (const client of clients) client.send(get("/compute"));
  answerOther(stage, other);
  assert(steps.count < CLIENTS / 2, `${steps.count} steps`);
  stage.run();
  assertEquals(answersOf(clients), clients.map(() => 2));
  await stage.finish();
});

test("the time of an answer in a single step counts, also of a client that did not wait for a turn", async () => {
  const { stage, clock, clients, paths } = await computingStage();
  const [first, second, third] = clients as [TestClient, TestClient, TestClient];
  // The first two are served at once.
  for (const client of [first, second, third]) client.send(get("/whole"));
  const other = stage.connect();
  stage.run();
  paths.length = 0;
  clock.compute(10); // the work since the last poll is over
  for (const client of [third, second, first]) client.send(get("/whole"));
  other.send(get("/"));
  stage.run();
  assertEquals(paths, ["/whole", "/whole", "/", "/whole"]);
  assertEquals(answersOf([first, second, third]), [2, 2, 2]);
  await stage.finish();
});

/** Clients of a stage that wait for their turns, because a computation of the first one has taken the time. */
async function waitingClients() {
  const { stage, clock, clients, steps } = await computingStage();
  for (const client of clients) client.send(get("/compute"));
  while (steps.count === 0) clock.turn();
  assert(steps.count < CLIENTS, `${steps.count} steps`);
  return { stage, clients };
}

test("a client that ends its direction while it waits for its turn is answered", async () => {
  const { stage, clients } = await waitingClients();
  clients.at(-1)?.end();
  stage.run();
  assertEquals(answersOf(clients), clients.map(() => 1));
  await stage.finish();
});

test("clients that leave while they wait for their turns disturb no others", async () => {
  const { stage, clients } = await waitingClients();
  const left = clients.slice(CLIENTS / 2);
  for (const client of left) client.destroy();
  await stage.settle();
  const stayed = clients.slice(0, CLIENTS / 2);
  assertEquals(answersOf(stayed), stayed.map(() => 1));
  assertEquals(stage.server.stats().connections, stayed.length);
  await stage.finish();
});

test("a shutdown answers the clients that wait for their turns", async () => {
  const { stage, clients } = await waitingClients();
  const ended = stage.server.shutdown({ idle: 0 });
  await stage.until(ended);
  assertEquals(answersOf(clients), clients.map(() => 1));
});

test("very many frames of a WebSocket are read in several turns", async () => {
  const stage = await serving(app, { clock: new RunningClock() });
  const client = stage.connect();
  client.send(handshake("/socket"));
  stage.run();
  const ping = clientFrame("ping", "");
  client.send(joinBytes(Array.from({ length: PINGS }, () => ping)));
  answerOther(stage);
  for (let turn = 0; turn < 3; turn++) {
    await Promise.resolve(); // the Pongs leave in a microtask
    await Promise.resolve();
    stage.clock.turn();
  }
  assert(pongs(client) < PINGS, `${pongs(client)} Pongs`);
  await stage.settle();
  assertEquals(pongs(client), PINGS);
  client.send(clientFrame("close", Uint8Array.of(3, 232)));
  await stage.settle();
  client.destroy();
  await stage.finish();
});

test("a message of very many fragments is read in several turns", async () => {
  const stage = await serving(app, { clock: new RunningClock() });
  const client = stage.connect();
  client.send(handshake("/socket"));
  stage.run();
  const fragments = Array.from({ length: FRAGMENTS }, (_, index) => {
    const kind = index === 0 ? "binary" : "continuation";
    return clientFrame(kind, "x", { isFinal: index === FRAGMENTS - 1 });
  });
  client.send(joinBytes([...fragments, clientFrame("ping", "")]));
  for (let turn = 0; turn < 3; turn++) {
    stage.clock.turn();
    await Promise.resolve(); // a Pong leaves in a microtask
    await Promise.resolve();
  }
  assertEquals(pongs(client), 0);
  await stage.settle();
  assertEquals(pongs(client), 1);
  client.send(clientFrame("close", Uint8Array.of(3, 232)));
  await stage.settle();
  client.destroy();
  await stage.finish();
});
