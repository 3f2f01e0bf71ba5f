/**
 * Half-closing and closing, in every order.
 *
 * @module
 */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import {
  assertSameBytes,
  connected,
  type Connection,
  MB,
  slow,
  SOON,
  stall,
  type Subject,
  writeUntilFull,
} from "./connection.ts";
import type { Heard } from "./recorder.ts";
import { pattern, settled, until } from "./waiting.ts";

/** Registers the tests of closing one direction. */
export function halfCloseTests(subject: Subject): void {
  test(`${subject.name}: after the peer's end we can still write`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      client.write(pattern(10));
      client.end();
      await until("onEnd", () => recorder.has("end"));
      assertEquals(recorder.heard, ["data", "end"]);
      await settled();
      const bytes = pattern(3 * MB);
      socket.write(bytes);
      socket.endWrite();
      await until("the client's end", () => client.ended);
      assertSameBytes(client.received, bytes);
      await until("onClose", () => recorder.has("close"));
      assertEquals(recorder.error, undefined);
    });
  });

  test(`${subject.name}: after our endWrite we can still read`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.write("bye");
      socket.endWrite();
      socket.endWrite();
      await until("the client's end", () => client.ended);
      assertEquals(client.count, 3);
      const bytes = pattern(3 * MB);
      client.write(bytes);
      client.end();
      await until("onClose", () => recorder.has("close"));
      assertSameBytes(recorder.received, bytes);
      assertEquals(recorder.has("end"), true);
      assertEquals(recorder.error, undefined);
    });
  });

  test(`${subject.name}: a large write begun in onEnd arrives whole`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      const bytes = pattern(10 * MB);
      recorder.react = (event) => {
        if (event !== "end") return;
        socket.write(bytes);
        socket.endWrite();
      };
      client.end();
      await until("the client's end", () => client.ended);
      assertSameBytes(client.received, bytes);
    });
  });

  test(`${subject.name}: after our endWrite, a pause loses none of the peer's bytes`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.endWrite();
      await until("the client's end", () => client.ended);
      socket.pauseReading();
      const bytes = pattern(MB);
      client.write(bytes);
      client.end();
      await settled();
      assertEquals(recorder.heard, []);
      socket.resumeReading();
      await until("onClose", () => recorder.has("close"));
      assertSameBytes(recorder.received, bytes);
      assertEquals(recorder.has("end"), true);
    });
  });
}

/** Registers the tests of closing. */
export function closingTests(subject: Subject): void {
  const endings: Record<string, (connection: Connection) => void> = {
    "our destroy": ({ socket }) => socket.destroy(),
    "our destroy, twice": ({ socket }) => {
      socket.destroy();
      socket.destroy();
    },
    "endWrite and destroy": ({ socket }) => {
      socket.write("bye");
      socket.endWrite();
      socket.destroy();
    },
    "our reset": ({ socket }) => {
      socket.reset?.();
      socket.reset?.();
      socket.destroy();
    },
    "endWrite and reset": ({ socket }) => {
      socket.write("bye");
      socket.endWrite();
      socket.reset?.();
      socket.destroy();
    },
    "both ends' end": ({ socket, client }) => {
      socket.endWrite();
      client.end();
    },
    "the peer's reset": ({ client }) => client.reset(),
    "the peer's reset, after our end": ({ socket, client }) => {
      socket.endWrite();
      client.reset();
    },
    "a write to a peer that has left": ({ socket, client, recorder }) => {
      client.reset();
      const writing = setInterval(() => {
        if (recorder.has("close")) clearInterval(writing);
        socket.write("anybody there?");
      }, 1);
    },
  };
  for (const [ending, act] of Object.entries(endings)) {
    test(`${subject.name}: closes exactly once after ${ending}`, async () => {
      await connected(subject, async (connection) => {
        act(connection);
        await until("onClose", () => connection.recorder.has("close"));
      });
    });
  }

  for (const moment of ["data", "end", "drain"] as const satisfies readonly Heard[]) {
    test(`${subject.name}: makes no call but onClose after a destroy in ${moment}`, async () => {
      await connected(subject, async ({ client, recorder, socket }) => {
        recorder.react = (event) => {
          if (event === moment) socket.destroy();
        };
        if (moment === "drain") writeUntilFull(socket);
        client.write(pattern(500_000));
        if (moment === "end") client.end();
        await until("onClose", () => recorder.has("close"));
        assertEquals(recorder.heard.slice(recorder.heard.indexOf(moment)), [moment, "close"]);
      });
    });
  }

  test(`${subject.name}: calls no handler inside a call of its own methods`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.pauseReading();
      client.write(pattern(10));
      await settled();
      socket.resumeReading();
      assertEquals(recorder.heard, []);
      await until("onData", () => recorder.has("data"));
      socket.destroy();
      assertEquals(recorder.heard, ["data"]);
    });
  });

  test(`${subject.name}: allows every call after onClose, without an effect`, async () => {
    await connected(subject, async ({ recorder, socket }) => {
      socket.destroy();
      await until("onClose", () => recorder.has("close"));
      assertEquals(socket.write("late"), true);
      assertEquals(socket.write(pattern(MB)), true);
      socket.endWrite();
      socket.pauseReading();
      socket.resumeReading();
      socket.destroy();
      socket.reset?.();
    });
  });

  test(`${subject.name}: drops bytes that are written after endWrite`, async () => {
    await connected(subject, async ({ client, socket }) => {
      socket.write("all");
      socket.endWrite();
      assertEquals(socket.write("more"), true);
      await until("the end", () => client.ended);
      assertEquals(client.count, 3);
    });
  });
}

/** Registers the tests of resets. */
export function resetTests(subject: Subject): void {
  const skip = subject.gaps?.reset ?? false;

  test(`${subject.name}: our reset is an error to the peer`, { skip }, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.write("some");
      await until("the client's data", () => client.count === 4);
      socket.reset?.();
      await until("the client's error", () => client.failed);
      await until("onClose", () => recorder.has("close"));
      assertEquals([recorder.has("end"), recorder.error], [false, undefined]);
    });
  });

  // The peer may see an end instead of a reset: libuv does so for a reset behind unread bytes.
  test(`${subject.name}: reset frees a connection whose write is stalled`, { skip }, async () => {
    await connected(slow(subject), async (connection) => {
      await stall(connection);
      connection.socket.reset?.();
      await until("onClose", () => connection.recorder.has("close"), SOON);
    });
  });
}
