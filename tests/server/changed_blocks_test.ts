/** Blocks that an app resizes or transfers after it has given them: they can no longer be sent. */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import type { StartResponse, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, serving } from "../support/serving.ts";

interface ResizableBuffer {
  new (size: number, options: { maxByteLength: number }): ArrayBuffer & {
    resize(size: number): void;
  };
}

const Resizable = ArrayBuffer as unknown as ResizableBuffer;

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

function transfer(block: Uint8Array): void {
  structuredClone(block.buffer, { transfer: [block.buffer as ArrayBuffer] });
}

const APPS: Readonly<Record<string, WSGIApp>> = {
  "shrinks before it is sent": function* (_environ, start) {
    ok(start);
    const buffer = new Resizable(1000, { maxByteLength: 2000 });
    yield new Uint8Array(buffer, 0, 800);
    buffer.resize(2);
    yield "after";
  },
  "is transferred before it is sent": function* (_environ, start) {
    ok(start);
    const block = new Uint8Array(1000);
    yield block;
    transfer(block);
    yield "after";
  },
  "is transferred after the head": function* (_environ, start) {
    ok(start);
    yield "before";
    yield "";
    const block = new Uint8Array(1000);
    yield block;
    transfer(block);
    yield "after";
  },
};

for (const [name, app] of Object.entries(APPS)) {
  test(`a block that ${name} costs its connection only`, async () => {
    const stage = await serving(app);
    const client = stage.ask(get("/"));
    await stage.settle();
    assertEquals([client.closed, stage.server.stats().activeRequests], [true, 0]);
    const log = stage.takeLog();
    assertEquals(log.length, 1, log.join("\n---\n"));
    assertMatch(log[0] as string, /resized or transferred before it was sent: yield a copy/);
    await stage.finish();
  });
}

test("a small block after the head may be changed at once: it was copied", async () => {
  const stage = await serving(function* (_environ, start) {
    ok(start);
    const block = new Uint8Array(8).fill(0x61);
    yield block;
    block.fill(0x62);
    transfer(block);
    yield "after";
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertMatch(client.received(), /\r\n8\r\naaaaaaaa\r\n5\r\nafter\r\n0\r\n\r\n$/);
  await stage.finish();
});

test("a large block that is transferred on its way ends its connection, and nothing else", async () => {
  const stage = await serving(function* (_environ, start) {
    ok(start);
    const block = new Uint8Array(300_000);
    yield block;
    transfer(block);
    yield "after";
  });
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(stage.server.stats().activeRequests, 0);
  stage.takeLog();
  client.destroy();
  await stage.finish();
});
