/** The responses that `gzip` compresses or leaves as they are, and its flushes; `node:zlib` decompresses them. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Sleep } from "../../../src/coroutine/mod.ts";
import type { Block, WSGIApp } from "../../../src/wsgi/mod.ts";
import { type CompressOptions, gzip } from "../../../src/middleware/compress/mod.ts";
import { errorPage } from "../../../src/middleware/mod.ts";
import { MemoryFile } from "../../support/memory_files.ts";
import { get, latin1Bytes, requestText, serving, WorkingClock } from "../../support/serving.ts";
import { answer, PLAIN, settle, sorry } from "../answering.ts";

const LONG = "All work and no play makes Jack a dull boy. ".repeat(1000);
const GZIP = "Accept-Encoding: gzip";

function texts(blocks: readonly Block[], headers: [string, string][] = PLAIN): WSGIApp {
  return function* (_environ, startResponse) {
    startResponse("200 OK", headers);
    yield* blocks;
  };
}

function unzipped(body: string): string {
  return gunzipSync(latin1Bytes(body)).toString("latin1");
}

test("gzip compresses, and says so", async () => {
  const { headers, body } = await answer(
    gzip(texts([LONG], [...PLAIN, ["Content-Length", String(LONG.length)], ["ETag", '"a"']])),
    get("/", GZIP),
  );
  assertEquals(headers["content-encoding"], "gzip");
  assertEquals([headers["vary"], headers["etag"]], ["Accept-Encoding", 'W/"a"']);
  assertEquals(headers["content-length"], String(body.length));
  assert(body.length < LONG.length / 20, `${body.length} bytes`);
  assertEquals(unzipped(body), LONG);
});

for (const length of [1, 2, 3, 100, 15_999, 16_000, 16_001, 70_000]) {
  test(`gzip gives back ${length} bytes of any kind`, async () => {
    let seed = length;
    const random = Uint8Array.from({ length }, () => {
      seed = Math.imul(seed, 1103515245) + 12345 >>> 0;
      return seed >>> 16;
    });
    const mixed = random.map((byte, at) => at % 100 < 50 ? byte : 97);
    const app = gzip(texts([random, mixed, new Uint8Array(length)]), { minBytes: 0 });
    const { body } = await answer(app, get("/", GZIP));
    const expected = [random, mixed, new Uint8Array(length)].map((part) => [...part]).flat();
    assertEquals([...gunzipSync(latin1Bytes(body))], expected);
  });
}

test("gzip sends the gathered blocks before the app waits, and they can be decompressed", async () => {
  const stage = await serving(gzip(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 20; n++) {
      yield "tick ".repeat(n + 1);
      yield* environ.cogen.wait(Sleep(1));
    }
  }));
  const client = stage.ask(get("/", GZIP));
  let expected = "";
  const flushed = () => {
    const { body } = client.response();
    return body === "" ? "" : gunzipSync(latin1Bytes(body), { finishFlush: 2 }).toString();
  };
  for (let n = 0; n < 20; n++) {
    expected += "tick ".repeat(n + 1);
    await stage.eventually("a head", () => client.received().includes("\r\n\r\n"));
    // The runtime compresses in threads, which may be busy.
    await stage.eventually("the block", () => flushed().length >= expected.length);
    assertEquals(flushed(), expected);
    await settle(stage);
    await stage.settle(1000);
  }
  await stage.eventually("the end", () => client.isAnswered());
  assertEquals(unzipped(client.response().body), expected);
  await stage.finish();
});

for (const empty of [false, true]) {
  const name = empty ? "an app that yields empty blocks" : "an app that never waits";
  test(`gzip sends the same bytes of ${name}, however long it computes`, async () => {
    const received: string[] = [];
    for (const computedMs of [0, 5, 5000]) {
      const clock = new WorkingClock();
      const stage = await serving(
        gzip(function* (_environ, startResponse) {
          startResponse("200 OK", PLAIN);
          for (let n = 0; n < 3; n++) {
            clock.work(computedMs);
            yield "block ".repeat(500);
            if (empty) yield "";
          }
        }),
        { clock },
      );
      const client = stage.ask(get("/", GZIP));
      await stage.eventually("the end", () => client.isAnswered());
      assertEquals(unzipped(client.response().body), "block ".repeat(1500));
      assertEquals(client.response().headers["transfer-encoding"], empty ? "chunked" : undefined);
      received.push(client.received().replace(/Date: .*/, ""));
      await stage.finish();
    }
    assertEquals(new Set(received).size, 1);
  });
}

test("gzip compresses the blocks of write()", async () => {
  const app = gzip((_environ, startResponse) => {
    startResponse("200 OK", PLAIN)(LONG);
    return [LONG];
  });
  assertEquals(unzipped((await answer(app, get("/", GZIP))).body), LONG + LONG);
});

test("gzip compresses a wrapped file", async () => {
  const file = new MemoryFile(100_000);
  const app = gzip((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return environ["wsgi.file_wrapper"](file);
  });
  const { body } = await answer(app, get("/", GZIP));
  assertEquals([unzipped(body), file.closed], [file.text(), 1]);
});

test("gzip leaves a small wrapped file as it is, and one that is read at once has its length", async () => {
  for (const size of [100, 5000]) {
    const file = new MemoryFile(size);
    const app = gzip((environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return environ["wsgi.file_wrapper"](file);
    });
    const { headers, body } = await answer(app, get("/", GZIP));
    assertEquals(headers["content-encoding"], size === 100 ? undefined : "gzip");
    assertEquals(headers["content-length"], String(body.length));
    assertEquals([size === 100 ? body : unzipped(body), file.closed], [file.text(), 1]);
  }
});

test("gzip leaves a small body as it is", async () => {
  const { headers, body } = await answer(gzip(texts(["small ", "body"])), get("/", GZIP));
  assertEquals(headers["content-encoding"], undefined);
  assertEquals([headers["content-length"], headers["vary"], body], [
    "10",
    "Accept-Encoding",
    "small body",
  ]);
});

const REFUSING: readonly string[] = [
  "X-None: 1",
  "Accept-Encoding: deflate",
  "Accept-Encoding: gzip;q=0, br;q=0, zstd;q=0, *",
  "Accept-Encoding: *;q=0",
];

for (const field of REFUSING) {
  test(`gzip leaves a client alone that sends "${field}"`, async () => {
    const { headers, body } = await answer(gzip(texts([LONG])), get("/", field));
    assertEquals([headers["content-encoding"], headers["vary"]], [undefined, "Accept-Encoding"]);
    assertEquals(body, LONG);
  });
}

for (const field of ["gzip;q=0.5", "deflate, GZIP", "br;q=0.1, zstd;q=0, *;q=0.5", "x-gzip"]) {
  test(`gzip compresses for a client that accepts "${field}"`, async () => {
    const { body } = await answer(gzip(texts([LONG])), get("/", `Accept-Encoding: ${field}`));
    assertEquals(unzipped(body), LONG);
  });
}

const ALREADY: readonly [string, string][] = [
  ["Content-Encoding", "br"],
  ["Cache-Control", "public, no-transform"],
];

for (const header of ALREADY) {
  test(`gzip leaves a response with ${header.join(": ")} alone`, async () => {
    const { headers, body } = await answer(gzip(texts([LONG], [...PLAIN, header])), get("/", GZIP));
    assertEquals([headers["vary"], body], [undefined, LONG]);
  });
}

test("gzip answers HEAD with the fields of GET", async () => {
  const app = gzip((_environ, startResponse) => {
    startResponse("200 OK", [...PLAIN, ["Content-Length", "5000"], ["ETag", '"a"']]);
    return [];
  });
  const { headers } = await answer(app, requestText("HEAD", "/", [GZIP]));
  assertEquals(
    [headers["content-encoding"], headers["content-length"], headers["etag"]],
    ["gzip", undefined, 'W/"a"'],
  );
});

test("gzip leaves images alone", async () => {
  const app = gzip(texts([LONG], [["Content-Type", "image/png"]]));
  assertEquals((await answer(app, get("/", GZIP))).body, LONG);
});

test("gzip lets an error before the first block be answered", async () => {
  const app = errorPage(
    gzip(function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "held back";
      throw new Error("oh");
    }),
    sorry,
  );
  const stage = await serving(app);
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the response", () => client.isAnswered());
  assertEquals(client.response().body, "sorry");
  assertStringIncludes(stage.takeLog().join("\n"), "oh");
  await stage.finish();
});

test("a higher level makes a smaller body, at once and as a stream", async () => {
  const words = Array.from({ length: 3000 }, (_, at) => `${(at * 7919) % 1000} ${at % 37} `);
  for (const size of [1500, 3000]) {
    const text = words.slice(0, size).join("");
    const lengthAt = async (level: CompressOptions["level"]) => {
      const app = gzip(texts([text]), level === undefined ? {} : { level });
      const { body } = await answer(app, get("/", GZIP));
      assertEquals(unzipped(body), text);
      return body.length;
    };
    const [one, usual, nine] = [await lengthAt(1), await lengthAt(undefined), await lengthAt(9)];
    assert(one > nine && usual <= one, `${one}, ${usual}, ${nine}`);
    assertEquals(await lengthAt({ gzip: 1 }), one);
    assertEquals(await lengthAt({ br: 11 }), usual);
  }
});
