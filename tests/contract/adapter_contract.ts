/**
 * What every adapter promises, checked over real connections.
 *
 * Each test gets a connection of its own, and each story must end the same way: `onClose` exactly
 * once, and last.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Adapter, Address, ListenAddress, Listener, Socket } from "../../src/server/socket.ts";
import type { Client } from "./client.ts";
import { type Heard, Recorder } from "./recorder.ts";
import { concat, firstDifference, pattern, settled, until } from "./waiting.ts";

/** An adapter, and how to reach what it serves. */
export interface Subject {
  readonly name: string;
  readonly adapter: Adapter;
  connect(address: Address): Promise<Client>;
  /** A path for a Unix socket that nobody uses, if the adapter makes files. */
  unixPath(): string;
  /** Leaves a socket file behind, as a process that was killed does; absent: there are no files. */
  crashAt?(path: string): Promise<void>;
  exists?(path: string): boolean;
}

/** One accepted connection, and the client at its other end. */
interface Connection {
  readonly socket: Socket;
  readonly recorder: Recorder;
  readonly client: Client;
  readonly listener: Listener;
}

const LOOPBACK: ListenAddress = { host: "127.0.0.1", port: 0 };
const MB = 1024 * 1024;

/** More than any kernel takes for a peer that does not read. */
const MORE_THAN_KERNELS_TAKE = 64 * MB;

/** A peer that is gone must be noticed this soon, in ms: 100 on an idle machine. */
const SOON = 1_000;

/** Registers the tests of one adapter. */
export function adapterContract(subject: Subject): void {
  orderTests(subject);
  backpressureTests(subject);
  halfCloseTests(subject);
  closingTests(subject);
  vanishingTests(subject);
  pausingTests(subject);
  failureTests(subject);
  addressTests(subject);
  listenerTests(subject);
  clockTests(subject);
}

/** Runs `story` on a fresh connection, then checks that it ends as every connection must. */
async function connected(
  subject: Subject,
  story: (connection: Connection) => Promise<void> | void,
  address: ListenAddress = LOOPBACK,
): Promise<void> {
  const recorders: Recorder[] = [];
  const listener = await subject.adapter.listen(address, {}, (socket) => {
    const recorder = new Recorder(socket);
    recorders.push(recorder);
    return recorder;
  });
  const client = await subject.connect(listener.address);
  try {
    await until("the connection is accepted", () => recorders.length > 0);
    const recorder = recorders[0]!;
    await story({ socket: recorder.socket, recorder, client, listener });
  } finally {
    recorders.forEach((recorder) => recorder.socket.destroy());
    client.destroy();
    await listener.close();
  }
  for (const recorder of recorders) {
    await until("onClose", () => recorder.has("close"));
    await settled();
    recorder.assertClosedOnceAndLast();
  }
}

/** Writes `bytes` in pieces, waiting for `onDrain` whenever `write` says so. */
async function writePolitely({ socket, recorder }: Connection, bytes: Uint8Array): Promise<void> {
  let room = true;
  recorder.react = (what) => room ||= what === "drain";
  for (let at = 0; at < bytes.length; at += 50_000) {
    await until("onDrain", () => room);
    room = socket.write(bytes.subarray(at, at + 50_000));
  }
}

/** Writes until `write` says to wait; gives how much that took. */
function writeUntilFull(socket: Socket): number {
  const block = pattern(256 * 1024);
  let written = block.length;
  while (socket.write(block) && written < MORE_THAN_KERNELS_TAKE) written += block.length;
  return written;
}

/** Fills the way to a client that does not read, until not even a turn later is there room. */
async function stall({ socket, recorder, client }: Connection): Promise<number> {
  client.pause();
  let written = 0;
  let drains = -1;
  while (drains !== recorder.heard.length && written < MORE_THAN_KERNELS_TAKE) {
    drains = recorder.heard.length;
    written += writeUntilFull(socket);
    await settled();
  }
  return written;
}

function assertSameBytes(actual: readonly Uint8Array[], expected: Uint8Array): void {
  const whole = concat(actual);
  assertEquals(whole.length, expected.length);
  assertEquals(firstDifference(whole, expected), -1, "the first byte that differs");
}

function orderTests(subject: Subject): void {
  test(`${subject.name}: keeps strings and bytes of all sizes in order, both ways`, async () => {
    await connected(subject, async (connection) => {
      const { client, recorder, socket } = connection;
      const sizes = [1, 0, 13, 300, 4096, 4097, 16_384, 65_536, 70_000, 2, 200_000];
      const pieces = sizes.flatMap((size, seed) => [pattern(size, seed), pattern(size, seed + 99)]);
      pieces.forEach((piece, index) => {
        const text = subject.adapter.latin1(piece, 0, piece.length);
        socket.write(index % 2 === 0 ? piece : text);
        client.write(piece);
      });
      const whole = concat(pieces);
      await until("all that we sent", () => client.count >= whole.length);
      await until("all that we were sent", () => recorder.count >= whole.length);
      assertSameBytes(client.received, whole);
      assertSameBytes(recorder.received, whole);
    });
  });

  test(`${subject.name}: sends every latin-1 character of a string as its one byte`, async () => {
    await connected(subject, async ({ client, socket }) => {
      const bytes = Uint8Array.from({ length: 256 }, (_, code) => code);
      socket.write(String.fromCharCode(...bytes));
      socket.write(String.fromCharCode(...bytes.subarray(0, 0x80)));
      await until("both strings", () => client.count >= 384);
      assertEquals([...concat(client.received)], [...bytes, ...bytes.subarray(0, 0x80)]);
    });
  });

  test(`${subject.name}: does not delay small writes that follow each other`, async () => {
    await connected(subject, async ({ client, socket, recorder }) => {
      // With Nagle's algorithm on, each round waits 40 ms for a delayed acknowledgement.
      const start = performance.now();
      for (let round = 1; round <= 25; round++) {
        client.write(pattern(1));
        await until("the question", () => recorder.count === round);
        socket.write("a");
        await until("half an answer", () => client.count === round * 2 - 1);
        socket.write("b");
        await until("the answer", () => client.count === round * 2);
      }
      assert(performance.now() - start < 800, "25 rounds took longer than 800 ms");
    });
  });

  test(`${subject.name}: decodes latin-1 of any length, from any offset`, () => {
    for (const length of [0, 1, 100, 70_000]) {
      const bytes = pattern(length + 7).subarray(3);
      const text = subject.adapter.latin1(bytes, 2, 2 + length);
      assertEquals(text.length, length);
      const wrong = bytes.subarray(2, 2 + length).findIndex((b, at) => b !== text.charCodeAt(at));
      assertEquals(wrong, -1);
    }
    assertEquals(subject.adapter.latin1(new Uint8Array([0x80, 0x9f, 0xff]), 0, 3), "\x80\x9f\xff");
  });
}

function backpressureTests(subject: Subject): void {
  test(`${subject.name}: delivers 24 MB to a slow reader that is waited for`, async () => {
    await connected(subject, async (connection) => {
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
    await connected(subject, async ({ client, socket }) => {
      const bytes = pattern(12 * MB);
      const chatter = setInterval(() => client.write(pattern(10_000)), 1);
      socket.write(bytes);
      socket.endWrite();
      await until("the end", () => client.ended).finally(() => clearInterval(chatter));
      assertSameBytes(client.received, bytes);
    });
  });

  test(`${subject.name}: a reader that stalls stops the writer, until it reads on`, async () => {
    await connected(subject, async (connection) => {
      const { client, recorder } = connection;
      const written = await stall(connection);
      assert(written < MORE_THAN_KERNELS_TAKE, "write never returned false for good");
      const before = recorder.heard.length;
      await settled();
      assertEquals(recorder.heard.length, before, "an onDrain while the reader stalls");
      client.resume();
      await until("onDrain", () => recorder.heard.length > before);
      await until("every byte", () => client.count >= written);
      assertEquals(client.count, written);
    });
  });

  test(`${subject.name}: keeps what is written against its advice`, async () => {
    await connected(subject, async ({ client, socket }) => {
      client.pause();
      const parts: string[] = [];
      for (let part = 0; part < 2_000; part++) parts.push(`<${part}>`.padEnd(part * 7, "\xe9"));
      for (const part of parts) socket.write(part);
      const whole = concat(parts.map((part) => Uint8Array.from(part, (c) => c.charCodeAt(0))));
      await settled();
      client.resume();
      await until("every byte", () => client.count >= whole.length);
      assertSameBytes(client.received, whole);
    });
  });
}

function halfCloseTests(subject: Subject): void {
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
      recorder.react = (what) => {
        if (what !== "end") return;
        socket.write(bytes);
        socket.endWrite();
      };
      client.end();
      await until("the client's end", () => client.ended);
      assertSameBytes(client.received, bytes);
    });
  });

  test(`${subject.name}: after our endWrite, a pause loses nothing of what comes`, async () => {
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

function closingTests(subject: Subject): void {
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
    "both ends' end": ({ socket, client }) => {
      socket.endWrite();
      client.end();
    },
    "the peer's reset": ({ client }) => client.reset(),
    "the peer's reset, after our end": ({ socket, client }) => {
      socket.endWrite();
      client.reset();
    },
    "a write to a peer that is gone": ({ socket, client, recorder }) => {
      client.reset();
      const writing = setInterval(() => {
        if (recorder.has("close")) clearInterval(writing);
        socket.write("anybody there?");
      }, 1);
    },
  };
  for (const [ending, act] of Object.entries(endings)) {
    test(`${subject.name}: closes once and for all after ${ending}`, async () => {
      await connected(subject, async (connection) => {
        act(connection);
        await until("onClose", () => connection.recorder.has("close"));
      });
    });
  }

  for (const moment of ["data", "end", "drain"] as const satisfies readonly Heard[]) {
    test(`${subject.name}: hears no more but onClose after a destroy in ${moment}`, async () => {
      await connected(subject, async ({ client, recorder, socket }) => {
        recorder.react = (what) => {
          if (what === moment) socket.destroy();
        };
        if (moment === "drain") writeUntilFull(socket);
        client.write(pattern(500_000));
        if (moment === "end") client.end();
        await until("onClose", () => recorder.has("close"));
        assertEquals(recorder.heard.slice(recorder.heard.indexOf(moment)), [moment, "close"]);
      });
    });
  }

  test(`${subject.name}: never calls back from inside a call`, async () => {
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

  test(`${subject.name}: allows every call after onClose, and does nothing`, async () => {
    await connected(subject, async ({ recorder, socket }) => {
      socket.destroy();
      await until("onClose", () => recorder.has("close"));
      assertEquals(socket.write("late"), true);
      assertEquals(socket.write(pattern(MB)), true);
      socket.endWrite();
      socket.pauseReading();
      socket.resumeReading();
      socket.destroy();
    });
  });

  test(`${subject.name}: drops what is written after endWrite`, async () => {
    await connected(subject, async ({ client, socket }) => {
      socket.write("all");
      socket.endWrite();
      assertEquals(socket.write("more"), true);
      await until("the end", () => client.ended);
      assertEquals(client.count, 3);
    });
  });
}

function vanishingTests(subject: Subject): void {
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
      await connected(subject, async (connection) => {
        await stall(connection);
        vanish(connection.client);
        await until("a sign", () => gone(connection.recorder), SOON);
      });
    });
  }

  test(`${subject.name}: notices a reset behind a flood that it does not read`, async () => {
    await connected(subject, async ({ client, recorder, socket }) => {
      socket.pauseReading();
      client.write(pattern(32 * MB));
      await settled();
      client.reset();
      await until("onClose", () => recorder.has("close"), SOON);
      assertEquals(recorder.has("data"), false);
    });
  });

  test(`${subject.name}: tells the error of a reset`, async () => {
    await connected(subject, async ({ client, recorder }) => {
      client.reset();
      await until("onClose", () => recorder.has("close"));
      assert(recorder.error instanceof Error);
    });
  });

  test(`${subject.name}: hears the peer's end while a write is stalled`, async () => {
    await connected(subject, async (connection) => {
      await stall(connection);
      connection.client.end();
      await until("onEnd", () => connection.recorder.has("end"), SOON);
      assertEquals(connection.recorder.has("close"), false);
    });
  });

  test(`${subject.name}: destroy frees a connection whose write is stalled`, async () => {
    await connected(subject, async (connection) => {
      await stall(connection);
      connection.socket.destroy();
      await until("onClose", () => connection.recorder.has("close"), SOON);
    });
  });
}

function pausingTests(subject: Subject): void {
  test(`${subject.name}: tells nothing while paused, and everything after`, async () => {
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
      recorder.react = (what) => {
        if (what !== "data") return;
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

  test(`${subject.name}: delivers what it read ahead of an end, though paused`, async () => {
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

  test(`${subject.name}: a peer that floods a paused socket is held back`, async () => {
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

function failureTests(subject: Subject): void {
  for (const moment of ["data", "end", "drain", "close"] as const satisfies readonly Heard[]) {
    test(`${subject.name}: a handler that throws in ${moment} costs its connection`, async () => {
      const logged = await loggedBy(() =>
        connected(subject, async ({ client, recorder, socket }) => {
          recorder.react = (what) => {
            if (what === moment) throw new TypeError("a bug in the handler");
          };
          if (moment === "drain") writeUntilFull(socket);
          if (moment === "end") client.end();
          else if (moment === "close") client.reset();
          else client.write(pattern(10));
          await until("onClose", () => recorder.has("close"));
        })
      );
      assertEquals(logged.length, 1);
      assertStringIncludes(logged[0] ?? "", "a bug in the handler");
    });
  }

  test(`${subject.name}: an accept that throws costs its connection`, async () => {
    const logged = await loggedBy(async () => {
      const listener = await subject.adapter.listen(LOOPBACK, {}, () => {
        throw new TypeError("a bug in accept");
      });
      for (let attempt = 0; attempt < 2; attempt++) {
        const client = await subject.connect(listener.address);
        await until("the client is cut off", () => client.ended);
        client.destroy();
      }
      await listener.close();
    });
    assertEquals(logged.length, 2);
    assertStringIncludes(logged[0] ?? "", "a bug in accept");
  });

  test(`${subject.name}: a connection can be refused by a destroy in accept`, async () => {
    const listener = await subject.adapter.listen(LOOPBACK, {}, (socket) => {
      socket.destroy();
      const recorder = new Recorder(socket);
      refused.push(recorder);
      return recorder;
    });
    const refused: Recorder[] = [];
    const client = await subject.connect(listener.address);
    await until("the client is cut off", () => client.ended);
    client.destroy();
    await listener.close();
    await until("onClose", () => refused[0]?.has("close") === true);
    assertEquals(refused[0]?.heard, ["close"]);
  });
}

/** What is written to the error log while `act` runs. */
async function loggedBy(act: () => Promise<void>): Promise<string[]> {
  const original = console.error;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  try {
    await act();
  } finally {
    console.error = original;
  }
  return lines;
}

function addressTests(subject: Subject): void {
  for (const [family, host] of [["IPv4", "127.0.0.1"], ["IPv6", "::1"]] as const) {
    test(`${subject.name}: tells both addresses of an ${family} connection`, async () => {
      await connected(subject, ({ socket, listener }) => {
        assert(listener.address.family === family);
        assertEquals(listener.address.host, host);
        assert(listener.address.port > 0, "port 0 picks a port");
        assertEquals(socket.local, listener.address);
        assert(socket.remote.family === family);
        assertEquals(socket.remote.host, host);
        assert(socket.remote.port > 0);
        assertEquals(socket.encrypted, false);
      }, { host, port: 0 });
    });
  }

  test(`${subject.name}: tells the path of a Unix connection`, async () => {
    const path = subject.unixPath();
    await connected(subject, async ({ client, socket, listener }) => {
      assertEquals(listener.address, { family: "unix", path });
      assertEquals(socket.local, { family: "unix", path });
      assertEquals(socket.remote, { family: "unix", path: "" });
      const bytes = pattern(2 * MB);
      socket.write(bytes);
      socket.endWrite();
      await until("the end", () => client.ended);
      assertSameBytes(client.received, bytes);
    }, { path });
    assertEquals(subject.exists?.(path) ?? false, false, "the file is gone");
  });

  if (subject.crashAt === undefined) return;
  test(`${subject.name}: gives an IPv4 peer of a listener on :: as IPv4`, async () => {
    const { adapter } = subject;
    const seen: Socket[] = [];
    const listener = await adapter.listen({ host: "::", port: 0 }, {}, (socket) => {
      seen.push(socket);
      return new Recorder(socket);
    });
    assert(listener.address.family === "IPv6");
    const { port } = listener.address;
    const client = await subject.connect({ family: "IPv4", host: "127.0.0.1", port });
    await until("accept", () => seen.length > 0);
    assert(seen[0]?.remote.family === "IPv4");
    assertEquals(seen[0].remote.host, "127.0.0.1");
    assertEquals(seen[0].local, { family: "IPv4", host: "127.0.0.1", port });
    seen[0].destroy();
    client.destroy();
    await listener.close();
  });
}

function listenerTests(subject: Subject): void {
  const { adapter } = subject;
  const accept = (socket: Socket) => new Recorder(socket);

  test(`${subject.name}: a port in use rejects, naming the address`, async () => {
    const first = await adapter.listen(LOOPBACK, {}, accept);
    assert(first.address.family === "IPv4");
    const { port } = first.address;
    const again = () => adapter.listen({ host: "127.0.0.1", port }, {}, accept);
    const error = await assertRejects(again, Error);
    assertStringIncludes(error.message, `127.0.0.1:${port}`);
    await first.close();
    await (await again()).close();
  });

  test(`${subject.name}: close stops accepting, and open connections stay`, async () => {
    await connected(subject, async ({ client, recorder, socket, listener }) => {
      await listener.close();
      await listener.close();
      await assertRejects(() => subject.connect(listener.address), Error);
      client.write(pattern(10));
      await until("a question", () => recorder.count === 10);
      socket.write("answer");
      await until("the answer", () => client.count === 6);
    });
  });

  test(`${subject.name}: takes a backlog, and may let the process end`, async () => {
    const listener = await adapter.listen(LOOPBACK, { backlog: 7 }, accept);
    listener.unref();
    listener.ref();
    await listener.close();
    listener.unref();
  });

  test(`${subject.name}: a path in use rejects, naming it`, async () => {
    const path = subject.unixPath();
    await connected(subject, async ({ client, recorder }) => {
      const error = await assertRejects(() => adapter.listen({ path }, {}, accept), Error);
      assertStringIncludes(error.message, path);
      client.write(pattern(10));
      await until("the first listener's data", () => recorder.count === 10);
    }, { path });
  });

  const { crashAt, exists } = subject;
  if (crashAt === undefined || exists === undefined) return;
  test(`${subject.name}: replaces the socket file that a crash left behind`, async () => {
    const path = subject.unixPath();
    await crashAt(path);
    assertEquals(exists(path), true, "the crash left a file");
    await connected(subject, ({ socket }) => {
      assertEquals(socket.local, { family: "unix", path });
    }, { path });
    assertEquals(exists(path), false);
  });

  test(`${subject.name}: an address that this machine does not have rejects`, async () => {
    const address = { host: "203.0.113.7", port: 80 };
    const error = await assertRejects(() => adapter.listen(address, {}, accept), Error);
    assertStringIncludes(error.message, "203.0.113.7:80");
  });
}

function clockTests(subject: Subject): void {
  const { clock } = subject.adapter;

  test(`${subject.name}: the network and the timers are heard while turns follow turns`, async () => {
    await connected(subject, async ({ client, recorder }) => {
      let turns = 0;
      let timerTurn = 0;
      const turn = () => {
        turns++;
        const start = performance.now();
        while (performance.now() - start < 2);
        if ((recorder.count === 0 || timerTurn === 0) && turns < 500) clock.defer(turn);
      };
      clock.setTimer(5, () => timerTurn = turns);
      client.write(pattern(1));
      clock.defer(turn);
      await until("bytes and timer", () => recorder.count > 0 && timerTurn > 0);
      assert(turns < 25, `it took ${turns} turns`);
    });
  });

  test(`${subject.name}: defers to a later turn, in order, and can cancel a timer`, async () => {
    const heard: string[] = [];
    const cancel = clock.setTimer(1, () => heard.push("cancelled"));
    clock.setTimer(5, () => heard.push("timer"));
    clock.defer(() => heard.push("first"));
    clock.defer(() => heard.push("second"));
    heard.push("now");
    cancel();
    await until("the timer", () => heard.includes("timer"));
    assertEquals(heard, ["now", "first", "second", "timer"]);
    assert(clock.now() <= clock.now());
  });
}
