/**
 * The output of connections that one poll has brought is gathered: each client gets the bytes that it would get
 * without that, also if its connection ends meanwhile.
 */

import { test } from "node:test";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Signal, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import {
  get,
  requestText,
  type Serving,
  serving,
  type TestClient,
  WorkingClock,
} from "../../support/serving.ts";

const CLIENTS = 8;
const LARGE = "x".repeat(300_000);

/** Answers with the path. A few paths have answers, steps or ends of their own. */
const app: WSGIApp = function* (environ, startResponse) {
  const path = environ.PATH_INFO;
  log.push(path);
  const { cogen } = environ;
  if (path === "/last") cogen.closeConnection();
  if (path === "/close") void serverOf?.close();
  if (path === "/echo") {
    return cogen.takeSocket([["Upgrade", "echo"]], (socket) => ({
      onData: (bytes) => void socket.write(bytes),
      onEnd: () => socket.endWrite(),
      onDrain() {},
      onClose() {},
    }));
  }
  if (path === "/bell") {
    yield* cogen.wait(WaitForSignal("bell"));
    workingClock?.work(1);
  }
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (path === "/large") return LARGE;
  if (path === "/steps") {
    yield "one,";
    yield* cogen.wait(Sleep(0.01));
    yield "two,";
  }
  if (path === "/fails") {
    yield "a part";
    throw new RangeError("the app fails");
  }
  return path;
};

/** The paths of the requests whose apps have begun, in order. */
let log: string[] = [];
let serverOf: { close(): Promise<void> } | undefined;
let workingClock: WorkingClock | undefined;

/** A server whose last poll has brought several clients. */
async function gathering(): Promise<{ stage: Serving; clients: TestClient[] }> {
  log = [];
  const stage = await serving(app, { clock: workingClock = new WorkingClock() });
  const clients = Array.from({ length: CLIENTS }, () => stage.connect());
  stage.run(10);
  for (const client of clients) client.send(get("/"));
  stage.run();
  for (const client of clients) assertStringIncludes(client.received(), "200 OK");
  log = [];
  return { stage, clients };
}

const lastBody = (client: TestClient) => client.responses().at(-1)?.body;

test("each of many clients gets its own answer, poll after poll", async () => {
  const { stage, clients } = await gathering();
  for (let round = 0; round < 5; round++) {
    clients.forEach((client, index) => client.send(get(`/${round}/${index}`)));
    stage.run();
    assertEquals(clients.map(lastBody), clients.map((_, index) => `/${round}/${index}`));
  }
  await stage.finish();
});

test("the clients of one poll are all served before the first answer leaves", async () => {
  const { stage, clients } = await gathering();
  const before = clients.map((client) => client.received().length);
  for (const client of clients) client.send(get("/now"));
  stage.clock.turn();
  assertEquals(log.length, CLIENTS);
  assertEquals(clients.map((client) => client.received().length), before);
  stage.run();
  assertEquals(clients.map(lastBody), clients.map(() => "/now"));
  await stage.finish();
});

test("an app that waits goes on, and its blocks come in order", async () => {
  const { stage, clients } = await gathering();
  for (const client of clients) client.send(get("/steps"));
  stage.run(50);
  assertEquals(clients.map(lastBody), clients.map(() => "one,two,/steps"));
  await stage.finish();
});

test("a large answer fills the socket, and goes on as the client reads", async () => {
  const { stage, clients } = await gathering();
  for (const client of clients) client.send(get("/large"));
  stage.run(50);
  assertEquals(clients.map((client) => lastBody(client)?.length), clients.map(() => LARGE.length));
  await stage.finish();
});

test("the last answer of a connection comes whole, and its end after it", async () => {
  const { stage, clients } = await gathering();
  for (const client of clients) client.send(get("/last"));
  stage.run(50);
  for (const client of clients) {
    assertEquals([lastBody(client), client.ended], ["/last", true]);
  }
  await stage.finish();
});

test("two requests of one client in one poll are answered in order", async () => {
  const { stage, clients } = await gathering();
  for (const client of clients) client.send(get("/first")).send(get("/second"));
  stage.run();
  for (const client of clients) {
    assertEquals(client.responses().slice(-2).map(({ body }) => body), ["/first", "/second"]);
  }
  await stage.finish();
});

test("an error of one app, a refused request and a client that leaves concern no other client", async () => {
  const { stage, clients } = await gathering();
  const [failing, refused, leaving, ...others] = clients as [TestClient, TestClient, TestClient];
  clients.forEach((client) => client.send(get(client === failing ? "/fails" : "/fine")));
  refused.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
  leaving.destroy();
  stage.run(50);
  assertStringIncludes(refused.received(), "HTTP/1.1 400 ");
  assertEquals([lastBody(failing), failing.responses().at(-1)?.complete], ["a part", false]);
  assertStringIncludes(stage.takeLog().join(), "RangeError: the app fails");
  assertEquals(others.map(lastBody), others.map(() => "/fine"));
  await stage.finish();
});

test("answers that are gathered leave before a shutdown ends their connections", async () => {
  const { stage, clients } = await gathering();
  serverOf = stage.server;
  clients.forEach((client, index) => client.send(get(index === 3 ? "/close" : "/kept")));
  stage.run(5000);
  for (const [index, client] of clients.entries()) {
    assertEquals(lastBody(client), index === 3 ? "/close" : "/kept");
  }
  await stage.finish();
});

test("a client that waits for 100 (Continue) gets it, beside others", async () => {
  const { stage, clients } = await gathering();
  const head = requestText("POST", "/", ["Content-Length: 2", "Expect: 100-continue"]);
  for (const client of clients) client.send(head);
  stage.run();
  for (const client of clients) client.send("ab");
  stage.run();
  assertEquals(clients.map(lastBody), clients.map(() => "/"));
  await stage.finish();
});

test("a socket that is taken after a large answer echoes behind it", async () => {
  const { stage, clients } = await gathering();
  for (const client of clients) client.send(get("/large"));
  for (const client of clients) {
    client.send(`${get("/echo", "Connection: Upgrade", "Upgrade: echo")}first`);
  }
  stage.run(50);
  for (const client of clients) {
    const [, after] = client.received().split(LARGE);
    assertMatch(after as string, /^HTTP\/1\.1 101 [^]*\r\n\r\nfirst$/);
  }
  await stage.finish();
});

test("answers that are gathered leave when an app has worked for long after its wait", async () => {
  const { stage, clients } = await gathering();
  const [waiting, ...others] = clients as [TestClient, ...TestClient[]];
  waiting.send(get("/bell"));
  stage.run(10);
  for (const client of others) client.send(get("/"));
  stage.run();
  for (const client of others) client.send(get("/now"));
  stage.server.scheduler.add(function* () {
    yield* Signal("bell");
  });
  stage.clock.turn();
  assertEquals(log.at(-1), "/now");
  stage.clock.turn();
  assertEquals(others.map(lastBody), others.map(() => "/now"));
  stage.run();
  assertEquals(lastBody(waiting), "/bell");
  await stage.finish();
});
