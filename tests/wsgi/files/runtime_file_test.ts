/** The open files of the runtimes in `wsgi.file_wrapper`: their bytes, their length, and their end. */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, test } from "node:test";
import { type Adapter, runtimeAdapter } from "../../../mod.ts";
import { Sleep } from "../../../src/coroutine/mod.ts";
import type { FileSource, FileWrapperOptions, WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, requestText, serving } from "../../support/serving.ts";

const TEXT = Array.from({ length: 300_000 }, (_, at) => String.fromCharCode(97 + at % 26)).join("");

let directory: string;
let path: string;
let files: Adapter["files"];

before(async () => {
  directory = mkdtempSync(join(tmpdir(), "runtime-files-"));
  path = join(directory, "a.txt");
  writeFileSync(path, TEXT);
  files = (await runtimeAdapter()).files;
});

after(() => rmSync(directory, { recursive: true, force: true }));

/** A file of a runtime that a test opens, and asks whether it was closed once. */
interface Subject {
  readonly source: FileSource;
  /** Reads so many bytes before the body is made. */
  skip(bytes: number): Promise<unknown>;
  /** The number of calls of `close`; `undefined` for a source without a `close`. */
  closed(): number | undefined;
}

interface FsFile {
  read(into: Uint8Array): Promise<number | null>;
  stat(): Promise<{ readonly size: number; readonly isFile: boolean }>;
  seek(offset: number, whence: number): Promise<number>;
  close(): void;
}

const runtime = globalThis as unknown as {
  readonly Deno?: { open(path: string): Promise<FsFile> };
  readonly Bun?: { file(path: string): Blob };
};

async function handleOf(): Promise<Subject> {
  const handle = await open(path);
  const closed = countingClose(handle);
  return { source: handle, skip: (n) => handle.read(new Uint8Array(n), 0, n, null), closed };
}

function countingClose(file: { close(): unknown }): () => number {
  let closed = 0;
  const close = file.close.bind(file);
  file.close = () => {
    closed++;
    return close();
  };
  return () => closed;
}

const SUBJECTS: Readonly<Record<string, () => Promise<Subject>>> = {
  "a FileHandle": handleOf,
  "a Blob": () => {
    let blob = new Blob([TEXT.slice(0, 1000), TEXT.slice(1000)]);
    return Promise.resolve({
      get source() {
        return blob;
      },
      skip: (n: number) => Promise.resolve(blob = blob.slice(n)),
      closed: () => undefined,
    });
  },
  ...runtime.Deno && {
    "a Deno.FsFile": async () => {
      const file = await runtime.Deno?.open(path) as FsFile;
      const closed = countingClose(file);
      return { source: file, skip: (n: number) => file.read(new Uint8Array(n)), closed };
    },
  },
  ...runtime.Bun && {
    "a Bun.file": () => {
      let file = runtime.Bun?.file(path) as Blob;
      return Promise.resolve({
        get source() {
          return file;
        },
        skip: (n: number) => Promise.resolve(file = file.slice(n)),
        closed: () => undefined,
      });
    },
  },
};

/** Bun does not know the end of a part of a `Bun.file` before it has read the part. */
const hasUnknownPart = (name: string) => name === "a Bun.file";
/** Only Linux tells the position of a FileHandle; elsewhere its length is unknown. */
const isLengthKnown = (name: string) => name !== "a FileHandle" || process.platform === "linux";

function sending(source: FileSource, options?: number | FileWrapperOptions): WSGIApp {
  return (environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return environ["wsgi.file_wrapper"](source, options);
  };
}

async function answerOf(app: WSGIApp, method = "GET") {
  const stage = await serving(app, { files });
  const client = stage.ask(requestText(method, "/"));
  await stage.eventually("the response", () => client.isAnswered(method));
  const { headers, body, status } = client.response(method);
  await stage.eventually("the close", () => stage.server.stats().activeRequests === 0);
  await stage.finish();
  return { status, length: headers["content-length"], body };
}

for (const [name, make] of Object.entries(SUBJECTS)) {
  const length = (bytes: number, isPart = false) =>
    isLengthKnown(name) && !(isPart && hasUnknownPart(name)) ? String(bytes) : undefined;
  const once = (subject: Subject) => assertEquals(subject.closed() ?? 1, 1);

  test(`${name} is sent whole, with its length, and closed once`, async () => {
    for (const blockSize of [undefined, 100_000]) {
      const subject = await make();
      const { length: sent, body } = await answerOf(sending(subject.source, blockSize));
      assertEquals([sent, body === TEXT], [length(300_000), true]);
      once(subject);
    }
  });

  test(`${name} begins at its position`, async () => {
    const subject = await make();
    await subject.skip(299_990);
    const { length: sent, body } = await answerOf(sending(subject.source));
    assertEquals([sent, body], [length(10, true), TEXT.slice(299_990)]);
    once(subject);
  });

  test(`${name} is sent from an offset, and for a length`, async () => {
    const subject = await make();
    const { length: sent, body } = await answerOf(
      sending(subject.source, { offset: 5, length: 7 }),
    );
    assertEquals([sent, body], ["7", TEXT.slice(5, 12)]);
    once(subject);
    const other = await make();
    const rest = await answerOf(sending(other.source, { offset: 299_999 }));
    assertEquals([rest.length, rest.body], ["1", TEXT.slice(299_999)]);
    once(other);
  });

  test(`${name} is closed after HEAD and 304, and has its length for HEAD`, async () => {
    const subject = await make();
    assertEquals(await answerOf(sending(subject.source), "HEAD"), {
      status: "200 OK",
      length: length(300_000),
      body: "",
    });
    once(subject);
    const other = await make();
    const { status, length: sent } = await answerOf((environ, startResponse) => {
      startResponse("304 Not Modified", []);
      return environ["wsgi.file_wrapper"](other.source);
    });
    assertEquals([status, sent], ["304 Not Modified", undefined]);
    once(other);
  });

  test(`${name} is closed when the app fails, or does not use the body`, async () => {
    const subject = await make();
    const stage = await serving((environ) => {
      environ["wsgi.file_wrapper"](subject.source);
      throw new Error("broken");
    }, { files });
    const client = stage.ask(get("/"));
    await stage.eventually("the response", () => client.isAnswered("GET"));
    await stage.eventually("the close", () => (subject.closed() ?? 1) === 1);
    assertStringIncludes(stage.takeLog().join(), "broken");
    await stage.finish();
  });

  test(`${name} is closed when the client leaves`, async () => {
    const subject = await make();
    const app = sending(subject.source, 1000);
    const stage = await serving(app, { files, window: 1000 });
    const client = stage.connect();
    await stage.settle();
    client.pause();
    client.send(get("/"));
    await stage.settle();
    client.destroy();
    await stage.eventually("the close", () => (subject.closed() ?? 1) === 1);
    await stage.settle();
    once(subject);
    await stage.finish();
  });

  test(`${name} may be read in a generator`, async () => {
    const subject = await make();
    const { body } = await answerOf(function* (environ, startResponse) {
      startResponse("200 OK", []);
      yield "before ";
      yield* environ.cogen.wait(Sleep(0));
      yield* environ["wsgi.file_wrapper"](subject.source, { offset: 299_998 });
    });
    assertEquals(body, `before ${TEXT.slice(299_998)}`);
    once(subject);
  });
}

test("a FileHandle is read on where the system does not tell its position", async () => {
  const subject = await handleOf();
  await subject.skip(100_000);
  const stage = await serving(sending(subject.source));
  const client = stage.ask(get("/"));
  await stage.eventually("the response", () => client.isAnswered("GET"));
  const { headers, body } = client.response();
  assertEquals([headers["content-length"], body === TEXT.slice(100_000)], [undefined, true]);
  await stage.eventually("the close", () => stage.server.stats().activeRequests === 0);
  assertEquals(subject.closed(), 1);
  await assertRejects(async () => await (subject.source as FileHandle).stat());
  await stage.finish();
});

test("a Bun.file that is missing is a 500", {
  skip: runtime.Bun === undefined && "needs Bun",
}, async () => {
  const source = runtime.Bun?.file(join(directory, "missing")) as Blob;
  const stage = await serving(sending(source), { files });
  const client = stage.ask(requestText("HEAD", "/"));
  await stage.eventually("the response", () => client.isAnswered("HEAD"));
  assertEquals(client.response("HEAD").status, "500 Internal Server Error");
  assertStringIncludes(stage.takeLog().join(), "ENOENT");
  await stage.finish();
});

test("a source that is none is refused where it is wrapped", async () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [undefined, "Cannot wrap undefined as a file: expected a path, an open file, a Blob"],
    [null, "Cannot wrap null"],
    [3, "Cannot wrap number"],
    [{}, "Cannot wrap object"],
    [Buffer.from("a"), "give bytes as a block"],
    [new Uint8Array(1), "give bytes as a block"],
  ];
  let checked = 0;
  await answerOf((environ, startResponse) => {
    for (const [source, message] of wrong) {
      const wrap = () => environ["wsgi.file_wrapper"](source as never);
      assertThrows(wrap, TypeError, message);
      checked++;
    }
    startResponse("200 OK", []);
    return [];
  });
  assert(checked === wrong.length);
});
