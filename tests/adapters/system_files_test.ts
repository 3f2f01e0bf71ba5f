/** The files of the adapter of the runtime that runs the tests. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type Adapter,
  type Block,
  runtimeAdapter,
  serve,
  staticFiles,
  type WSGIApp,
} from "../../mod.ts";
import type { Files, OpenFile } from "../../src/socket/mod.ts";
import { requestText } from "../support/serving.ts";
import { standstill } from "../support/tcp.ts";

let directory: string;
let files: Files;

before(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "system-files-")));
  writeFileSync(join(directory, "a.txt"), "0123456789");
  utimesSync(join(directory, "a.txt"), 784_111_777, 784_111_777);
  mkdirSync(join(directory, "sub"));
  symlinkSync("../a.txt", join(directory, "sub", "link"));
  const adapter: Adapter = await runtimeAdapter();
  assert(adapter.files !== undefined);
  files = adapter.files;
});

after(() => rmSync(directory, { recursive: true, force: true }));

function code(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}

test("gives size and time, and reads at any position", async () => {
  const file = await files.open(join(directory, "a.txt"));
  assertEquals([file.size, file.modified], [10, 784_111_777_000]);
  const into = new Uint8Array(4);
  assertEquals([await file.read(into, 3), new TextDecoder().decode(into)], [4, "3456"]);
  assertEquals([await file.read(into, 8), await file.read(into, 10)], [2, 0]);
  await file.close();
});

test("may be closed twice, and is not read afterwards", async () => {
  const file = await files.open(join(directory, "a.txt"));
  await file.close();
  await file.close();
  await assertRejects(() => file.read(new Uint8Array(1), 0), Error, "The file is closed");
});

test("closes after a read that is under way", async () => {
  const file = await files.open(join(directory, "a.txt"));
  const reading = file.read(new Uint8Array(10), 0);
  await file.close();
  assertEquals(await reading, 10);
});

test("follows links, and resolves them", async () => {
  const link = join(directory, "sub", "..", "sub", "link");
  assertEquals(await files.realPath(link), join(directory, "a.txt"));
  const file = await files.open(link);
  assertEquals(file.size, 10);
  await file.close();
});

test("opens regular files only, and refuses others without a wait", async () => {
  const pipe = join(directory, "pipe");
  const { status } = spawnSync("mkfifo", [pipe]);
  assertStrictEquals(status, 0);
  assertEquals(code(await assertRejects(() => files.open(pipe))), "EINVAL");
  assertEquals(code(await assertRejects(() => files.open(directory))), "EISDIR");
});

test("rejects a path without a file", async () => {
  const path = join(directory, "nothing");
  assertEquals(code(await assertRejects(() => files.open(path))), "ENOENT");
  assertEquals(code(await assertRejects(() => files.realPath(path))), "ENOENT");
});

/** Makes files that count the bytes read, and the arrays they are read into. */
function counting(real: Files) {
  let bytes = 0;
  const arrays = new Set<unknown>();
  const open = async (path: string): Promise<OpenFile> => {
    const file = await real.open(path);
    return {
      size: file.size,
      modified: file.modified,
      read: async (into, position) => {
        const read = await file.read(into, position);
        arrays.add(into.buffer);
        bytes += read;
        return read;
      },
      close: () => file.close(),
    };
  };
  return { files: { open, realPath: real.realPath }, bytes: () => bytes, arrays };
}

test("a huge file is read no faster than a client takes it", async () => {
  const path = join(directory, "huge");
  const descriptor = openSync(path, "w");
  ftruncateSync(descriptor, 2 ** 31);
  closeSync(descriptor);
  const counted = counting(files);
  await using server = await serve({
    bindAddr: ["127.0.0.1", 0],
    adapter: { ...await runtimeAdapter(), files: counted.files },
    wsgiApp(environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
      return environ["wsgi.file_wrapper"](path);
    },
  });
  const { address } = server;
  assert(address.family !== "unix");
  const stream = connect({ host: address.host, port: address.port });
  stream.write(requestText("GET", "/"));
  const head = await new Promise<string>((resolve) => {
    stream.once("data", (bytes: Uint8Array) => {
      stream.pause();
      resolve(new TextDecoder("latin1").decode(bytes));
    });
  });
  assert(head.includes(`Content-Length: ${2 ** 31}\r\n`));
  await standstill("the end of the reads", counted.bytes);
  // The buffers of the system at both ends of the loopback hold a few megabytes.
  assert(counted.bytes() < 64 * 2 ** 20, `${counted.bytes()} bytes were read`);
  stream.destroy();
});

const LONG = 5_000_000;

const CONTENT = new Uint8Array(LONG);
for (let at = 0; at < LONG; at++) CONTENT[at] = at * 31 + (at >> 8) + (at >> 16);

/** Serves a long file; gives the number of arrays it was read into. */
async function arraysFor(wrap: (path: string) => WSGIApp): Promise<number> {
  const path = join(directory, "long");
  writeFileSync(path, CONTENT);
  const counted = counting(files);
  await using server = await serve({
    bindAddr: ["127.0.0.1", 0],
    adapter: { ...await runtimeAdapter(), files: counted.files },
    wsgiApp: wrap(path),
  });
  const response = await fetch(`${server.url}long`);
  assertEquals(response.headers.get("content-length"), String(LONG));
  const body = new Uint8Array(await response.arrayBuffer());
  assertStrictEquals(body.length, LONG);
  assertStrictEquals(Buffer.compare(body, CONTENT), 0);
  return counted.arrays.size;
}

const wrapped = (path: string): WSGIApp => (environ, startResponse) => {
  startResponse("200 OK", [["Content-Length", String(LONG)]]);
  return environ["wsgi.file_wrapper"](path);
};

/** A middleware that keeps every block. */
const keeping = (app: WSGIApp): WSGIApp =>
  function* (environ, startResponse) {
    const kept: [Uint8Array, Uint8Array][] = [];
    for (const block of app(environ, startResponse) as Iterable<Block>) {
      if (block instanceof Uint8Array) kept.push([block, new Uint8Array(block)]);
      yield block;
    }
    for (const [block, copy] of kept) assert(Buffer.compare(block, copy) === 0, "A block changed");
  };

test("the server reads a file of any length into two arrays", async () => {
  assertStrictEquals(await arraysFor(wrapped), 2);
});

test("static files are read into two arrays, too", async () => {
  assertStrictEquals(await arraysFor(() => staticFiles(directory)), 2);
});

test("behind a middleware, every block is an array of its own", async () => {
  const blocks = Math.ceil(LONG / 262_144);
  assertStrictEquals(await arraysFor((path) => keeping(wrapped(path))), blocks);
  assertStrictEquals(await arraysFor(() => keeping(staticFiles(directory))), blocks);
});
