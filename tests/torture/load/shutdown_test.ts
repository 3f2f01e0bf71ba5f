/**
 * A server is shut down while clients of every kind keep it busy. Each request that the server has
 * begun is answered in full. No client sees a reset or half a response, and no app runs without its
 * answer.
 *
 * The environment variable `ROUNDS` is the number of rounds; the default is 5.
 */

import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { type AppYield, type Environ, type Operation, Signal, type WSGIApp } from "../../../mod.ts";
import { parseResponses } from "../../support/http_text.ts";
import { eventually, type RealServing, servingOverTcp, TcpClient } from "../../support/tcp.ts";
import { type Account, hammer, type Kind } from "./clients.ts";

/** The grace of the shutdown, in seconds. A shutdown that takes as long fails its test. */
const GRACE = 300;
const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
/** The number of clients of each kind. */
const CLIENTS = 13;
const BODY = "b".repeat(20_000);

function plain(id: string, ...fields: string[]): string {
  return [`GET /${id} HTTP/1.1`, "Host: test", ...fields, "", ""].join("\r\n");
}

function upload(id: string): string {
  return `POST /${id} HTTP/1.1\r\nHost: test\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
}

const KINDS: readonly Kind[] = [
  { name: "get", request: (id) => plain(id), expected: (id) => `<${id}>` },
  { name: "post", request: upload, expected: (id) => `${BODY.length} <${id}>` },
  { name: "stream", request: (id) => plain(id), expected: (id) => `0 1 2 3 4 <${id}>` },
  { name: "poll", request: (id) => plain(id), expected: (id) => `told <${id}>` },
  { name: "pipelined", depth: 4, request: (id) => plain(id), expected: (id) => `<${id}>` },
];

/**
 * Makes an app that answers each kind of request, and lists the requests that it has begun and
 * ended.
 */
function working(begun: string[], ended: string[], pollTime: number = 0.05): WSGIApp {
  return function* (environ, startResponse) {
    const id = environ.PATH_INFO.slice(1);
    begun.push(id);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield* perform(id.split("-")[0]!, environ, pollTime);
    ended.push(id);
    return `<${id}>`;
  };
}

function* perform(
  kind: string,
  environ: Environ,
  pollTime: number,
): Generator<AppYield, void, unknown> {
  const { events } = environ.cogen.core;
  if (kind === "post") {
    const body = yield* environ["wsgi.input"].read();
    yield `${body.length} `;
  } else if (kind === "stream") {
    for (let index = 0; index < 5; index++) {
      yield `${index} `;
      yield events.Sleep(0.01);
    }
  } else if (kind === "poll") {
    yield events.WaitForSignal("news", { timeout: pollTime });
    yield "told ";
  } else if (kind === "pipelined") yield events.Sleep(0.001);
}

for (let round = 1; round <= ROUNDS; round++) {
  test(`a shutdown under load loses nothing that was begun (${round} of ${ROUNDS})`, async () => {
    // In the first round, polls last longer than idle connections.
    const pollTime = round === 1 ? 0.5 : 0.05;
    const begun: string[] = [];
    const ended: string[] = [];
    const serving = await servingOverTcp(working(begun, ended, pollTime));
    const clients = await Promise.all(KINDS.flatMap((kind) => {
      return Array.from({ length: CLIENTS }, () => connected(serving, kind));
    }));
    // The kernel resets connections that the server has not accepted yet.
    await eventually("all connections to be accepted", () => {
      return serving.server.stats().connections === clients.length;
    });
    const accounts = clients.map(({ client, kind }, index) => {
      return hammer(client, kind, `${kind.name}-${index}`);
    });
    // In a later round, more requests have been answered when the shutdown begins.
    await eventually("the load", () => ended.length > 150 * round);
    const shutdown = serving.server.shutdown({ grace: GRACE });
    const lateBegins = performance.now();
    await checkRefusal(serving);
    checkAccounts(await Promise.all(accounts), begun, ended);
    await shutdown;
    await serving.server.finished;
    assert(
      performance.now() - lateBegins < 900 * GRACE,
      "the shutdown waited until its grace ended",
    );
    await serving.finish();
  });
}

async function connected(serving: RealServing, kind: Kind) {
  return { kind, client: await serving.open() };
}

/** Waits until the address is free again, or at least no server answers there. */
async function checkRefusal(serving: RealServing): Promise<void> {
  const { server } = serving;
  await eventually("the listener to close", async () => {
    try {
      (await TcpClient.open(server)).stream.destroy();
      return false;
    } catch {
      return true;
    }
  });
}

function checkAccounts(
  accounts: readonly Account[],
  begun: readonly string[],
  ended: readonly string[],
): void {
  assertEquals(accounts.flatMap(({ complaints }) => complaints), []);
  const answered = accounts.flatMap((account) => account.answered).sort();
  assertEquals(answered, [...begun].sort());
  assertEquals(answered, [...ended].sort());
  const wasBegun = new Set(begun);
  const refused = accounts.flatMap((account) => account.refused);
  assertEquals(refused.filter((id) => wasBegun.has(id)), []);
}

test("clients that the system has connected are answered, however long the turns of the server take", async () => {
  const begun: string[] = [];
  const ended: string[] = [];
  const serving = await servingOverTcp(working(begun, ended));
  const { server } = serving;
  // Some runtimes accept one connection a turn.
  server.scheduler.add(function* () {
    for (let turn = 0; turn < 500 && ended.length < 15; turn++) {
      for (const end = performance.now() + 20; performance.now() < end;);
      yield;
    }
  });
  const clients = await Promise.all(Array.from({ length: 15 }, () => serving.open()));
  const shutdown = server.shutdown({ grace: GRACE });
  const accounts = clients.map((client, index) => hammer(client, KINDS[0]!, `get-${index}`));
  checkAccounts(await Promise.all(accounts), begun, ended);
  assertEquals(begun.length, clients.length);
  await shutdown;
  await serving.finish();
});

test("a request at the end of an idle connection is answered, or neither begun nor reset", async () => {
  const begun: string[] = [];
  const ended: string[] = [];
  const serving = await servingOverTcp(working(begun, ended));
  const kind = KINDS[1]!;
  const clients = await Promise.all(Array.from({ length: 100 }, () => serving.open()));
  for (const client of clients) client.send(plain("get-first"));
  await Promise.all(clients.map((client) => client.has("<get-first>")));
  begun.length = ended.length = 0;
  // The end of the probe tells that the server has ended the idle connections.
  const probe = await serving.open();
  probe.send(plain("probe"));
  await probe.has("<probe>");
  begun.length = ended.length = 0;
  // The clients do not read the end of the server before they have sent.
  for (const client of clients) client.stream.pause();
  const shutdown = serving.server.shutdown({ grace: GRACE });
  // The first ten requests come before the idle connections are ended, the last ten after, and the others
  // after ever more turns of the event loop, at the latest when the connections are ended.
  const accounts = clients.map(async (client, index) => {
    if (index >= 90) await probe.until("its end", () => probe.ended);
    for (let turns = index < 10 ? 0 : 1.15 ** (index - 10); turns > 0 && !probe.ended; turns--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    return hammer(client, kind, `post-${index}`);
  });
  checkAccounts(await Promise.all(accounts), begun, ended);
  assert(begun.length > 0 && begun.length < clients.length, `${begun.length} were begun`);
  // Otherwise the server waits for its end as long as `timeouts.linger` says.
  probe.stream.end();
  await shutdown;
  await serving.finish();
});

test("an upload that the app does not read can be sent to its end, and is not reset", async () => {
  const serving = await servingOverTcp(function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield environ.cogen.core.events.WaitForSignal("go");
    return "early";
  });
  const { server } = serving;
  const client = await serving.open();
  client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\nthe beginning");
  await eventually("it to wait", () => server.scheduler.stats().signals === 1);
  const shutdown = server.shutdown({ grace: 10 });
  server.scheduler.add(signalling);
  await client.until("the end", () => client.ended);
  assertEquals(parseResponses(client.text).map(({ body }) => body), ["early"]);
  await client.flood(50_000 - "the beginning".length, new Uint8Array(1000));
  client.stream.end();
  await client.until("the end of both sides", () => client.closed);
  assertEquals(client.error, undefined);
  await shutdown;
  await serving.finish();
});

function* signalling(): Generator<Operation<number>, void, never> {
  yield Signal("go");
}

test("pipelined requests that came before the shutdown are all answered, the last says close", async () => {
  const serving = await servingOverTcp(function* (environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    if (environ.PATH_INFO === "/1") yield environ.cogen.core.events.WaitForSignal("go");
    return environ.PATH_INFO;
  });
  const { server } = serving;
  const client = await serving.open();
  client.send(["1", "2", "3", "4"].map((id) => plain(id)).join(""));
  await eventually("the first to wait", () => server.scheduler.stats().signals === 1);
  const shutdown = server.shutdown({ grace: 10 });
  server.scheduler.add(signalling);
  await client.until("the end", () => client.ended);
  const responses = parseResponses(client.text);
  assertEquals(responses.map(({ body }) => body), ["/1", "/2", "/3", "/4"]);
  const closes = responses.map(({ headers }) => headers["connection"] === "close");
  assertEquals(closes, [false, false, false, true]);
  client.stream.destroy();
  await shutdown;
  await serving.finish();
});

test("a request that comes after the last response has said close is not begun", async () => {
  const begun: string[] = [];
  const serving = await servingOverTcp(function* (environ, startResponse) {
    begun.push(environ.PATH_INFO);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    yield environ.cogen.core.events.WaitForSignal("go");
    yield "begun";
    yield environ.cogen.core.events.WaitForSignal("go");
    yield " and ended";
  });
  const { server } = serving;
  const client = await serving.open();
  const go = () => server.scheduler.add(signalling);
  client.send(plain("1"));
  await eventually("the first to wait", () => server.scheduler.stats().signals === 1);
  const shutdown = server.shutdown({ grace: 10 });
  go();
  await client.has("Connection: close");
  client.send(plain("2"));
  await eventually("the first to wait again", () => server.scheduler.stats().signals === 1);
  go();
  await client.until("the end", () => client.ended);
  assertEquals(parseResponses(client.text).map(({ body }) => body), ["begun and ended"]);
  assertEquals([begun, client.error], [["/1"], undefined]);
  client.stream.destroy();
  await shutdown;
  await serving.finish();
});
