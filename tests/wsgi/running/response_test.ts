import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import type { Block, HeaderList, StartResponse, WSGIApp } from "../../../src/wsgi/mod.ts";
import {
  get,
  requestText,
  serving,
  type ServingOptions,
  type TestClient,
} from "../../support/serving.ts";

/** Serves one request to an app; `log` is what must be in the log, or nothing. */
async function answer(
  app: WSGIApp,
  log: string = "",
  request: string = get("/"),
  options: ServingOptions = {},
): Promise<TestClient> {
  const stage = await serving(app, options);
  const client = stage.ask(request);
  await stage.settle(5000);
  const lines = stage.takeLog();
  if (log === "") assertEquals(lines, []);
  else assertStringIncludes(lines.join("\n"), log);
  await stage.finish();
  return client;
}

/** An app that starts its response as told, and sends one block. */
function starting(start: (startResponse: StartResponse) => void): WSGIApp {
  return function* (_environ, startResponse) {
    start(startResponse);
    yield "block";
  };
}

const OK: HeaderList = [["Content-Type", "text/plain"]];

test("the app's header fields are sent in their order, with a Date", async () => {
  const client = await answer(starting((start) => {
    start("201 Created Thing", [["X-B", "1"], ["X-A", "2"], ["X-B", "3"]]);
  }));
  const text = client.received();
  assert(text.startsWith("HTTP/1.1 201 Created Thing\r\nX-B: 1\r\nX-A: 2\r\nX-B: 3\r\n"), text);
  assert(/\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/.test(text), text);
});

test("calling startResponse twice is an error", async () => {
  const client = await answer(
    starting((start) => {
      start("200 OK", OK);
      start("200 OK", OK);
    }),
    "startResponse() was called twice without excInfo",
  );
  assertEquals(client.response().status, "500 Internal Server Error");
});

test("with excInfo a response that has not gone is replaced", async () => {
  const client = await answer(starting((start) => {
    start("200 OK", [["X-First", "1"]]);
    start("503 Try Later", OK, new Error("broken"));
  }));
  const { status, headers, body } = client.response();
  assertEquals([status, headers["x-first"], body], ["503 Try Later", undefined, "block"]);
});

test("excInfo on the first call is fine", async () => {
  const client = await answer(starting((start) => void start("500 Oops", OK, new Error("x"))));
  assertEquals(client.response().status, "500 Oops");
});

test("null for excInfo counts as none", async () => {
  const client = await answer(
    starting((start) => {
      start("200 OK", OK, null);
      start("200 OK", OK, null);
    }),
    "called twice",
  );
  assertEquals(client.response().status, "500 Internal Server Error");
});

test("with excInfo after a block the error is thrown, and the connection cut", async () => {
  const client = await answer(function* (_environ, startResponse) {
    startResponse("200 OK", OK);
    yield "first";
    try {
      throw new Error("half way");
    } catch (error) {
      startResponse("500 Oops", OK, error);
    }
    yield "never";
  }, "Error: half way");
  const { status, body, complete } = client.response();
  assertEquals([status, body, complete], ["200 OK", "first", false]);
  assertEquals(client.ended, true);
});

test("headers changed after startResponse change nothing", async () => {
  const client = await answer(function* (_environ, startResponse) {
    const headers: [string, string][] = [["X-A", "1"]];
    startResponse("200 OK", headers);
    headers.push(["X-B", "2"]);
    yield "block";
  });
  assertEquals(client.response().headers["x-b"], undefined);
});

test("nothing is sent before the first non-empty block or the end", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", OK);
    yield environ.cogen.core.events.Sleep(1);
    yield "";
    yield environ.cogen.core.events.Sleep(1);
  });
  const client = stage.ask(get("/"));
  stage.run(1500);
  assertEquals(client.received(), "");
  stage.run(500);
  assertEquals(client.response().headers["content-length"], "0");
  await stage.finish();
});

test("startResponse may come late, after waits", async () => {
  const client = await answer(function* (environ, startResponse) {
    yield environ.cogen.core.events.Sleep(1);
    startResponse("200 OK", OK);
    yield "late";
  });
  assertEquals(client.response().body, "late");
});

test("a block before startResponse is an error in the app, which may still answer", async () => {
  const client = await answer(function* (_environ, startResponse) {
    let message = "";
    try {
      yield "too early";
    } catch (error) {
      message = String(error);
    }
    startResponse("200 OK", OK);
    yield message;
  });
  assertStringIncludes(client.response().body, "WSGIError: A block came before startResponse()");
});

const WITHOUT_START: readonly (readonly [name: string, app: WSGIApp, log: string])[] = [
  ["a block", function* () {
    yield "block";
  }, "A block came before startResponse()"],
  ["no block", function* () {}, "The app ended without startResponse()"],
  ["an array", () => ["block"], "A block came before startResponse()"],
  ["an empty array", () => [], "The app ended without startResponse()"],
];

for (const [name, app, log] of WITHOUT_START) {
  test(`an app with ${name} and no startResponse is a 500`, async () => {
    const client = await answer(app, log);
    assertEquals(client.response().status, "500 Internal Server Error");
    assertEquals(client.response().body, "500 Internal Server Error\n");
  });
}

test("write sends before the blocks that follow", async () => {
  const client = await answer(function* (_environ, startResponse) {
    const write = startResponse("200 OK", OK);
    write("one ");
    write("");
    write(new Uint8Array([116, 119, 111]));
    yield " three";
  });
  assertEquals(client.response().body, "one two three");
});

test("what was written arrives before a wait", async () => {
  const stage = await serving(function* (environ, startResponse) {
    startResponse("200 OK", OK)("written");
    yield environ.cogen.core.events.Sleep(10);
  });
  const client = stage.ask(get("/"));
  assertEquals(client.response().chunks, ["written"]);
  await stage.finish();
});

test("write after the end is an error for who calls it, and does not reach the next response", async () => {
  let write: ((block: string) => void) | undefined;
  let error: unknown;
  const stage = await serving(function* (environ, startResponse) {
    if (environ.PATH_INFO === "/late") {
      try {
        write?.("injected");
      } catch (thrown) {
        error = thrown;
      }
    }
    write = startResponse("200 OK", OK);
    yield environ.PATH_INFO;
  });
  const client = stage.ask(get("/first") + get("/late"));
  assertEquals(client.responses().map(({ body }) => body), ["/first", "/late"]);
  assertStringIncludes(String(error), "after the end");
  await stage.finish();
});

type Bad = readonly [name: string, status: unknown, headers: unknown, log: string];

const BAD: readonly Bad[] = [
  ["a status without a phrase's space", "200", [], 'Cannot send status "200"'],
  ["a status that is no number", "OK", [], 'Cannot send status "OK"'],
  ["a status that is not a string", 200, [], "Cannot send status"],
  ["a status with a line break", "200 OK\r\nX: y", [], "Cannot send status"],
  ["an informational status", "100 Continue", [], "informational"],
  ["a header value with CR LF", "200 OK", [["X", "a\r\nSet-Cookie: b"]], "control characters"],
  ["a header value with LF", "200 OK", [["X", "a\nb"]], "control characters"],
  ["a header value with NUL", "200 OK", [["X", "a\0b"]], "control characters"],
  ["a header value beyond latin-1", "200 OK", [["X", "\u20ac"]], "latin-1"],
  ["a header value that is a number", "200 OK", [["X", 5]], "expected a string"],
  ["a header name that is no token", "200 OK", [["X Y", "a"]], "expected a token"],
  ["an empty header name", "200 OK", [["", "a"]], "expected a token"],
  ["a header that is no pair", "200 OK", [["X"]], "expected [name, value]"],
  [
    "headers in an object",
    "200 OK",
    { X: "a" },
    "not an array of [name, value]: write Object.entries",
  ],
  ["no headers", "200 OK", undefined, "not an array of [name, value]"],
  ["Connection", "200 OK", [["Connection", "close"]], "hop-by-hop"],
  ["Transfer-Encoding", "200 OK", [["transfer-encoding", "chunked"]], "hop-by-hop"],
  ["Keep-Alive", "200 OK", [["Keep-Alive", "timeout=5"]], "hop-by-hop"],
  ["Upgrade", "200 OK", [["Upgrade", "h2c"]], "hop-by-hop"],
  ["a Content-Length that is no number", "200 OK", [["Content-Length", "5x"]], "decimal digits"],
  ["a negative Content-Length", "200 OK", [["Content-Length", "-5"]], "decimal digits"],
  [
    "two Content-Lengths",
    "200 OK",
    [["Content-Length", "5"], ["content-length", "5"]],
    "two Content-Length",
  ],
  ["Content-Length with 204", "204 No", [["Content-Length", "5"]], "with this status"],
];

for (const [name, status, headers, log] of BAD) {
  test(`${name} is refused: 500, and why is in the log`, async () => {
    const start: WSGIApp = starting((startResponse) => {
      startResponse(status as string, headers as HeaderList);
    });
    const client = await answer(start, log);
    const { status: got, body, complete } = client.response();
    assertEquals([got, complete], ["500 Internal Server Error", true]);
    assertEquals(body, "500 Internal Server Error\n");
  });
}

test("after refused headers the app may start anew, without excInfo", async () => {
  const client = await answer(starting((start) => {
    try {
      start("200 OK", [["Bad Name", "x"]]);
    } catch {
      start("200 OK", OK);
    }
  }));
  assertEquals(client.response().body, "block");
});

test("an app may replace a head that could not be sent", async () => {
  const client = await answer(function* (_environ, startResponse) {
    startResponse("204 No Content", [["Content-Length", "5"]]);
    try {
      yield "block";
    } catch (error) {
      startResponse("500 Oops", OK, error);
      yield "replaced";
    }
  });
  assertEquals([client.response().status, client.response().body], ["500 Oops", "replaced"]);
});

const BLOCKS: readonly (readonly [name: string, block: unknown, log: string])[] = [
  ["a number", 5, "Cannot send 5 as a block"],
  ["null", null, "Cannot send null as a block"],
  [
    "an object",
    { a: 1 },
    'Cannot send {"a":1} as a block: expected a string, bytes or JSON.stringify',
  ],
  ["an array", ["a"], 'Cannot send ["a"] as a block'],
  ["a boolean", true, "Cannot send true as a block"],
  ["a buffer", new ArrayBuffer(2), "Cannot send an ArrayBuffer as a block"],
];

for (const [name, block, log] of BLOCKS) {
  test(`${name} is no block: the error is thrown at the yield`, async () => {
    const app: WSGIApp = function* (_environ, startResponse) {
      startResponse("200 OK", OK);
      try {
        yield block as Block;
      } catch (error) {
        yield String(error);
      }
    };
    assertStringIncludes((await answer(app)).response().body, log);
    const careless: WSGIApp = function* (_environ, startResponse) {
      startResponse("200 OK", OK);
      yield block as Block;
    };
    assertEquals((await answer(careless, log)).response().status, "500 Internal Server Error");
  });
}

test("strings are sent as UTF-8, bytes as they are", async () => {
  const client = await answer(function* (_environ, startResponse) {
    startResponse("200 OK", OK);
    yield "caf\u00e9 \u20ac \u{1f600}";
    yield new Uint8Array([0, 255]);
  });
  const text = "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80";
  assertEquals(client.response().chunks, [text, "\x00\xff"]);
});

test("a body longer than its Content-Length: the surplus is not sent, the app is told", async () => {
  const client = await answer(function* (_environ, startResponse) {
    startResponse("200 OK", [["Content-Length", "5"]]);
    yield "123";
    yield "45surplus";
    yield "never";
  }, "Body too long: 7 bytes more than Content-Length");
  const { body, complete } = client.response();
  assertEquals([body, complete, client.ended], ["12345", true, true]);
});

test("an app that catches the surplus' error has given a whole response", async () => {
  const client = await answer(
    function* (_environ, startResponse) {
      startResponse("200 OK", [["Content-Length", "5"]]);
      try {
        yield "12345surplus";
      } catch {
        // As told.
      }
    },
    "",
    get("/") + get("/"),
  );
  assertEquals(client.responses().map(({ body }) => body), ["12345", "12345"]);
});

test("a body shorter than its Content-Length cuts the connection", async () => {
  const client = await answer(
    function* (_environ, startResponse) {
      startResponse("200 OK", [["Content-Length", "5"]]);
      yield "123";
    },
    "Body too short: 2 bytes less than Content-Length",
    get("/") + get("/"),
  );
  const { body, complete } = client.response();
  assertEquals([body, complete, client.ended], ["123", false, true]);
});

test("no body at all for a Content-Length is a 500, as nothing has gone", async () => {
  const client = await answer((_environ, startResponse) => {
    startResponse("200 OK", [["Content-Length", "5"]]);
    return [];
  }, "Body of 0 bytes, but Content-Length 5");
  assertEquals(client.response().status, "500 Internal Server Error");
});

test("a HEAD response has the head of GET and no body", async () => {
  const app: WSGIApp = (_environ, startResponse) => {
    startResponse("200 OK", OK);
    return ["12345"];
  };
  const client = await answer(app, "", requestText("HEAD", "/") + get("/"));
  const [head, full] = client.responses("HEAD", "GET");
  assertEquals([head?.headers["content-length"], head?.body], ["5", ""]);
  assertEquals(full?.body, "12345");
});

test("a HEAD response with the app's own Content-Length needs no blocks", async () => {
  const client = await answer(
    (_environ, startResponse) => {
      startResponse("200 OK", [["Content-Length", "1000"]]);
      return [];
    },
    "",
    requestText("HEAD", "/") + requestText("HEAD", "/"),
  );
  const lengths = client.responses("HEAD", "HEAD").map(({ headers }) => headers["content-length"]);
  assertEquals(lengths, ["1000", "1000"]);
});

for (const status of ["204 No Content", "304 Not Modified"]) {
  test(`blocks of a ${status} are not sent, and the connection goes on`, async () => {
    const client = await answer(
      function* (_environ, startResponse) {
        startResponse(status, []);
        yield "not to be seen";
      },
      "",
      get("/") + get("/"),
    );
    const responses = client.responses();
    assertEquals(responses.map((response) => response.status), [status, status]);
    assertEquals(client.received().includes("seen"), false);
    assertEquals(responses[0]?.headers["transfer-encoding"], undefined);
  });
}

test("for HTTP/1.0 a body of unknown length ends with the connection", async () => {
  const client = await answer(
    function* (environ, startResponse) {
      startResponse("200 OK", OK);
      yield "one ";
      yield environ.cogen.core.events.Sleep(1);
      yield "two";
    },
    "",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
  );
  const { body, headers } = client.response();
  assertEquals([body, headers["connection"], client.ended], ["one two", "close", true]);
  assertEquals(headers["transfer-encoding"], undefined);
});

test("HTTP/1.0 with keep-alive and a known length keeps the connection", async () => {
  const request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  const client = await answer(
    (_environ, startResponse) => {
      startResponse("200 OK", OK);
      return ["known"];
    },
    "",
    request + request,
  );
  assertEquals(client.responses().map(({ body }) => body), ["known", "known"]);
  assertEquals(client.responses()[0]?.headers["connection"], "keep-alive");
});

test("a server of HTTP/1.0 says so and uses nothing newer", async () => {
  const client = await answer(
    function* (environ, startResponse) {
      startResponse("200 OK", OK);
      yield "one ";
      yield environ.cogen.core.events.Sleep(1);
      yield "two";
    },
    "",
    get("/"),
    { protocol: "HTTP/1.0" },
  );
  assert(client.received().startsWith("HTTP/1.0 200 OK\r\n"));
  assertEquals([client.response().body, client.ended], ["one two", true]);
});

test("a malformed request to a server of HTTP/1.0 is answered in HTTP/1.0", async () => {
  const client = await answer(() => [], "", "broken\r\n\r\n", { protocol: "HTTP/1.0" });
  assert(client.received().startsWith("HTTP/1.0 400 Bad Request\r\n"), client.received());
});
