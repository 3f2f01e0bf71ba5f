/**
 * The conformance suite over TCP, in the spirit of the Autobahn testsuite: the answers, the code of the Close
 * frame, and the FIN that follows it. `conformance/` has the cases; some longer stories are below.
 *
 * `WS_URL=ws://127.0.0.1:8000/ws/echo` runs the cases of the endpoint `echo` against another server.
 */

import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import type { WSGIApp } from "../../mod.ts";
import { acceptWebSocket } from "../../src/websocket/mod.ts";
import { latin1Text } from "../http/transcript.ts";
import { serving } from "../support/serving.ts";
import { isMine } from "../support/shares.ts";
import { servingOverTcp, TcpClient } from "../support/tcp.ts";
import type { ConformanceCase } from "./conformance/case.ts";
import { type Connect, runCase } from "./conformance/run.ts";
import { ENDPOINTS, SUITE } from "./conformance/suite.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { rawFrame } from "./codec/frames.ts";
import { clientFrame, handshake, RawClient } from "./raw_client.ts";

const echo: WSGIApp = function* (environ) {
  const socket = acceptWebSocket(environ, { maxMessageBytes: 1024 * 1024 });
  yield* socket.each((message) => socket.send(message));
};

/** The number of cases that run at the same time. */
const AT_ONCE = 16;

/** Runs cases, and gives the faults. */
async function faultsOf(
  cases: readonly ConformanceCase[],
  open: Connect,
  pathOf: (given: ConformanceCase) => string,
): Promise<string[]> {
  const faults: string[] = [];
  const next = cases.values();
  const work = async () => {
    for (const given of next) {
      try {
        await runCase(open, pathOf(given), given);
      } catch (error) {
        faults.push(`${given.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return faults;
}

test("the suite has hundreds of cases with different names", () => {
  assert(SUITE.length > 700, `${SUITE.length}`);
  assertEquals(new Set(SUITE.map(({ name }) => name)).size, SUITE.length);
});

const { WS_URL } = process.env;
if (WS_URL === undefined) {
  // The codec is the same code on each runtime, so its cases are divided among them.
  test("echoes answer each case of the suite", async () => {
    const stage = await servingOverTcp(ENDPOINTS);
    const cases = SUITE.filter(({ isSameEverywhere }, index) => !isSameEverywhere || isMine(index));
    const faults = await faultsOf(cases, stage.open, ({ endpoint }) => `/${endpoint}`);
    await stage.quiet();
    await stage.finish();
    assertEquals(faults, []);
  });
} else {
  test(`${WS_URL} answers each case of the suite`, async () => {
    const { hostname, port, pathname } = new URL(WS_URL);
    const address = { family: "IPv4", host: hostname, port: Number(port) } as const;
    const cases = SUITE.filter(({ endpoint }) => endpoint === "echo");
    const faults = await faultsOf(
      cases,
      (options) => TcpClient.open({ address }, options),
      () => pathname,
    );
    console.log(`${cases.length} cases, ${faults.length} faults`);
    assertEquals(faults, []);
  });
}

/** A story of one connection. */
const STORIES: Readonly<Record<string, (client: RawClient) => Promise<void>>> = {
  "a message and a Close in one piece: the answer comes before the Close": async (client) => {
    client.tcp.send(joinBytes([clientFrame("text", "last"), clientFrame("close", "\x03")]));
    await client.ended();
    assertEquals([client.messages, client.closed], [["last"], "1002 Close frame with one byte"]);
  },
  "bytes after the Close are dropped, and do not reset the connection": async (client) => {
    client.send("close", Uint8Array.of(3, 232));
    client.tcp.send(new Uint8Array(300_000));
    await client.ended();
    assertEquals(client.closed, "1000");
    client.tcp.send(new Uint8Array(300_000));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(client.tcp.error, undefined);
  },
  "bytes after a fault are dropped, and do not reset the connection": async (client) => {
    client.tcp.send(
      joinBytes([clientFrame("text", "x", { reserved: 2 }), new Uint8Array(500_000)]),
    );
    await client.ended();
    assertEquals(client.closed, "1002 Reserved bit RSV2 or RSV3 is set");
  },
  "the FIN of the client without a Close gets the answers and a FIN": async (client) => {
    client.send("text", "one");
    client.send("text", "two");
    client.tcp.leave("ends");
    await client.ended();
    assertEquals([client.messages, client.closed], [["one", "two"], ""]);
  },
  "a hundred Pings in one piece get a hundred Pongs, in order": async (client) => {
    const texts = Array.from({ length: 100 }, (_, index) => `ping ${index}`);
    client.tcp.send(joinBytes(texts.map((text) => clientFrame("ping", text))));
    const frames = await client.count(100);
    assertEquals(frames.map(({ payload }) => new TextDecoder().decode(payload)), texts);
  },
  "a thousand messages in one piece get a thousand answers, in order": async (client) => {
    const texts = Array.from({ length: 1000 }, (_, index) => `message ${index}`);
    client.tcp.send(joinBytes(texts.map((text) => clientFrame("text", text))));
    await client.count(1000);
    assertEquals(client.messages, texts);
  },
  "a message of many fragments is one message, with Pings between": async (client) => {
    const frames = Array.from({ length: 500 }, (_, index) => [
      clientFrame(index === 0 ? "text" : "continuation", `${index};`, { isFinal: index === 499 }),
      clientFrame("ping", `${index}`),
    ]).flat();
    client.tcp.send(joinBytes(frames));
    await client.count(501);
    assertEquals(client.messages, [
      Array.from({ length: 500 }, (_, index) => `${index};`).join(""),
    ]);
  },
  "a message above the limit is refused at its header": async (client) => {
    client.send("binary", "", { announced: 1024 * 1024 + 1 });
    await client.ended();
    assertEquals(client.closed, "1009 Message larger than 1048576 bytes");
  },
};

for (const [name, story] of Object.entries(STORIES)) {
  test(name, async () => {
    const stage = await servingOverTcp(echo);
    const client = await RawClient.open(stage);
    await story(client);
    client.tcp.leave("closes");
    await stage.quiet();
    await stage.finish();
  });
}

test("the answers to all frames of one read leave in one write", async () => {
  const apps: readonly WSGIApp[] = [
    echo,
    function* (environ) {
      const socket = acceptWebSocket(environ);
      for (;;) {
        const message = yield* socket.receive();
        if (message === undefined) return;
        yield* socket.send(message);
      }
    },
  ];
  for (const app of apps) {
    const stage = await serving(app);
    const client = stage.ask(handshake("/"));
    await stage.settle();
    const before = client.pieces.length;
    const messages = ["short", "", "x".repeat(1000), "\u20ac", new Uint8Array([1, 2, 255])];
    const frames = messages.map((message) =>
      clientFrame(typeof message === "string" ? "text" : "binary", message)
    );
    client.send(joinBytes(frames));
    await stage.settle();
    const answers = joinBytes(messages.map((message) =>
      rawFrame({
        opcode: typeof message === "string" ? 1 : 2,
        payload: typeof message === "string" ? new TextEncoder().encode(message) : message,
      })
    ));
    assertEquals(client.pieces.slice(before), [latin1Text(answers)]);
    client.destroy();
    await stage.finish();
  }
});
