/**
 * The runner of the conformance suite: a client over TCP that sends the bytes of a case, reads the answer strictly,
 * and compares.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { latin1Text } from "../../http/transcript.ts";
import type { TcpClient } from "../../support/tcp.ts";
import { RawClient, type ServerFrame } from "../raw_client.ts";
import { bytesOf, type ConformanceCase, type Message } from "./case.ts";

/** Opens a connection to the server under test. */
export type Connect = (options: { readonly count: true }) => Promise<TcpClient>;

/**
 * Runs a case.
 *
 * @param open Opens a connection.
 * @param path The path of the app of the case.
 * @throws {Error} If the server answers in another way.
 */
export async function runCase(open: Connect, path: string, given: ConformanceCase): Promise<void> {
  const client = await RawClient.begin(
    { open },
    given.request.replace(/(?<=^\w+ \S*)\/(?=[ ?])/, path),
  );
  try {
    checkHead(client.head, given);
    if (given.status !== 101) return;
    if (given.isSlow) client.tcp.stream.pause();
    const { tcp } = client;
    for (const piece of given.pieces) {
      const hasRoom = tcp.send(piece);
      // The next piece is a packet of its own, in most cases.
      if (given.pieces.length < 200) await new Promise((resolve) => setImmediate(resolve));
      if (given.isSlow || hasRoom) continue;
      await tcp.until("room", () => tcp.stream.writableLength === 0 || tcp.ended || tcp.closed);
    }
    if (given.leaves) client.tcp.leave("ends");
    if (given.isSlow) await heldUp(client.tcp);
    client.tcp.stream.resume();
    checkFrames(await client.ended(), client, given);
  } finally {
    client.tcp.leave("closes");
  }
}

/** Waits until the server takes no more bytes, or has taken all. */
async function heldUp({ stream }: TcpClient): Promise<void> {
  for (let before = -1; stream.writableLength !== before;) {
    before = stream.writableLength;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function checkHead(head: string, { status, fields }: ConformanceCase): void {
  assertMatch(head, /^HTTP\/1\.1 \d{3} [^\r\n]*\r\n/);
  assertEquals(Number(head.slice(9, 12)), status);
  for (const [name, value] of Object.entries(fields)) {
    const lines = head.split("\r\n").filter((line) =>
      line.toLowerCase().startsWith(`${name.toLowerCase()}:`)
    );
    assertEquals(lines, value === undefined ? [] : [`${name}: ${value}`]);
  }
}

function checkFrames(
  frames: readonly ServerFrame[],
  client: RawClient,
  given: ConformanceCase,
): void {
  const closes = frames.filter(({ kind }) => kind === "close");
  assertEquals(client.closed.split(" ")[0] || "none", `${given.close}`);
  assert(
    closes.length <= 1 && (closes.length === 0 || frames.at(-1) === closes[0]),
    "frames after the Close",
  );
  assertEquals(client.restBytes, 0, "a part of a frame");
  for (const { payload } of closes) {
    new TextDecoder("utf-8", { fatal: true }).decode(payload.subarray(2));
  }
  const pongs = frames.filter(({ kind }) => kind === "pong").map(({ payload }) => payload);
  assertSame(pongs, given.pongs.map(bytesOf), "Pongs");
  const data = frames.filter(({ kind }) => kind !== "pong" && kind !== "close");
  const kinds = data.map(({ kind, isFinal }) => `${kind}${isFinal ? "" : ", not final"}`);
  assertEquals(kinds, given.messages.map(kindOf));
  const reserved = data.filter((frame) => frame.reserved !== 0 && frame.reserved !== 4);
  assertEquals(reserved, []);
  assertSame(payloadsOf(data, client.head), given.messages.map(bytesOf), "messages");
}

const kindOf = (message: Message): string => typeof message === "string" ? "text" : "binary";

/** The payloads of messages, decompressed as a client does that keeps the window which was agreed on. */
function payloadsOf(frames: readonly ServerFrame[], head: string): Uint8Array[] {
  if (frames.every(({ reserved }) => reserved === 0)) return frames.map(({ payload }) => payload);
  assertMatch(head, /\r\nSec-WebSocket-Extensions: permessage-deflate/);
  const hasContext = !head.includes("server_no_context_takeover");
  const windowBits = Number(/server_max_window_bits=(\d+)/.exec(head)?.[1] ?? 15);
  let stream: number[] = [];
  let before = 0;
  return frames.map(({ reserved, payload }) => {
    if (reserved === 0) return payload;
    if (!hasContext) [stream, before] = [[], 0];
    for (const byte of payload) stream.push(byte);
    stream.push(0, 0, 255, 255);
    const all = zlib.inflateRawSync(Uint8Array.from(stream), { finishFlush: 2, windowBits });
    const message = new Uint8Array(all.subarray(before));
    before = all.length;
    return message;
  });
}

function assertSame(
  given: readonly Uint8Array[],
  expected: readonly Uint8Array[],
  what: string,
): void {
  assertEquals(given.length, expected.length, `the number of ${what}`);
  for (const [index, bytes] of given.entries()) {
    const other = expected[index] as Uint8Array;
    const isSame = Buffer.compare(bytes, other) === 0;
    if (isSame) continue;
    const shown = (array: Uint8Array) =>
      `${array.length} bytes ${JSON.stringify(latin1Text(array.subarray(0, 60)))}`;
    throw new Error(`${what} ${index}: ${shown(bytes)} in place of ${shown(other)}`);
  }
}
