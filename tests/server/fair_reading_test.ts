/**
 * A client that sends faster than it is served leaves other clients their turns, and waits in its own memory.
 *
 * The clock moves with each reading, so the time of a connection is over after some events.
 */

import { test } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ManualClock } from "../../src/coroutine/mod.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { acceptWebSocket } from "../../src/websocket/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { get, requestText, type Serving, serving, type TestClient } from "../support/serving.ts";
import { clientFrame, handshake } from "../websocket/raw_client.ts";

/** A clock that moves by a tenth of a millisecond when it is read. */
class RunningClock extends ManualClock {
  #readings = 0;

  override now(): number {
    return super.now() + ++this.#readings / 10;
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
function answerOther(stage: Serving): void {
  const other = stage.connect();
  other.send(get("/"));
  for (let turn = 0; turn < 20 && other.received() === ""; turn++) stage.clock.turn();
  assertStringIncludes(other.received(), "0 bytes");
}

const CHUNKS = 2000;
const REQUESTS = 20_000;
const PINGS = 2000;

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
