import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { connect, createServer, type Socket } from "node:net";
import { Buffer } from "node:buffer";
import { once } from "node:events";
import process from "node:process";
import { type ReadingFunctions, sharedReader } from "../../adapters/node/reads.ts";
import { eventually, RUNTIME } from "../support/tcp.ts";

const isNode = RUNTIME.startsWith("node") && process.platform !== "win32";

const IGNORING: ReadingFunctions = { received: () => true, nextArrayBytes: () => 0 };

/** Makes a connection; gives both ends, and a function that closes them. */
async function pair() {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const client = connect(port, "127.0.0.1");
  const [accepted] = await once(server, "connection") as [Socket];
  const close = () => {
    client.destroy();
    accepted.destroy();
    server.close();
  };
  return { client, accepted, close };
}

test("accepted sockets of Node read into one shared buffer, and still end", {
  skip: !isNode,
}, async () => {
  const one = await pair();
  const other = await pair();
  const texts: string[] = [];
  const streams: Socket[] = [];
  const buffers = new Set<ArrayBufferLike>();
  const read = sharedReader({
    received(stream, bytes) {
      buffers.add(bytes.buffer);
      streams.push(stream);
      texts.push(new TextDecoder().decode(bytes));
      return true;
    },
    nextArrayBytes: () => 100,
  });
  for (const { accepted } of [one, other]) {
    assert(read(accepted));
    accepted.resume();
  }
  for (const [client, text] of [[one.client, "first"], [other.client, "other"]] as const) {
    client.write(text);
    await eventually(`${text} to arrive`, () => texts.includes(text));
  }
  one.client.write("longer than the first");
  await eventually("all to arrive", () => texts.length === 3);
  assertEquals(texts, ["first", "other", "longer than the first"]);
  assertEquals(buffers.size, 1);
  // One function serves all streams, and is told which one it is.
  assert(streams[0] === one.accepted && streams[1] === other.accepted);
  const ended = once(one.accepted, "end");
  one.client.end();
  await ended;
  one.close();
  other.close();
});

test(
  "a stream whose callback returns false is not read until it is resumed",
  { skip: !isNode },
  async () => {
    const { client, accepted, close } = await pair();
    let received = 0;
    let goesOn = false;
    const read = sharedReader({
      received(stream, bytes) {
        received += bytes.length;
        if (!goesOn) stream.pause();
        return goesOn;
      },
      nextArrayBytes: () => 100,
    });
    assert(read(accepted));
    accepted.resume();
    client.write(new Uint8Array(300_000));
    await eventually("the first read", () => received > 0);
    const before = received;
    // The bytes of another connection, sent later, are read meanwhile.
    const other = await pair();
    let heard = false;
    other.accepted.on("data", () => heard = true);
    other.client.write("later");
    await eventually("the bytes of another connection", () => heard);
    other.close();
    assertEquals(received, before);
    goesOn = true;
    accepted.resume();
    await eventually("the rest", () => received === 300_000);
    close();
  },
);

/** The bytes of a long transfer: no two of its first 65,536 quads are equal. */
function longBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 4 <= length; at += 4) view.setUint32(at, at * 2_654_435_761);
  return bytes;
}

test("a long transfer comes in arrays of the asked length, which stay as they are", {
  skip: !isNode,
}, async () => {
  const sent = longBytes(1_000_000);
  const { client, accepted, close } = await pair();
  const other = await pair();
  const pieces: Uint8Array[] = [];
  const owned: Uint8Array[] = [];
  let asked = 0;
  let received = 0;
  const read = sharedReader({
    received(stream, bytes, isOwned) {
      if (stream !== accepted) return true;
      pieces.push(isOwned ? bytes : bytes.slice());
      if (isOwned) owned.push(bytes);
      received += bytes.length;
      return true;
    },
    nextArrayBytes: (_stream, most) => [100, most][asked++ % 2] as number,
  });
  assert(read(accepted) && read(other.accepted));
  // The kernel holds many bytes before the first read, which is therefore long.
  client.write(sent);
  accepted.resume();
  other.accepted.resume();
  await eventually("all bytes", () => received === sent.length);
  // The bytes of another connection go into the shared buffer.
  other.client.write(new Uint8Array(200_000));
  client.write("the end");
  await eventually("the last bytes", () => received === sent.length + 7);
  assertEquals(Buffer.compare(Buffer.concat(pieces).subarray(0, sent.length), sent), 0);
  assert(owned.some(({ length }) => length === 100));
  assert(owned.every(({ length }) => length === 100 || length === 65_536));
  assert(
    owned.every(({ length, buffer, byteOffset }) =>
      byteOffset === 0 && buffer.byteLength === length
    ),
  );
  assertEquals(new Set(owned.map(({ buffer }) => buffer)).size, owned.length);
  close();
  other.close();
});

test("a stream whose internals look different is left alone", async () => {
  const { accepted, close } = await pair();
  const foreign = Object.create(accepted, { _handle: { value: {} } }) as Socket;
  assertEquals(sharedReader(IGNORING)(foreign), false);
  close();
});

test("a stream of Bun, which has no such fields, is left alone", {
  skip: !RUNTIME.startsWith("bun"),
}, async () => {
  const { accepted, close } = await pair();
  assertEquals(sharedReader(IGNORING)(accepted), false);
  close();
});
