/**
 * Bodies far larger than any buffer, with an app or a client that is slow. The bytes wait at their
 * source, and the memory of the process does not grow.
 *
 * A body has 64 MB by default; server and client share the process. With `LARGE=1` a body has 2 GB,
 * which is more than a 32-bit number counts, and the memory is printed.
 */

import { assert, assertEquals } from "@std/assert";
import { closeSync, ftruncateSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { type Operation, Signal } from "../../../mod.ts";
import { eventually, RUNTIME, servingOverTcp, standstill } from "../../support/tcp.ts";
import { MemoryWatch } from "./memory.ts";

const IS_LARGE = process.env["LARGE"] === "1";
const MB = 1024 * 1024;
const SIZE = IS_LARGE ? 2048 * MB + 1 : 64 * MB;
/**
 * The largest number of bytes of a stalled transfer that the kernel and the server may keep. It is
 * far less than the whole body.
 */
const MOST_UNDER_WAY = 24 * MB;
/**
 * The memory that a transfer may take, garbage included. For 64 MB the figure would have no
 * meaning.
 */
const MOST_MEMORY = IS_LARGE ? 256 * MB : Infinity;

/** The limit of a test, because the default of Bun is 5 s. */
const OPTIONS = { timeout: 110_000 };

function* signalling(): Generator<Operation<number>, void, never> {
  yield Signal("go");
}

function report(transfer: string, memory: MemoryWatch, milliseconds: number): void {
  if (IS_LARGE) console.log(`${RUNTIME}: ${transfer} in ${milliseconds.toFixed(0)} ms, ${memory}`);
}

test(
  "an upload waits at the client while the app does not read, and while it reads slowly",
  OPTIONS,
  async () => {
    let read = 0;
    const serving = await servingOverTcp(function* (environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      yield "begun";
      yield environ.cogen.core.events.WaitForSignal("go");
      const input = environ["wsgi.input"];
      for (let bytes; (bytes = yield* input.read(100_000)).length > 0;) {
        read += bytes.length;
        yield ""; // other coroutines run between two reads
      }
      yield " and read";
    }, { limits: { maxBodyBytes: SIZE } });
    const memory = new MemoryWatch();
    const began = performance.now();
    const client = await serving.open();
    client.send(`POST / HTTP/1.1\r\nHost: test\r\nContent-Length: ${SIZE}\r\n\r\n`);
    await client.has("begun");
    const flood = client.flood(SIZE);
    const taken = await standstill("the upload to be held up", () => client.sent);
    assert(
      taken < MOST_UNDER_WAY,
      `${taken} bytes were taken of an upload that the app does not read`,
    );
    serving.server.scheduler.add(signalling);
    await flood;
    await client.until("the answer", () => client.text.includes(" and read"), 100_000);
    const grown = memory.end();
    assertEquals(read, SIZE);
    assert(grown < MOST_MEMORY, `the memory grew by ${grown} bytes`);
    report("2 GB up", memory, performance.now() - began);
    client.stream.destroy();
    await serving.quiet();
    await serving.finish();
  },
);

test(
  "a download from a file waits while the client does not read, and while it reads slowly",
  OPTIONS,
  async () => {
    const path = join(tmpdir(), `sparse-${process.pid}.bin`);
    const descriptor = openSync(path, "w");
    ftruncateSync(descriptor, SIZE);
    closeSync(descriptor);
    let read = 0;
    let closed = 0;
    const serving = await servingOverTcp(async (environ, startResponse) => {
      const file = await environ.cogen.files!.open(path);
      startResponse("200 OK", []);
      return environ["wsgi.file_wrapper"]({
        size: file.size,
        modified: file.modified,
        read: async (into: Uint8Array, position: number) => {
          const count = await file.read(into, position);
          read += count;
          return count;
        },
        close: () => {
          closed++;
          return file.close();
        },
      });
    });
    try {
      const memory = new MemoryWatch();
      const began = performance.now();
      const client = await serving.open({ count: true });
      client.stream.pause();
      client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
      await eventually("a beginning", () => read > 0);
      const taken = await standstill("the download to be held up", () => read);
      assert(taken < MOST_UNDER_WAY, `${taken} bytes were read for a client that does not read`);
      client.stream.on("data", () => {
        client.stream.pause();
        setImmediate(() => client.stream.resume());
      });
      client.stream.resume();
      await client.until("the end", () => client.ended, 100_000);
      const grown = memory.end();
      assert(client.count > SIZE && client.count < SIZE + 1000, `${client.count} bytes have come`);
      assertEquals([read, closed], [SIZE, 1]);
      assert(grown < MOST_MEMORY, `the memory grew by ${grown} bytes`);
      report("2 GB down", memory, performance.now() - began);
      client.stream.destroy();
      await serving.quiet();
      await serving.finish();
    } finally {
      rmSync(path);
    }
  },
);
