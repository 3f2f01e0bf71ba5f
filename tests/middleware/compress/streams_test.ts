/** Streams through `compress`: flushes, bursts, backpressure, and every end of a response. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Semaphore, Signal, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import { compress } from "../../../src/middleware/compress/mod.ts";
import { Encoder, type Encoding, SUPPORTED } from "../../../src/middleware/compress/zlib.ts";
import { errorPage } from "../../../src/middleware/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import {
  get,
  latin1Bytes,
  requestText,
  type Serving,
  serving,
  type TestClient,
} from "../../support/serving.ts";
import { parseResponse } from "../../support/http_text.ts";
import { servingOverTcp, standstill } from "../../support/tcp.ts";
import { answer, PLAIN, settle, sorry } from "../answering.ts";
import { decoded, decodedSoFar, decodedText } from "./decoding.ts";

const LONG = "All work and no play makes Jack a dull boy. ".repeat(1000);
const GZIP = "Accept-Encoding: gzip";

/** Bytes that zlib cannot make much smaller. */
function noise(length: number): Uint8Array {
  let seed = length;
  return Uint8Array.from({ length }, () => {
    seed = Math.imul(seed, 1103515245) + 12345 >>> 0;
    return seed >>> 16;
  });
}

const TICKERS: Readonly<Record<string, WSGIApp>> = {
  *"typed waits"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 5; n++) {
      yield `tick ${n} `;
      yield `tock ${n} `;
      yield* environ.cogen.wait(Sleep(1));
    }
  },
  *"waits in cogen's style"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 5; n++) {
      yield `tick ${n} `;
      yield `tock ${n} `;
      yield environ.cogen.core.events.Sleep(1);
    }
  },
  async *"an async generator"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 5; n++) {
      yield `tick ${n} `;
      yield `tock ${n} `;
      await environ.cogen.run(Sleep(1));
    }
  },
};

for (const encoding of SUPPORTED) {
  for (const [name, app] of Object.entries(TICKERS)) {
    test(`${encoding} sends what there is before the app waits: ${name}`, async () => {
      const stage = await serving(compress(app, { encodings: [encoding] }));
      const client = stage.ask(get("/", `Accept-Encoding: ${encoding}`));
      let expected = "";
      for (let n = 0; n < 5; n++) {
        expected += `tick ${n} tock ${n} `;
        await eventuallyDecoded(stage, encoding, client, expected);
        await stage.settle(1000);
      }
      await stage.eventually("the end", () => client.isAnswered("GET"));
      assertEquals(decodedText(encoding, client.response().body), expected);
      await stage.finish();
    });
  }

  test(`${encoding} gives back bytes of any kind, in blocks of any size`, async () => {
    for (const length of [0, 1, 1_023, 16_384, 16_385, 65_536, 65_537, 300_000]) {
      const blocks = [noise(length), new Uint8Array(length), noise(7), noise(length)];
      const app: WSGIApp = function* (_environ, startResponse) {
        startResponse("200 OK", PLAIN);
        yield* blocks;
      };
      const options = { encodings: [encoding], minBytes: 0 } as const;
      const request = get("/", `Accept-Encoding: ${encoding}`);
      const { headers, body } = await answer(compress(app, options), request);
      assertEquals(headers["content-encoding"], encoding);
      const whole = decoded(encoding, body);
      assertEquals(whole.length, 3 * length + 7);
      assert(equal(whole, blocks), `${length} bytes`);
    }
  });

  test(`${encoding} keeps its context: later blocks refer to earlier ones`, async () => {
    const block = latin1Bytes(Array.from(noise(3000), (byte) => byte % 10).join(""));
    const app: WSGIApp = function* (environ, startResponse) {
      startResponse("200 OK", PLAIN);
      for (let n = 0; n < 10; n++) {
        yield block;
        yield* environ.cogen.wait(Sleep(0));
      }
    };
    const { body } = await answer(
      compress(app, { encodings: [encoding] }),
      get("/", `Accept-Encoding: ${encoding}`),
    );
    assert(body.length < 1.5 * block.length, `${body.length} bytes for ten times the same`);
  });
}

test("the bytes of an async generator do not depend on the time that its promises take", async () => {
  const block = LONG.slice(0, 2000);
  // Over TCP, since a manual clock makes each promise late.
  const stage = await servingOverTcp(compress(async function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 3; n++) {
      yield block;
      for (let turn = 0; turn < Number(environ.QUERY_STRING); turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }));
  const received: string[] = [];
  for (const turns of [0, 1, 50]) {
    const client = await stage.open();
    client.send(get(`/?${turns}`, GZIP, "Connection: close"));
    await client.until("the end", () => client.ended);
    const { chunks, headers, body } = parseResponse(client.text);
    assertEquals([headers["transfer-encoding"], chunks.length], ["chunked", 4]);
    assertEquals(decodedText("gzip", body), block.repeat(3));
    received.push(body);
    client.stream.destroy();
  }
  assertEquals(new Set(received).size, 1);
  await stage.finish();
});

test("the only block of an async generator, returned, has its compressed length", async () => {
  const app: WSGIApp = async function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    await environ.cogen.run(Sleep(0));
    yield "";
    return LONG;
  };
  const { headers, body } = await answer(compress(app), get("/", GZIP));
  assertEquals(headers["content-length"], String(body.length));
  assertEquals(decodedText("gzip", body), LONG);
});

for (const field of ["X-Plain: 1", GZIP]) {
  test(`the blocks that an async app writes while it waits are sent: ${field}`, async () => {
    const stage = await serving(compress(async (environ, startResponse) => {
      const write = startResponse("200 OK", PLAIN);
      for (let n = 0; n < 3; n++) {
        write(`tick ${n} `);
        write(`tock ${n} `);
        await environ.cogen.run(Sleep(1));
      }
      return ["end"];
    }));
    const client = stage.ask(get("/", field));
    let expected = "";
    for (let n = 0; n < 3; n++) {
      expected += `tick ${n} tock ${n} `;
      if (field === GZIP) await eventuallyDecoded(stage, "gzip", client, expected);
      else assertEquals(client.response().body, expected);
      await stage.settle(1000);
    }
    await stage.eventually("the end", () => client.isAnswered("GET"));
    const { body } = client.response();
    assertEquals(field === GZIP ? decodedText("gzip", body) : body, `${expected}end`);
    await stage.finish();
  });
}

test("HEAD ends an async app in the middle of a wait, and no error is logged", async () => {
  const stage = await serving(compress(async (environ, startResponse) => {
    const write = startResponse("200 OK", PLAIN);
    await environ.cogen.run(Sleep(1));
    write("a");
    await environ.cogen.run(Sleep(60));
    return ["end"];
  }));
  const client = stage.ask(requestText("HEAD", "/", [GZIP]));
  await stage.settle(1000);
  await stage.eventually("the head", () => client.isAnswered("HEAD"));
  await stage.finish();
});

test("the blocks of a burst are compressed together", async () => {
  const stage = await serving(compress(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 3; n++) {
      for (let m = 0; m < 50; m++) yield `row ${m} of page ${n}\n`;
      yield* environ.cogen.wait(Sleep(1));
    }
  }));
  const client = stage.ask(get("/", GZIP));
  for (let n = 1; n <= 3; n++) {
    await stage.eventually("a flush", () => client.received().includes("\r\n\r\n"));
    await settle(stage);
    await stage.eventually("a flush", () => client.response().chunks.length >= n);
    assertEquals(client.response().chunks.length, n);
    await stage.settle(1000);
  }
  await stage.eventually("the end", () => client.isAnswered("GET"));
  await stage.finish();
});

test("a client that stalls stalls the app, and what waits is bounded", async () => {
  let blocks = 0;
  const bytes = noise(65_536);
  const app: WSGIApp = function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (; blocks < 1000; blocks++) yield bytes;
  };
  const stage = await serving(compress(app), { window: 65_536 });
  const client = stage.connect();
  client.pause();
  client.send(get("/", GZIP));
  await standstill("the app to stall", () => blocks, () => stage.settle());
  assert(blocks < 20, `${blocks} blocks`);
  client.resume();
  await stage.eventually("the app to go on", () => blocks > 50);
  client.destroy();
  await stage.finish();
});

/** Runs an app, and counts the streams of zlib that are opened and closed meanwhile. */
async function openStreams(body: (stage: Serving) => Promise<void>, app: WSGIApp): Promise<number> {
  const { write, end, close } = Encoder.prototype;
  const open = new Set<Encoder>();
  let opened = 0;
  const counted = (method: (bytes: Uint8Array) => Promise<Uint8Array>) =>
    function (this: Encoder, bytes: Uint8Array) {
      if (!open.has(this)) opened++;
      open.add(this);
      return method.call(this, bytes);
    };
  Object.assign(Encoder.prototype, {
    write: counted(write),
    end: counted(end),
    close(this: Encoder) {
      open.delete(this);
      close.call(this);
    },
  });
  try {
    const stage = await serving(app);
    await body(stage);
    await stage.finish();
  } finally {
    Object.assign(Encoder.prototype, { write, end, close });
  }
  assert(opened > 0, "no stream was opened");
  return open.size;
}

const endless: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", PLAIN);
  for (;;) {
    yield LONG;
    yield* environ.cogen.wait(Sleep(1));
  }
};

test("the stream of zlib is closed when the client leaves while the app waits", async () => {
  const left = await openStreams(async (stage) => {
    const client = stage.ask(get("/", GZIP));
    await stage.eventually("a flush", () => client.received().length > 100);
    client.destroy();
    await settle(stage);
  }, compress(endless));
  assertEquals(left, 0);
});

test("the stream of zlib is closed when the client leaves while zlib works", async () => {
  const big = new Uint8Array(5_000_000);
  const left = await openStreams(
    async (stage) => {
      const clients = Array.from({ length: 20 }, () => stage.ask(get("/", GZIP)));
      for (const client of clients) client.destroy();
      await settle(stage);
    },
    compress(function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      for (;;) yield big;
    }),
  );
  assertEquals(left, 0);
});

test("the stream of zlib is closed when the app fails, and the error is logged once", async () => {
  const left = await openStreams(
    async (stage) => {
      const client = stage.ask(get("/", GZIP));
      await stage.eventually("a flush", () => client.received().length > 100);
      await stage.settle(1000);
      assertEquals([client.ended || client.closed, client.isAnswered("GET")], [true, true]);
      assertEquals(client.response().complete, false);
      const log = stage.takeLog().join("\n");
      assertEquals(log.split("a secret").length, 2, log);
    },
    compress(function* (environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield LONG;
      yield* environ.cogen.wait(Sleep(1));
      throw new Error("a secret");
    }),
  );
  assertEquals(left, 0);
});

test("the stream of zlib is closed when the response has ended", async () => {
  const left = await openStreams(
    async (stage) => {
      const client = stage.ask(get("/", GZIP));
      await stage.eventually("the end", () => client.isAnswered("GET"));
    },
    compress((_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return [LONG, LONG, LONG];
    }),
  );
  assertEquals(left, 0);
});

test("an error of zlib reaches the app, and is logged once", async () => {
  const { write } = Encoder.prototype;
  Encoder.prototype.write = () => Promise.reject(new Error("zlib failed"));
  try {
    const stage = await serving(compress(endless));
    stage.ask(get("/", GZIP));
    await settle(stage);
    await stage.settle(1000);
    await settle(stage);
    const log = stage.takeLog().join("\n");
    assertEquals(log.split("zlib failed").length, 2, log);
    await stage.finish();
  } finally {
    Encoder.prototype.write = write;
  }
});

const SIGNALLED: Readonly<Record<string, WSGIApp>> = {
  *"a typed wait"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield LONG;
    environ.cogen.scheduler.add(signal);
    yield `, then ${yield* environ.cogen.wait(WaitForSignal("go"))}`;
  },
  *"a wait in cogen's style"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield LONG;
    environ.cogen.scheduler.add(signal);
    yield environ.cogen.core.events.WaitForSignal("go");
    yield `, then ${environ.cogen.result}`;
  },
  *"a yielded operation"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield LONG;
    environ.cogen.scheduler.add(signal);
    yield `, then ${yield WaitForSignal("go")}`;
  },
};

function* signal() {
  yield* Signal("go", "the signal");
}

for (const [name, app] of Object.entries(SIGNALLED)) {
  for (const [stack, wrap] of [["compress", compress], ["two layers", twoLayers]] as const) {
    test(`${name} behind ${stack} hears a signal of the next turn`, async () => {
      const stage = await serving(wrap(app));
      const client = stage.ask(get("/", GZIP));
      await stage.eventually("the response", () => client.isAnswered("GET"));
      assertEquals(decodedText("gzip", client.response().body), `${LONG}, then the signal`);
      await stage.finish();
    });
  }
}

function twoLayers(app: WSGIApp): WSGIApp {
  return errorPage(compress(errorPage(app, sorry)), sorry);
}

test("HEAD does not cut the waits of a finally behind compress", async () => {
  const steps: string[] = [];
  const stage = await serving(compress(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    try {
      yield LONG;
    } finally {
      steps.push("first");
      yield* environ.cogen.wait(Sleep(1));
      steps.push("last");
    }
  }));
  const client = stage.ask(requestText("HEAD", "/", [GZIP]));
  await stage.eventually("the head", () => client.isAnswered("HEAD"));
  await stage.settle(1000);
  await settle(stage);
  assertEquals(client.response("HEAD").headers["content-encoding"], "gzip");
  assertEquals(steps, ["first", "last"]);
  await stage.finish();
});

test("HEAD ends an endless stream behind compress at its second block", async () => {
  let ended = 0;
  const stage = await serving(compress(function* (environ, startResponse) {
    try {
      yield* endless(environ, startResponse) as Generator<string>;
    } finally {
      ended++;
    }
  }));
  const client = stage.ask(requestText("HEAD", "/", [GZIP]));
  await stage.eventually("the head", () => client.isAnswered("HEAD"));
  await stage.settle(1000);
  await settle(stage);
  assertEquals(ended, 1);
  await stage.finish();
});

test("an async app behind another layer writes while it waits, and the block is sent", async () => {
  const app: WSGIApp = async function* (environ, startResponse) {
    const write = startResponse("200 OK", PLAIN);
    yield "one ";
    setTimeout(() => write("two "), 5);
    await environ.cogen.run(Sleep(3600));
    yield "three";
  };
  const stage = await serving(compress(errorPage(app, sorry)));
  const client = stage.ask(get("/", GZIP));
  const soFar = () => decodedSoFar("gzip", parseResponse(client.received()).body);
  await stage.eventually("the head", () => client.received().includes("\r\n\r\n"));
  await stage.eventually("the block", async () => (await soFar()) === "one two ");
  client.destroy();
  await settle(stage);
  await stage.finish();
});

test("an app that writes faster than zlib works waits for it, and keeps the value of its wait", async () => {
  const works: (() => void)[] = [];
  const { write } = Encoder.prototype;
  Encoder.prototype.write = () =>
    new Promise((resolve) => works.push(() => resolve(new Uint8Array(1))));
  try {
    let steps = 0;
    const places = new Semaphore(1);
    const stage = await serving(compress(function* (environ, startResponse) {
      const give = startResponse("200 OK", PLAIN);
      for (;;) {
        give(LONG.repeat(2));
        yield* environ.cogen.wait(places.acquire());
        try {
          steps++;
          yield* environ.cogen.wait(Sleep(0));
        } finally {
          places.release();
        }
      }
    }));
    const client = stage.ask(get("/", GZIP));
    await settle(stage);
    assertEquals([steps, places.available], [0, 0]);
    works.shift()?.();
    await settle(stage);
    works.shift()?.();
    await settle(stage);
    assertEquals([steps, places.available], [1, 0]);
    client.destroy();
    await settle(stage);
    assertEquals([steps, places.available], [2, 1]);
    await stage.finish();
  } finally {
    Encoder.prototype.write = write;
  }
});

for (const style of ["block", "write"]) {
  test(`a body of its declared length is whole, also if the app fails after its last ${style}`, async () => {
    const length = String(LONG.length);
    const stage = await serving(compress(function* (environ, startResponse) {
      const write = startResponse("200 OK", [...PLAIN, ["Content-Length", length]]);
      if (style === "write") write(LONG);
      else yield LONG;
      yield* environ.cogen.wait(Sleep(0));
      throw new Error("a secret");
    }));
    const client = stage.ask(get("/", GZIP));
    await stage.eventually("the end", () => client.isAnswered("GET"));
    const { body, complete } = client.response();
    assertEquals([decodedText("gzip", body), complete], [LONG, true]);
    const log = stage.takeLog().join("\n");
    assertEquals(log.split("a secret").length, 2, log);
    await stage.finish();
  });
}

test("an app that fails before its empty body is answered 500", async () => {
  const stage = await serving(compress(function* (environ, startResponse) {
    startResponse("200 OK", [...PLAIN, ["Content-Length", "0"]]);
    yield* environ.cogen.wait(Sleep(0));
    throw new Error("a secret");
  }, { minBytes: 0 }));
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the response", () => client.isAnswered("GET"));
  assertEquals(client.response().status, "500 Internal Server Error");
  stage.takeLog();
  await stage.finish();
});

test("the blocks before the wait in which an app fails are sent", async () => {
  const stage = await serving(compress(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield LONG;
    yield* environ.cogen.wait(Sleep(0));
    throw new Error("a secret");
  }));
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the end", () => client.ended || client.closed);
  assertEquals(await decodedSoFar("gzip", client.response().body), LONG);
  stage.takeLog();
  await stage.finish();
});

for (
  const [bytes, declared, style] of [
    [10, 5_000, "array"],
    [44_000, 50_000, "array"],
    [200_000, 200_001, "array"],
    [200_000, 200_001, "waits"],
    [44_000, 50_000, "waits"],
  ] as const
) {
  test(`a body of ${bytes} bytes with a Content-Length of ${declared} is cut: ${style}`, async () => {
    const body = LONG.repeat(5).slice(0, bytes);
    const stage = await serving(compress((environ, startResponse) => {
      startResponse("200 OK", [...PLAIN, ["Content-Length", String(declared)]]);
      if (style === "array") return [body];
      return (function* () {
        yield body;
        yield* environ.cogen.wait(Sleep(0));
      })();
    }));
    const client = stage.ask(get("/", GZIP));
    await stage.eventually("the end", () => client.ended || client.closed);
    await settle(stage);
    assertEquals(client.response().complete, false);
    assertStringIncludes(stage.takeLog().join("\n"), "Body too short");
    await stage.finish();
  });
}

test("a body that is longer than its Content-Length is an error of the app", async () => {
  const stage = await serving(compress((_environ, startResponse) => {
    startResponse("200 OK", [...PLAIN, ["Content-Length", "2000"]]);
    return [LONG.slice(0, 1000), LONG.slice(1000, 2000), "x"];
  }));
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the answer", () => client.isAnswered("GET"));
  await settle(stage);
  // As from the server alone: the client has the whole body, and the surplus is an error.
  assertEquals(decodedText("gzip", client.response().body), LONG.slice(0, 2000));
  assertStringIncludes(stage.takeLog().join("\n"), "Body too long");
  await stage.finish();
});

test("responses that are compressed at the same time keep their order and their bytes", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 30; n++) {
      yield `${environ.PATH_INFO} ${n} ${"x".repeat(n * 97)}`;
      if (n % 7 === 0) yield "";
    }
  };
  const stage = await serving(compress(app));
  const expected = (path: string) =>
    Array.from({ length: 30 }, (_, n) => `${path} ${n} ${"x".repeat(n * 97)}`).join("");
  const clients = SUPPORTED.flatMap((encoding) =>
    Array.from({ length: 10 }, (_, n) => {
      const path = `/${encoding}${n}`;
      const client = stage.ask(get(path, `Accept-Encoding: ${encoding}`));
      return { encoding, path, client };
    })
  );
  for (const { encoding, path, client } of clients) {
    await stage.eventually(path, () => client.isAnswered("GET"));
    assertEquals(decodedText(encoding, client.response().body), expected(path));
  }
  await stage.finish();
});

test("pipelined requests are answered in order, compressed or not", async () => {
  const app: WSGIApp = (environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return [environ.PATH_INFO + LONG];
  };
  const stage = await serving(compress(app));
  const client = stage.connect();
  client.send(get("/1", GZIP) + get("/2") + get("/3", "Accept-Encoding: br"));
  await stage.eventually("three", () => client.responses("GET", "GET", "GET").length === 3);
  await stage.eventually("three", () => client.isAnswered("GET", "GET", "GET"));
  const [one, two, three] = client.responses("GET", "GET", "GET").map(({ body }) => body);
  assertEquals(decodedText("gzip", one ?? ""), `/1${LONG}`);
  assertEquals(two, `/2${LONG}`);
  assertEquals(decodedText("br", three ?? ""), `/3${LONG}`);
  await stage.finish();
});

test("a client that refuses identity gets small bodies compressed as well", async () => {
  const app: WSGIApp = (_environ, startResponse) => {
    startResponse("200 OK", [...PLAIN, ["Content-Length", "5"]]);
    return ["small"];
  };
  const request = get("/", "Accept-Encoding: gzip, identity;q=0");
  const { headers, body } = await answer(compress(app), request);
  assertEquals(headers["content-encoding"], "gzip");
  assertEquals(decodedText("gzip", body), "small");
});

test("a body that ends before a wait has its compressed length", async () => {
  for (const length of [2_000, 44_000]) {
    const app: WSGIApp = (_environ, startResponse) => {
      startResponse("200 OK", PLAIN);
      return [LONG.slice(0, length)];
    };
    const { headers, body } = await answer(compress(app), get("/", GZIP));
    assertEquals(headers["content-length"], String(body.length));
  }
});

test("a body of known length ends with its last byte, although the app goes on", async () => {
  for (const length of [44_000, 65_536, 200_000]) {
    const app: WSGIApp = function* (environ, startResponse) {
      startResponse("200 OK", [...PLAIN, ["Content-Length", String(length)]]);
      yield LONG.repeat(5).slice(0, length - 100);
      yield LONG.repeat(5).slice(length - 100, length);
      yield* environ.cogen.wait(Sleep(60));
    };
    const stage = await serving(compress(app));
    const client = stage.ask(get("/", GZIP));
    const body = () => client.received().includes("\r\n\r\n") ? client.response().body : "";
    await stage.eventually("the body", () => {
      try {
        return decodedText("gzip", body()) === LONG.repeat(5).slice(0, length);
      } catch {
        return false;
      }
    });
    const isAtOnce = client.response().headers["content-length"] !== undefined;
    assertEquals(isAtOnce, length <= 65_536);
    client.destroy();
    await stage.finish();
  }
});

test("a second head replaces the first only before a block, as in the server", async () => {
  const seen: string[] = [];
  const app: WSGIApp = function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    startResponse("404 Not Found", [["Content-Type", "image/png"]], new Error("early"));
    yield LONG;
    try {
      startResponse("500 Late", PLAIN, new Error("late"));
    } catch (error) {
      seen.push((error as Error).message);
    }
  };
  const { status, headers, body } = await answer(compress(app), get("/", GZIP));
  assertEquals([status, headers["content-encoding"], body], ["404 Not Found", undefined, LONG]);
  const text: WSGIApp = function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield LONG;
    try {
      startResponse("500 Late", PLAIN, new Error("gathered"));
    } catch (error) {
      seen.push((error as Error).message);
    }
  };
  assertEquals((await answer(compress(text), get("/", GZIP))).status, "200 OK");
  const trailing: WSGIApp = function* (_environ, startResponse) {
    startResponse("200 OK", [...PLAIN, ["Trailer", "X-Sum"]]);
    startResponse("404 Not Found", PLAIN, new Error("early"));
    yield LONG;
    startResponse("500 Late", PLAIN, new Error("late"));
  };
  const stage = await serving(compress(trailing));
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the answer", () => client.isAnswered("GET"));
  assertEquals([client.response().status, client.response().body], ["404 Not Found", LONG]);
  assertStringIncludes(stage.takeLog().join("\n"), "late");
  await stage.finish();
  assertEquals(seen, ["late", "gathered"]);
});

test("errorPage around compress answers before the first flush", async () => {
  const app = errorPage(
    compress(function* (_environ, startResponse) {
      startResponse("200 OK", [...PLAIN, ["ETag", '"a"']]);
      yield LONG;
      throw new Error("oh");
    }),
    sorry,
  );
  const stage = await serving(app);
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the answer", () => client.isAnswered("GET"));
  const { body, headers } = client.response();
  assertEquals([body, headers["content-encoding"], headers["etag"]], [
    "sorry",
    undefined,
    undefined,
  ]);
  stage.takeLog();
  await stage.finish();
});

test("HEAD of a stream that waits has the fields of GET", async () => {
  const app = compress(TICKERS["typed waits"] as WSGIApp);
  const stage = await serving(app);
  const client = stage.ask(requestText("HEAD", "/", [GZIP]));
  await stage.eventually("the head", () => client.received().includes("\r\n\r\n"));
  assertEquals(client.response("HEAD").headers["content-encoding"], "gzip");
  await stage.settle(10_000);
  await stage.finish();
});

for (
  const [options, message] of [
    [{ minBytes: -1 }, "minBytes"],
    [{ minBytes: "1" }, "minBytes"],
    [{ minBytes: NaN }, "minBytes"],
    [{ contentTypes: "text/" }, "contentTypes"],
    [{ encodings: "gzip" }, "encodings"],
    [{ encodings: ["deflate"] }, "deflate"],
  ] as const
) {
  test(`refuses the options ${JSON.stringify(options)}`, () => {
    let error: unknown;
    try {
      compress(endless, options as never);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof TypeError, String(error));
    assertStringIncludes(error.message, message);
  });
}

test("a regular expression with a state decides alike for every response", async () => {
  const app = compress((_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return [LONG];
  }, { contentTypes: /text\/plain/g });
  for (let n = 0; n < 3; n++) {
    const { headers } = await answer(app, get("/", GZIP));
    assertEquals(headers["content-encoding"], "gzip");
  }
});

async function eventuallyDecoded(
  stage: Serving,
  encoding: Encoding,
  client: TestClient,
  expected: string,
): Promise<void> {
  await stage.eventually(expected, async () => {
    if (!client.received().includes("\r\n\r\n")) return false;
    const text = await decodedSoFar(encoding, client.response().body).catch(() => "");
    return text === expected;
  });
}

function equal(whole: Uint8Array, blocks: readonly Uint8Array[]): boolean {
  let at = 0;
  return blocks.every((block) => block.every((byte) => byte === whole[at++]));
}
