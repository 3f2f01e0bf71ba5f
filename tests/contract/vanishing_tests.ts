/**
 * The socket notices in every state of the connection that the peer has left.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Client } from "./client.ts";
import { connected, MB, slow, SOON, stall, type Subject } from "./connection.ts";
import type { Recorder } from "./recorder.ts";
import { pattern, settled, until } from "./waiting.ts";

/** Registers the tests of peers that vanish. */
export function vanishingTests(subject: Subject): void {
  const gone = (recorder: Recorder) => recorder.has("end") || recorder.has("close");
  const ways: Record<string, (client: Client) => void> = {
    dies: (client) => client.destroy(),
    resets: (client) => client.reset(),
  };
  for (const [way, vanish] of Object.entries(ways)) {
    test(`${subject.name}: notices a peer that ${way} while nothing happens`, async () => {
      await connected(subject, async ({ client, recorder }) => {
        await settled();
        vanish(client);
        await until("a sign", () => gone(recorder), SOON);
      });
    });

    test(`${subject.name}: notices a peer that ${way} while reading is paused`, async () => {
      await connected(subject, async ({ client, recorder, socket }) => {
        socket.pauseReading();
        client.write(pattern(1_000));
        await settled();
        vanish(client);
        await until("a sign", () => gone(recorder), SOON);
      });
    });

    test(`${subject.name}: notices a peer that ${way} while a write is stalled`, async () => {
      await connected(slow(subject), async (connection) => {
        await stall(connection);
        vanish(connection.client);
        await until("a sign", () => gone(connection.recorder), SOON);
      });
    });
  }

  test(`${subject.name}: notices a reset behind a flood of unread bytes`, {
    skip: subject.gaps?.unreadReset ?? false,
  }, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.pauseReading();
      client.write(pattern(32 * MB));
      await settled();
      client.reset();
      await until("onClose", () => recorder.has("close"), SOON);
      assertEquals(recorder.has("data"), false);
    });
  });

  test(`${subject.name}: reports the error of a reset`, async () => {
    await connected(subject, async ({ client, recorder }) => {
      client.reset();
      await until("onClose", () => recorder.has("close"));
      assert(recorder.error instanceof Error);
    });
  });

  test(`${subject.name}: notices the peer's end while a write is stalled`, async () => {
    await connected(slow(subject), async (connection) => {
      await stall(connection);
      connection.client.end();
      await until("onEnd", () => connection.recorder.has("end"), SOON);
      assertEquals(connection.recorder.has("close"), false);
    });
  });

  test(`${subject.name}: destroy frees a connection whose write is stalled`, async () => {
    await connected(slow(subject), async (connection) => {
      await stall(connection);
      connection.socket.destroy();
      await until("onClose", () => connection.recorder.has("close"), SOON);
    });
  });
}
