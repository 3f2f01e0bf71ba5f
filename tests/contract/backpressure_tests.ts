/**
 * Backpressure: a slow reader and a paused handler stop the sender. The memory is bounded, and no
 * byte is lost.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { joinBytes } from "../../src/socket/mod.ts";
import {
  assertSameBytes,
  connected,
  MB,
  MORE_THAN_KERNELS_TAKE,
  slow,
  SOON,
  stall,
  type Subject,
  writePolitely,
} from "./connection.ts";
import { latin1Bytes } from "../support/latin1_bytes.ts";
import { pattern, settled, until } from "./waiting.ts";

/** Registers the tests of a slow reader. */
export function backpressureTests(subject: Subject): void {
  test(`${subject.name}: delivers 24 MB to a slow reader, at the reader's speed`, async () => {
    await connected(slow(subject), async (connection) => {
      const { client, socket } = connection;
      let budget = MB;
      client.onData = (bytes) => {
        budget -= bytes.length;
        if (budget > 0) return;
        budget = MB;
        client.pause();
        setTimeout(() => client.resume(), 2);
      };
      const bytes = pattern(24 * MB);
      await writePolitely(connection, bytes);
      socket.endWrite();
      await until("the end", () => client.ended);
      assertSameBytes(client.received, bytes);
    });
  });

  test(`${subject.name}: endWrite loses nothing, even while the peer keeps sending`, async () => {
    await connected(slow(subject), async ({ client, socket }) => {
      const bytes = pattern(12 * MB);
      const chatter = setInterval(() => client.write(pattern(10_000)), 1);
      socket.write(bytes);
      socket.endWrite();
      await until("the end", () => client.ended).finally(() => clearInterval(chatter));
      assertSameBytes(client.received, bytes);
    });
  });

  test(`${subject.name}: a reader that stalls stops the writer, until it reads on`, async () => {
    await connected(slow(subject), async (connection) => {
      const { client, recorder } = connection;
      const written = await stall(connection);
      assert(written < MORE_THAN_KERNELS_TAKE, "write took more bytes than kernels take");
      const before = recorder.heard.length;
      await settled();
      assertEquals(recorder.heard.length, before, "an onDrain while the reader stalls");
      client.resume();
      await until("onDrain", () => recorder.heard.length > before);
      await until("every byte", () => client.count >= written);
      assertEquals(client.count, written);
    });
  });

  test(`${subject.name}: bytes may change once holdsBytes is false`, async () => {
    await connected(slow(subject), async ({ client, socket }) => {
      if (socket.holdsBytes === undefined) return;
      const bytes = pattern(16 * MB);
      const sizes = [1_000, 3_000, 50_000, 256 * 1024, 700_000];
      const block = new Uint8Array(Math.max(...sizes));
      client.onData = () => {
        client.pause();
        setTimeout(() => client.resume(), 1);
      };
      for (let at = 0, count = 0; at < bytes.length; count++) {
        const part = bytes.subarray(at, at + sizes[count % sizes.length]!);
        at += part.length;
        block.set(part);
        socket.write(block.subarray(0, part.length));
        await until("holdsBytes to be false", () => socket.holdsBytes === false);
        block.fill(0);
      }
      socket.endWrite();
      await until("the end", () => client.ended);
      assertSameBytes(client.received, bytes);
    });
  });

  test(`${subject.name}: holds the bytes that a stalled reader does not take`, async () => {
    await connected(slow(subject), async (connection) => {
      if (connection.socket.holdsBytes === undefined) return;
      await stall(connection);
      assertEquals(connection.socket.holdsBytes, true);
    });
  });

  test(`${subject.name}: keeps bytes that are written though write returned false`, async () => {
    await connected(slow(subject), async ({ client, socket }) => {
      client.pause();
      const parts: string[] = [];
      for (let part = 0; part < 2_000; part++) parts.push(`<${part}>`.padEnd(part * 7, "\xe9"));
      for (const part of parts) socket.write(part);
      const whole = joinBytes(parts.map(latin1Bytes));
      await settled();
      client.resume();
      await until("every byte", () => client.count >= whole.length);
      assertSameBytes(client.received, whole);
    });
  });
}

/** Registers the tests of a paused handler. */
export function pausingTests(subject: Subject): void {
  test(`${subject.name}: delivers nothing while paused, and everything after`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.pauseReading();
      socket.pauseReading();
      const bytes = pattern(300_000);
      for (let at = 0; at < bytes.length; at += 1_000) {
        client.write(bytes.subarray(at, at + 1_000));
      }
      await settled();
      assertEquals(recorder.heard, []);
      socket.resumeReading();
      await until("every byte", () => recorder.count >= bytes.length);
      assertSameBytes(recorder.received, bytes);
    });
  });

  test(`${subject.name}: can be paused and resumed at each piece`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      let paused = false;
      let surprises = 0;
      recorder.react = (event) => {
        if (event !== "data") return;
        if (paused) surprises++;
        paused = true;
        socket.pauseReading();
        setTimeout(() => {
          paused = false;
          socket.resumeReading();
        }, 0);
      };
      const bytes = pattern(MB);
      client.write(bytes);
      await until("every byte", () => recorder.count >= bytes.length);
      assertSameBytes(recorder.received, bytes);
      assertEquals(surprises, 0);
    });
  });

  test(`${subject.name}: delivers the bytes before an end, though paused`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.pauseReading();
      client.write(pattern(20_000));
      client.end();
      await until("onEnd", () => recorder.has("end"), SOON);
      assertSameBytes(recorder.received, pattern(20_000));
      socket.write("still here");
      await until("the answer", () => client.count === 10);
    });
  });

  test(`${subject.name}: a peer that floods a paused socket must stop sending`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.pauseReading();
      const bytes = pattern(32 * MB);
      for (let at = 0; at < bytes.length; at += 65_536) {
        client.write(bytes.subarray(at, at + 65_536));
      }
      await settled();
      await settled();
      assert(client.waiting > 8 * MB, `only ${client.waiting} bytes are still at the client`);
      socket.resumeReading();
      await until("every byte", () => recorder.count >= bytes.length);
      assertSameBytes(recorder.received, bytes);
    });
  });
}
