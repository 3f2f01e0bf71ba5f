/** A middleware that leaves the body alone leaves its framing alone, too: for every kind of app. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type Environ, ServerReadable, type WSGIApp } from "../../src/wsgi/mod.ts";
import { compress } from "../../src/middleware/compress/mod.ts";
import {
  accessLog,
  cors,
  errorPage,
  lazyStartResponse,
  staticFiles,
  syncInput,
  trustProxy,
  validator,
} from "../../src/middleware/mod.ts";
import { MemoryFile, memoryFiles } from "../support/memory_files.ts";
import { requestText, serving } from "../support/serving.ts";
import { PLAIN, sorry } from "./answering.ts";

const LAYERS: Readonly<Record<string, (app: WSGIApp) => WSGIApp>> = {
  accessLog: (app) => accessLog(app, () => {}),
  compress: (app) => compress(app),
  cors: (app) => cors(app),
  errorPage: (app) => errorPage(app, sorry),
  lazyStartResponse,
  syncInput: (app) => syncInput(app as never),
  trustProxy: (app) => trustProxy(app, { trust: 1 }),
  validator,
};

const started = (app: (environ: Environ) => ReturnType<WSGIApp>): WSGIApp => {
  return (environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return app(environ);
  };
};

const APPS: Readonly<Record<string, WSGIApp>> = {
  "an array": started(() => ["he", "llo"]),
  "an array of text beyond ASCII, of bytes and of empty blocks": started(() => [
    "hé",
    "",
    new Uint8Array(0),
    new Uint8Array(3),
  ]),
  "an empty array": started(() => []),
  "a promise of an array": started(() => Promise.resolve(["hello"])),
  "a path": started((environ) => environ["wsgi.file_wrapper"]("/root/f")),
  "an open file": started((environ) => environ["wsgi.file_wrapper"](new MemoryFile(100), 7)),
  "a stream of unknown length": started((environ) => environ["wsgi.file_wrapper"](["a", "b"])),
  "a generator that returns its only block": function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "";
    return "hé";
  },
  "a generator that returns its last block": function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "one";
    return "two";
  },
  "a generator that returns a file": function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "";
    return environ["wsgi.file_wrapper"]("/root/f");
  },
  "a Content-Length of the app": (_environ, startResponse) => {
    startResponse("200 OK", [...PLAIN, ["Content-Length", "5"]]);
    return ["he", "llo"];
  },
  "staticFiles": staticFiles("/root"),
};

async function responseOf(app: WSGIApp, method: string, ...fields: string[]): Promise<unknown> {
  const files = memoryFiles({ "/root/f": new MemoryFile(100) });
  const stage = await serving(app, { files });
  const client = stage.ask(requestText(method, "/f", fields));
  await stage.eventually("the response", () => client.isAnswered(method));
  const { status, headers, body, complete } = client.response(method);
  await stage.finish();
  const { "content-length": length, "transfer-encoding": coding } = headers;
  return { status, length, coding, body, complete };
}

for (const [title, app] of Object.entries(APPS)) {
  test(`each middleware sends ${title} as it is sent without it`, async () => {
    for (const method of ["GET", "HEAD"]) {
      const expected = await responseOf(app, method);
      for (const [name, layer] of Object.entries(LAYERS)) {
        assertEquals([name, await responseOf(layer(app), method)], [name, expected]);
      }
      const all = Object.values(LAYERS).reduce((inner, layer) => layer(inner), app);
      assertEquals(await responseOf(all, method), expected);
    }
  });
}

for (const [title, app] of Object.entries(APPS)) {
  test(`compress sends ${title} with its framing, if it does not compress it`, async () => {
    const image: WSGIApp = (environ, startResponse) =>
      app(environ, (status, headers, excInfo) => {
        const others = headers.filter(([name]) => name.toLowerCase() !== "content-type");
        return startResponse(status, [["Content-Type", "image/png"], ...others], excInfo);
      });
    for (const method of ["GET", "HEAD"]) {
      const expected = await responseOf(image, method);
      assertEquals(await responseOf(compress(image), method, "Accept-Encoding: gzip"), expected);
    }
  });
}

test("the page of errorPage has its length, and replaces the one of the app", async () => {
  const apps: WSGIApp[] = [
    () => {
      throw new Error("broken");
    },
    started((environ) => environ["wsgi.file_wrapper"]("/root/missing")),
    started(() => [5 as never]),
  ];
  for (const app of apps) {
    const stage = await serving(errorPage(app, sorry), { files: memoryFiles({}) });
    const client = stage.ask(requestText("GET", "/"));
    await stage.eventually("the response", () => client.isAnswered("GET"));
    const { status, headers, body } = client.response();
    stage.takeLog();
    await stage.finish();
    assertEquals([status, headers["content-length"], body], ["500 Oh", "5", "sorry"]);
  }
});

test("a wrapped file behind every middleware fills the same blocks again", async () => {
  const file = new MemoryFile(1000);
  const arrays = new Set<ArrayBufferLike>();
  const read = file.read.bind(file);
  file.read = (into, position) => {
    arrays.add(into.buffer);
    return read(into, position);
  };
  const app = started((environ) => environ["wsgi.file_wrapper"](file, 10));
  const layers = Object.values(LAYERS).reduce((inner, layer) => layer(inner), app);
  const stage = await serving((environ, startResponse) => {
    const body = layers(environ, startResponse) as ServerReadable;
    // The network in memory never says that it has sent a block.
    return new ServerReadable((reader) =>
      body.blocksFor({
        announceLength: (length) => reader?.announceLength(length),
        hasBody: () => true,
        allSent: () => true,
      })
    );
  });
  const client = stage.ask(requestText("GET", "/"));
  await stage.eventually("the response", () => client.isAnswered("GET"));
  assertEquals([arrays.size, file.bytesRead, file.closed], [2, 1000, 1]);
  await stage.finish();
});
