import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import { type Block, type WSGIApp, WSGIError } from "../../src/wsgi/mod.ts";
import {
  accessLog,
  type AccessLogEntry,
  errorPage,
  gzip,
  lazyStartResponse,
  syncInput,
  validator,
} from "../../src/middleware/mod.ts";
import { MemoryFile } from "../support/memory_files.ts";
import {
  get,
  latin1Bytes,
  post,
  requestText,
  type Serving,
  serving,
  WorkingClock,
} from "../support/serving.ts";

const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

type Middleware = (app: WSGIApp) => WSGIApp;

const sorry = () => ({ status: "500 Oh", headers: PLAIN, body: "sorry" });

const LAYERS: Readonly<Record<string, Middleware>> = {
  lazyStartResponse,
  syncInput: (app) => syncInput(app as never),
  gzip,
  accessLog: (app) => accessLog(app, () => {}),
  errorPage: (app) => errorPage(app, sorry),
  validator,
};

async function settle(stage: Serving, rounds: number = 12): Promise<void> {
  for (let round = 0; round < rounds; round++) await stage.settle();
}

interface Style {
  readonly name: string;
  readonly app: WSGIApp;
}

let ended = 0;

const STYLES: readonly Style[] = [
  {
    name: "typed waits",
    *app(environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        yield* environ.cogen.wait(Sleep(1));
        yield `two ${yield* environ.cogen.wait(WaitForSignal("go"))}`;
      } finally {
        ended++;
      }
    },
  },
  {
    name: "waits in cogen's style",
    *app(environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        yield environ.cogen.core.events.Sleep(1);
        yield environ.cogen.core.events.WaitForSignal("go");
        yield `two ${environ.cogen.result}`;
      } finally {
        ended++;
      }
    },
  },
  {
    name: "operations that are yielded",
    *app(_environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        yield Sleep(1);
        yield `two ${yield WaitForSignal("go")}`;
      } finally {
        ended++;
      }
    },
  },
  {
    name: "an async generator",
    async *app(environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        await environ.cogen.run(Sleep(1));
        yield `two ${await environ.cogen.run(WaitForSignal("go"))}`;
      } finally {
        ended++;
      }
    },
  },
];

const NAMES = Object.keys(LAYERS);

for (const [at, first] of NAMES.entries()) {
  const three = [first, NAMES[(at + 1) % NAMES.length], NAMES[(at + 2) % NAMES.length]] as string[];
  const wrap = (app: WSGIApp) => three.reduceRight((inner, name) => LAYERS[name]!(inner), app);
  for (const { name, app } of STYLES) {
    test(`${name} pass through ${three.join(", ")}`, async () => {
      ended = 0;
      const stage = await serving({ "/": wrap(app), "/go": goApp });
      const client = stage.ask(get("/"));
      await settle(stage);
      assertEquals(client.responses()[0]?.body, "one ");
      await stage.settle(1000);
      await settle(stage);
      stage.ask(get("/go"));
      await settle(stage);
      const response = client.response();
      assertEquals([response.body, response.complete, ended], ["one two signalled", true, 1]);
      await stage.finish();
    });

    test(`a client that leaves ends ${name} behind ${three.join(", ")}`, async () => {
      ended = 0;
      const stage = await serving(wrap(app));
      const client = stage.ask(get("/"));
      await settle(stage);
      client.destroy();
      await settle(stage);
      assertEquals(ended, 1);
      await stage.finish();
    });
  }
}

function* goApp(
  environ: Parameters<WSGIApp>[0],
  startResponse: Parameters<WSGIApp>[1],
): Generator<Block, void, unknown> {
  startResponse("200 OK", PLAIN);
  yield environ.cogen.core.events.Signal("go", "signalled");
}

async function answer(app: WSGIApp, request: string = get("/")) {
  const stage = await serving(app);
  const client = stage.ask(request);
  await settle(stage);
  const response = client.response(request.split(" ")[0]);
  await stage.finish();
  return response;
}

test("what an app has waited for stays there while a middleware waits", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield environ.cogen.call(function* answer() {
      return 42;
    })();
    yield LONG + LONG;
    yield "";
    yield String(environ.cogen.result);
  };
  const { body } = await answer(gzip(validator(gzip(app))), get("/", GZIP));
  assertEquals(unzipped(body).slice(-2), "42");
});

// lazyStartResponse

test("lazyStartResponse calls startResponse just before the first block", async () => {
  const calls: string[] = [];
  const app = lazyStartResponse(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    calls.push("called");
    yield "";
    calls.push("waited");
    yield "block";
  });
  const response = await answer((environ, startResponse) =>
    app(environ, (...call) => {
      calls.push("passed on");
      return startResponse(...call);
    })
  );
  assertEquals([response.body, calls], ["block", ["called", "waited", "passed on"]]);
});

test("lazyStartResponse passes a call without blocks on at the end", async () => {
  const response = await answer(lazyStartResponse((_environ, startResponse) => {
    startResponse("204 No Content", []);
    return [];
  }));
  assertEquals(response.status, "204 No Content");
});

test("lazyStartResponse takes a replacement, but no second call", async () => {
  const response = await answer(lazyStartResponse(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    try {
      startResponse("201 Created", PLAIN);
    } catch (error) {
      assert(error instanceof WSGIError);
      startResponse("202 Accepted", PLAIN, error);
    }
    yield "replaced";
  }));
  assertEquals([response.status, response.body], ["202 Accepted", "replaced"]);
});

test("lazyStartResponse sends what is written", async () => {
  const response = await answer(lazyStartResponse((_environ, startResponse) => {
    startResponse("200 OK", PLAIN)("written, ");
    return ["given"];
  }));
  assertEquals(response.body, "written, given");
});

// syncInput

test("syncInput gives the whole body, however it came", async () => {
  const app = syncInput((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    const input = environ["wsgi.input"];
    return [
      [input.read(2), input.readline(), ...input].map((part) => new TextDecoder().decode(part))
        .join("|"),
      ` ${environ.CONTENT_LENGTH}`,
    ];
  });
  assertEquals((await answer(app, post("/", "abcd\nef\ng"))).body, "ab|cd\n|ef\n|g 9");
  const chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nab\n\r\n2\r\ncd\r\n0\r\n\r\n";
  assertEquals((await answer(app, chunked)).body, "ab|\n|cd 5");
});

test("syncInput reads lines up to a limit", async () => {
  const app = syncInput((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    const input = environ["wsgi.input"];
    const lines = [input.readline(2), ...input.readlines(1), ...input.readlines(), input.read()];
    return [lines.map((line) => new TextDecoder().decode(line)).join("|")];
  });
  assertEquals((await answer(app, post("/", "abcd\nef\ng\nh"))).body, "ab|cd\n|ef\n|g\n|h|");
});

// errorPage

const throwing: WSGIApp = () => {
  throw new Error("a secret");
};

for (
  const [name, app] of Object.entries<WSGIApp>({
    "when called": throwing,
    *"before its first block"(_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      yield "";
      throw new Error("a secret");
    },
    async "in a promise"() {
      await Promise.resolve();
      throw new Error("a secret");
    },
  })
) {
  test(`errorPage answers an app that throws ${name}, and the server hears of it once`, async () => {
    const heard: unknown[] = [];
    const stage = await serving(errorPage(app, sorry), {
      onError: (error, environ) => heard.push((error as Error).message, environ?.REQUEST_URI),
    });
    const client = stage.ask(get("/x"));
    await settle(stage);
    const response = client.response();
    assertEquals([response.status, response.body], ["500 Oh", "sorry"]);
    assertEquals(heard, ["a secret", "/x"]);
    const log = stage.takeLog();
    assertEquals(log.length, 1);
    assertStringIncludes(log[0]!, "GET /x failed: Error: a secret");
    await stage.finish();
  });
}

test("errorPage leaves an error after the first block to the server", async () => {
  const stage = await serving(errorPage(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "one";
    yield "";
    throw new Error("late");
  }, sorry));
  const client = stage.ask(get("/"));
  await settle(stage);
  const response = client.response();
  assertEquals([response.status, response.body, response.complete], ["200 OK", "one", false]);
  const log = stage.takeLog();
  assertEquals(log.length, 1);
  assertStringIncludes(log[0]!, "late");
  await stage.finish();
});

/** What the server hears if a page cannot be made of an app's error. */
async function heardOf(app: WSGIApp, page: Parameters<typeof errorPage>[1]): Promise<string[]> {
  const heard: string[] = [];
  const stage = await serving(errorPage(app, page), {
    onError: (error) => heard.push(String(error)),
  });
  const client = stage.ask(get("/"));
  await settle(stage);
  assertEquals(client.response().status, "500 Internal Server Error");
  assertEquals(stage.takeLog().length, heard.length);
  await stage.finish();
  return heard;
}

test("errorPage tells of the app's error, and of one that the page has", async () => {
  const broken = () => {
    throw new Error("of the page");
  };
  assertEquals(await heardOf(throwing, broken), ["Error: a secret", "Error: of the page"]);
  const rethrowing = (error: unknown) => {
    throw error;
  };
  assertEquals(await heardOf(throwing, rethrowing), ["Error: a secret"]);
  const nonsense = () => ({ ...sorry(), status: "nonsense" });
  const heard = await heardOf(throwing, nonsense);
  assertEquals([heard.length, heard[0]], [2, "Error: a secret"]);
});

test("errorPage makes an error of nothing, if that was thrown", async () => {
  const heard: string[] = [];
  const nothing: WSGIApp = () => {
    throw undefined;
  };
  const stage = await serving(errorPage(nothing, sorry), {
    onError: (error) => heard.push(String(error)),
    log: () => {},
  });
  assertEquals(stage.ask(get("/")).response().body, "sorry");
  assertEquals(heard, ["Error: The app threw undefined"]);
  await stage.finish();
});

// accessLog

interface Logged {
  readonly line: string;
  readonly entry: AccessLogEntry;
}

async function logged(app: WSGIApp, request: string, log: string = ""): Promise<Logged> {
  const lines: Logged[] = [];
  const clock = new WorkingClock();
  const stage = await serving(
    accessLog(app, (line, entry) => lines.push({ line, entry })),
    { clock },
  );
  stage.ask(request);
  await settle(stage);
  await stage.settle(1500);
  assertStringIncludes(stage.takeLog().join("\n"), log);
  await stage.finish();
  assertEquals(lines.length, 1);
  return lines[0] as Logged;
}

test("accessLog writes one combined line when the response is done", async () => {
  const { line, entry } = await logged(
    function* (environ, startResponse) {
      environ.PATH_INFO = "changed";
      startResponse("201 Created", PLAIN)("é");
      yield "four";
      yield* environ.cogen.wait(Sleep(1.5));
      yield new Uint8Array(3);
    },
    get(
      "/a?b",
      "Referer: http://x/",
      'User-Agent: a "quoted\\" one\xff',
      "Authorization: Basic YTpi",
    ),
  );
  assertMatch(line, /^127\.0\.0\.1 - a \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d \+0000\] /);
  assertStringIncludes(
    line,
    ' "GET /a?b HTTP/1.1" 201 9 "http://x/" "a \\"quoted\\\\\\" one\\xff" 1500000',
  );
  assertEquals([entry.status, entry.bytes, entry.milliseconds], [201, 9, 1500]);
  assertEquals(entry.environ.PATH_INFO, "/a");
});

test("accessLog tells of an app that failed before its first block", async () => {
  assertMatch((await logged(throwing, get("/"), "a secret")).line, / 500 - "-" "-" \d+$/);
});

test("accessLog tells of a client that left", async () => {
  const lines: string[] = [];
  const stage = await serving(accessLog(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "some";
    yield* environ.cogen.wait(Sleep(10));
  }, (line) => lines.push(line)));
  const client = stage.ask(get("/"));
  assertEquals(lines, []);
  client.destroy();
  await settle(stage);
  assertMatch(lines.join(), / 200 4 "-" "-" \d+$/);
  await stage.finish();
});

// gzip

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

test("gzip sends what there is before the app waits, and it can be read", async () => {
  const stage = await serving(gzip(function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    for (let n = 0; n < 20; n++) {
      yield "tick ".repeat(n + 1);
      yield* environ.cogen.wait(Sleep(1));
    }
  }));
  const client = stage.ask(get("/", GZIP));
  let expected = "";
  const flushed = () =>
    gunzipSync(latin1Bytes(client.response().body), { finishFlush: 2 }).toString();
  for (let n = 0; n < 20; n++) {
    await settle(stage);
    expected += "tick ".repeat(n + 1);
    // Streams of the runtime work in threads of their own, which may be busy.
    for (let tries = 0; tries < 100 && flushed() !== expected; tries++) await stage.settle();
    assertEquals(flushed(), expected);
    await stage.settle(1000);
  }
  await settle(stage);
  assertEquals(unzipped(client.response().body), expected);
  await stage.finish();
});

test("gzip sends a block that was long in coming, although the app never waits", async () => {
  const clock = new WorkingClock();
  const stage = await serving(
    gzip(function* (_environ, startResponse) {
      startResponse("200 OK", PLAIN);
      for (let n = 0; n < 3; n++) {
        clock.work(5);
        yield "block ";
      }
    }),
    { clock },
  );
  const client = stage.ask(get("/", GZIP));
  await settle(stage);
  assertEquals(client.response().chunks.length, 4);
  assertEquals(unzipped(client.response().body), "block block block ");
  await stage.finish();
});

test("gzip compresses what is written", async () => {
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
  "Accept-Encoding: br",
  "Accept-Encoding: gzip;q=0, *",
  "Accept-Encoding: *;q=0",
];

for (const field of REFUSING) {
  test(`gzip leaves a client alone that sends "${field}"`, async () => {
    const { headers, body } = await answer(gzip(texts([LONG])), get("/", field));
    assertEquals([headers["content-encoding"], headers["vary"]], [undefined, "Accept-Encoding"]);
    assertEquals(body, LONG);
  });
}

for (const field of ["gzip;q=0.5", "deflate, GZIP", "*", "x-gzip"]) {
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

test("gzip tells HEAD what it would tell GET", async () => {
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
  await settle(stage);
  assertEquals(client.response().body, "sorry");
  assertStringIncludes(stage.takeLog().join("\n"), "oh");
  await stage.finish();
});
