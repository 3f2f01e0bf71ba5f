import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import type { FileSource, FileWrapperOptions, WSGIApp } from "../../../src/wsgi/mod.ts";
import { MemoryFile, memoryFiles } from "../../support/memory_files.ts";
import { get, requestText, serving, type ServingOptions } from "../../support/serving.ts";

type Headers = [string, string][];

function sending(
  source: FileSource,
  options?: number | FileWrapperOptions,
  headers: Headers = [],
): WSGIApp {
  return (environ, startResponse) => {
    startResponse("200 OK", headers);
    return environ["wsgi.file_wrapper"](source, options);
  };
}

async function answer(app: WSGIApp, request: string = get("/"), options: ServingOptions = {}) {
  const stage = await serving(app, options);
  const client = stage.ask(request);
  for (let round = 0; round < 20; round++) await stage.settle();
  const response = client.response(request.split(" ")[0]);
  await stage.finish();
  return response;
}

test("a path is opened, sent with its length, and closed once", async () => {
  const file = new MemoryFile(100);
  const response = await answer(sending("/f"), get("/"), { files: memoryFiles({ "/f": file }) });
  assertEquals(response.headers["content-length"], "100");
  assertEquals(response.body, file.text());
  assertEquals(file.closed, 1);
});

test("an open file is sent with its length, in blocks, and closed once", async () => {
  const file = new MemoryFile(100);
  const response = await answer(sending(file, 7));
  assertEquals(response.headers["content-length"], "100");
  assertEquals(response.body, file.text());
  assertEquals(file.closed, 1);
});

test("an offset and a length choose a part", async () => {
  const file = new MemoryFile(100);
  const response = await answer(sending(file, { offset: 10, length: 25, blockSize: 10 }));
  assertEquals(response.headers["content-length"], "25");
  assertEquals(response.body, file.text(10, 35));
  assertEquals(file.bytesRead, 25);
});

test("an offset beyond the end gives nothing", async () => {
  const response = await answer(sending(new MemoryFile(5), { offset: 10 }));
  assertEquals([response.headers["content-length"], response.body], ["0", ""]);
});

test("a Content-Length of the app's own is kept", async () => {
  const file = new MemoryFile(100);
  const response = await answer(sending(file, { length: 5 }, [["content-length", "5"]]));
  assertEquals([response.headers["content-length"], response.body], ["5", "abcde"]);
});

test("HEAD gives the length and reads nothing", async () => {
  const file = new MemoryFile(100);
  const response = await answer(sending(file), requestText("HEAD", "/"));
  assertEquals(response.headers["content-length"], "100");
  assertEquals([file.bytesRead, file.closed], [0, 1]);
});

test("a status without a body reads nothing", async () => {
  const file = new MemoryFile(100);
  const response = await answer((environ, startResponse) => {
    startResponse("304 Not Modified", []);
    return environ["wsgi.file_wrapper"](file);
  });
  assertEquals(response.headers["content-length"], undefined);
  assertEquals([file.bytesRead, file.closed], [0, 1]);
});

test("a generator may wait first and then return it", async () => {
  const file = new MemoryFile(100);
  const response = await answer(function* (environ, startResponse) {
    yield "";
    startResponse("200 OK", []);
    return environ["wsgi.file_wrapper"](file);
  });
  assertEquals(response.headers["content-length"], "100");
  assertEquals([response.body, file.closed], [file.text(), 1]);
});

test("a generator may return it at once", async () => {
  const file = new MemoryFile(100);
  const response = await answer(function* (environ, startResponse) {
    startResponse("200 OK", []);
    return environ["wsgi.file_wrapper"](file);
  });
  assertEquals(response.headers["content-length"], "100");
  assertEquals([response.body, file.closed], [file.text(), 1]);
});

test("a generator may delegate to it", async () => {
  const file = new MemoryFile(10);
  const response = await answer(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield "<";
    yield* environ["wsgi.file_wrapper"](file);
    yield ">";
  });
  assertEquals([response.body, file.closed], ["<abcdefghij>", 1]);
});

test("it passes through middleware", async () => {
  const file = new MemoryFile(10);
  const inner = sending(file, 3);
  const response = await answer(function* (environ, startResponse) {
    const blocks = inner(environ, startResponse) as Iterable<string | Uint8Array>;
    for (const block of blocks) {
      yield typeof block === "string" ? block : new TextDecoder().decode(block).toUpperCase();
    }
  });
  assertEquals([response.body, file.closed], ["ABCDEFGHIJ", 1]);
});

test("HTTP/1.0 gets the length as well", async () => {
  const response = await answer(sending(new MemoryFile(4)), "GET / HTTP/1.0\r\n\r\n");
  assertEquals([response.headers["content-length"], response.body], ["4", "abcd"]);
});

interface Source {
  readonly name: string;
  readonly make: () => FileSource;
}

async function* letters(): AsyncGenerator<string, void, undefined> {
  yield "ab";
  await Promise.resolve();
  yield "cdé";
}

const SOURCES: readonly Source[] = [
  { name: "an array", make: () => ["ab", "cdé"] },
  { name: "bytes", make: () => [new TextEncoder().encode("abcdé")] },
  {
    name: "a generator",
    *make(): Generator<string, void, unknown> {
      yield* ["a", "bcdé"];
    },
  },
  { name: "an async generator", make: letters },
  {
    name: "a ReadableStream",
    make: () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("abc"));
          controller.enqueue(new TextEncoder().encode("dé"));
          controller.close();
        },
      }),
  },
];

for (const { name, make } of SOURCES) {
  test(`${name} is sent, chunked`, async () => {
    const response = await answer(sending(make()));
    assertEquals(response.headers["content-length"] ?? "6", "6");
    assertEquals(response.body, "abcd\xc3\xa9");
  });

  test(`a part of ${name} is sent with its length`, async () => {
    const response = await answer(sending(make(), { offset: 1, length: 4 }));
    assertEquals([response.headers["content-length"], response.body], ["4", "bcd\xc3"]);
  });
}

test("a slow client makes it read no more than a block ahead", async () => {
  const file = new MemoryFile(50_000_000);
  const stage = await serving(sending(file, 10_000), { window: 20_000 });
  const client = stage.connect();
  await stage.settle();
  client.pause();
  client.send(get("/"));
  for (let round = 0; round < 20; round++) await stage.settle();
  assert(file.bytesRead <= 110_000, `${file.bytesRead} bytes were read`);
  const before = file.bytesRead;
  await stage.settle(1000);
  assertEquals(file.bytesRead, before);
  client.destroy();
  await stage.settle();
  assertEquals(file.closed, 1);
  await stage.finish();
});

test("a client that leaves closes the file once", async () => {
  const file = new MemoryFile(1_000_000);
  const stage = await serving(sending(file, 1000), { window: 4000 });
  const client = stage.connect();
  await stage.settle();
  client.pause();
  client.send(get("/"));
  await stage.settle();
  client.destroy();
  await stage.settle();
  assertEquals(file.closed, 1);
  await stage.finish();
});

test("a client that leaves while a path is being opened has it closed", async () => {
  const file = new MemoryFile(10);
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  const files = {
    open: async () => {
      await opened;
      return file;
    },
    realPath: (path: string) => Promise.resolve(path),
  };
  const stage = await serving(sending("/f"), { files });
  stage.ask(get("/")).destroy();
  await stage.settle();
  open();
  await stage.settle();
  assertEquals([file.bytesRead, file.closed], [0, 1]);
  await stage.finish();
});

test("a stream that never gives anything is cancelled when the client leaves", async () => {
  let cancelled = 0;
  const stream = new ReadableStream<Uint8Array>({ cancel: () => void cancelled++ });
  const stage = await serving(sending(stream));
  stage.ask(get("/")).destroy();
  await stage.settle();
  await stage.settle();
  assertEquals(cancelled, 1);
  await stage.finish();
});

test("a path that is not there is a 500, and its name stays in the log", async () => {
  const stage = await serving(sending("/secret"), { files: memoryFiles({}) });
  const client = stage.ask(get("/"));
  await stage.settle();
  await stage.settle();
  const response = client.response();
  assertEquals([response.status, response.body], [
    "500 Internal Server Error",
    "500 Internal Server Error\n",
  ]);
  assertStringIncludes(stage.takeLog().join("\n"), "ENOENT");
  await stage.finish();
});

test("an adapter without files says so in the log", async () => {
  const stage = await serving(sending("/f"));
  const client = stage.ask(get("/"));
  await stage.settle();
  await stage.settle();
  assertEquals(client.response().status, "500 Internal Server Error");
  assertStringIncludes(stage.takeLog().join("\n"), "the adapter of this server has no files");
  await stage.finish();
});

test("a file that is cut while it is sent cuts the connection", async () => {
  const file = new MemoryFile(100);
  file.end = 40;
  const stage = await serving(sending(file, 20));
  const client = stage.ask(get("/"));
  for (let round = 0; round < 5; round++) await stage.settle();
  assertEquals(client.response().complete, false);
  assert(client.ended || client.closed);
  assertEquals(file.closed, 1);
  assertStringIncludes(stage.takeLog().join("\n"), "The file ended 60 bytes early");
  await stage.finish();
});

test("a read that fails closes the file", async () => {
  const file = new MemoryFile(100);
  file.failure = new Error("bad sector");
  const stage = await serving(sending(file));
  const client = stage.ask(get("/"));
  for (let round = 0; round < 5; round++) await stage.settle();
  assertEquals(client.response().status, "500 Internal Server Error");
  assertEquals(file.closed, 1);
  assertStringIncludes(stage.takeLog().join("\n"), "bad sector");
  await stage.finish();
});

test("refuses options that are no counts", async () => {
  await answer((environ, startResponse) => {
    const wrap = environ["wsgi.file_wrapper"];
    const file = new MemoryFile(1);
    assertThrows(() => wrap(file, 0), RangeError, "blockSize is 0");
    assertThrows(() => wrap(file, { offset: -1 }), RangeError, "offset is -1");
    assertThrows(() => wrap(file, { length: 0.5 }), RangeError, "length is 0.5");
    startResponse("200 OK", []);
    return [];
  });
});
