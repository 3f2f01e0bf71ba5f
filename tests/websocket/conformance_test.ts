/**
 * The behaviour of an echo over real sockets, in the spirit of the Autobahn testsuite: each connection of
 * the corpus; the answers, the code of the Close frame, and the FIN that follows it. `codec/corpus_test.ts` has
 * each split of the same bytes.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import type { WSGIApp } from "../../mod.ts";
import { acceptWebSocket } from "../../src/websocket/mod.ts";
import { escapeBytes, latin1Text } from "../http/transcript.ts";
import { serving } from "../support/serving.ts";
import { type RealServing, servingOverTcp } from "../support/tcp.ts";
import { type FrameCase, readFrameCorpus } from "./codec/corpus.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { rawFrame } from "./codec/frames.ts";
import { clientFrame, handshake, RawClient } from "./raw_client.ts";

const echo: WSGIApp = function* (environ) {
  const socket = acceptWebSocket(environ, { maxMessageBytes: 1024 * 1024 });
  yield* socket.each((message) => socket.send(message));
};

/** The lines of a run: the answers to messages, those to Pings, and the Close frame. */
interface Answers {
  readonly messages: readonly string[];
  readonly pongs: readonly string[];
  readonly close: string;
}

/** The answers that the events of a case ask for. */
function answersTo(events: string): Answers {
  const lines = events.split("\n");
  const end = /^(?:close|error) (\d+)/m.exec(events)?.[1];
  return {
    messages: lines.filter((line) => /^(?:text|binary) /.test(line)),
    pongs: lines.filter((line) => line.startsWith("ping ")).map((line) => `pong${line.slice(4)}`),
    close: end === undefined ? "1000" : end === "1005" ? "empty" : end,
  };
}

function shown(bytes: Uint8Array): string {
  const text = escapeBytes(latin1Text(bytes.subarray(0, 100)));
  return bytes.length > 100 ? `${bytes.length} bytes "${text[0]}"...` : `"${text}"`;
}

/** Sends the bytes of a case, and gives the answers of the server. */
async function run(stage: RealServing, { bytes, events }: FrameCase) {
  const client = await RawClient.open(stage);
  client.tcp.send(bytes);
  const { messages, pongs } = answersTo(events);
  await client.count(messages.length + pongs.length);
  if (!/^(?:close|error)/m.test(events)) client.send("close", Uint8Array.of(3, 232));
  const frames = await client.ended();
  client.tcp.leave("ends");
  const ofKind = (pattern: RegExp) =>
    frames.filter(({ kind }) => pattern.test(kind)).map(({ kind, payload }) =>
      `${kind} ${shown(payload)}`
    );
  return {
    messages: ofKind(/text|binary/),
    pongs: ofKind(/pong/),
    close: client.closed.split(" ")[0] as string,
  };
}

/** Cases that a client cannot be heard on: an unfinished frame has no answer. */
const SILENT = /gives nothing for a part of a frame/;
test("an echo answers each connection of the corpus as RFC 6455 asks, and ends it with a FIN", async () => {
  const stage = await servingOverTcp(echo);
  const cases = readFrameCorpus().filter(({ name, options }) =>
    Object.keys(options).length === 0 && !SILENT.test(name)
  );
  const next = cases.values();
  const work = async () => {
    for (const each of next) {
      assertEquals(await run(stage, each), answersTo(each.events), each.name);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  await stage.quiet();
  await stage.finish();
});

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
