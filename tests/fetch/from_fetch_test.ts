/** `fromFetch`: requests, responses, framing, faults and disconnects, through the real parser. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { type FetchHandler, type FetchInfo, fromFetch } from "../../src/fetch/mod.ts";
import { type TestClient, testClient } from "../../src/testing/mod.ts";
import { get, requestText, serving, WorkingClock } from "../support/serving.ts";

type Result = Response | PromiseLike<Response>;

function clientOf(handler: (request: Request, info: FetchInfo) => Result): TestClient {
  return testClient(fromFetch(handler));
}

/** A stream of a number of pieces, and the counts of the calls of its source. */
function counted(pieces: number) {
  const counts = { pulls: 0, cancels: 0, reason: undefined as unknown };
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (counts.pulls++ === pieces) controller.close();
      else controller.enqueue(new TextEncoder().encode("piece"));
    },
    cancel(reason) {
      counts.cancels++;
      counts.reason = reason;
    },
  });
  return { counts, stream };
}

test("a request has the parts of the HTTP request", async () => {
  await using client = clientOf(async (request) => {
    const { method, url, headers } = request;
    const body = await request.text();
    return Response.json([method, url, headers.get("x-a"), body, request.bodyUsed]);
  });
  const options = { headers: { Host: "localhost:8000", "X-A": "b" }, body: "é" };
  const { text } = await client.put("/a/b?c=%20d", options);
  assertEquals(JSON.parse(text), ["PUT", "http://localhost:8000/a/b?c=%20d", "b", "é", true]);
});

/** Hosts and targets, and the path of the URL or the whole URL. */
const URLS: readonly (readonly [host: string, target: string, url: string])[] = [
  ["localhost", "/", "http://localhost/"],
  ["EXAMPLE.org:80", "/a", "http://example.org/a"],
  ["example.org:443", "/a", "http://example.org:443/a"],
  ["[::1]:8000", "/a", "http://[::1]:8000/a"],
  ["1.2", "/", "http://1.0.0.2/"],
  ["localhost", "/a/../b/./c", "http://localhost/b/c"],
  ["localhost", "/a/%2e%2e/b", "http://localhost/b"],
  ["localhost", "//evil.example/a", "http://localhost//evil.example/a"],
  ["localhost", "/a?b=/../c", "http://localhost/a?b=/../c"],
  ["localhost", "http://other.example/a", "http://other.example/a"],
];

for (const [host, target, url] of URLS) {
  test(`the URL of ${target} at ${host}`, async () => {
    await using client = clientOf((request) => new Response(request.url));
    const head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    const { text } = await client.raw(head);
    assertEquals(text.split("\r\n\r\n")[1], url);
  });
}

test("a request is a Request of the runtime to all that take one", async () => {
  await using client = clientOf(async (request) => {
    const copy = new Request(request);
    const other = new Request("http://other/", new Request("http://x/", { method: "PURGE" }));
    const form = await copy.formData();
    return Response.json([
      request instanceof Request,
      request.constructor === Request || Object.getPrototypeOf(request) !== null,
      copy.method,
      copy.url,
      copy.headers.get("x-a"),
      form.get("a"),
      other.method,
      request.redirect,
      request.bodyUsed,
    ]);
  });
  const options = { headers: { Host: "localhost", "X-A": "b" }, form: { a: "1" } };
  const { text } = await client.post("/a", options);
  const parts = [true, true, "POST", "http://localhost/a", "b", "1", "PURGE", "follow", true];
  assertEquals(JSON.parse(text), parts);
});

/** The members that a copy has of its own; a copy with any of them keeps all others of the request. */
const CHANGES: Readonly<Record<string, RequestInit>> = {
  "nothing": {},
  "other fields": { headers: { "Content-Type": "text/plain", "X-A": "own" } },
  "a signal": { signal: new AbortController().signal },
  "another redirect": { redirect: "manual" },
  "another method": { method: "PATCH" },
  "another body": { body: "own" },
};

for (const [change, init] of Object.entries(CHANGES)) {
  test(`a copy of a request with ${change} keeps the rest of it`, async () => {
    const membersOf = async (request: Request) => {
      const copy = new Request(request, init);
      const { method, url, headers, redirect } = copy;
      return [
        method,
        url,
        headers.get("content-type"),
        headers.get("x-a"),
        redirect,
        await copy.text(),
      ];
    };
    const given = {
      method: "PUT",
      headers: { "Content-Type": "text/a", "X-A": "b" },
      body: "a body",
    };
    await using client = clientOf(async (request) => Response.json(await membersOf(request)));
    const response = await client.fetch(new Request("http://localhost/a", given));
    assertEquals(await response.json(), await membersOf(new Request("http://localhost/a", given)));
  });
}

test("a blob has the media type of its request", async () => {
  await using client = clientOf(async (request) => {
    const { size, type } = await request.blob();
    return Response.json([size, type]);
  });
  const typed = await client.post("/", { headers: { "Content-Type": "a/b" }, body: "abc" });
  assertEquals(JSON.parse(typed.text), [3, "a/b"]);
  const untyped = await client.post("/", { body: new Uint8Array(2) });
  assertEquals(JSON.parse(untyped.text)[0], 2);
});

test("a body is read once, by any method", async () => {
  const reads: Record<string, (request: Request) => Promise<unknown>> = {
    text: (request) => request.text(),
    json: (request) => request.json(),
    bytes: async (request) => (await new Response(request.body).arrayBuffer()).byteLength,
    arrayBuffer: async (request) => (await request.arrayBuffer()).byteLength,
    blob: async (request) => (await request.blob()).size,
    clone: async (request) => [await request.clone().text(), await request.text()],
  };
  const seen: Record<string, unknown> = {};
  for (const [name, read] of Object.entries(reads)) {
    await using client = clientOf(async (request) => {
      seen[name] = await read(request);
      const again = await request.text().then(() => "read twice", () => "refused");
      return new Response(again);
    });
    assertEquals((await client.post("/", { body: `"a"` })).text, "refused");
  }
  assertEquals(seen, {
    text: `"a"`,
    json: "a",
    bytes: 3,
    arrayBuffer: 3,
    blob: 3,
    clone: [`"a"`, `"a"`],
  });
});

test("a body that was read is closed to all that take a request", async () => {
  const reads = ["arrayBuffer", "bytes", "json", "text"] as const;
  for (const name of reads) {
    await using client = clientOf(async (request) => {
      // Node 20 has no `bytes` of its own.
      await (request[name] ?? request.text).call(request);
      const uses = [
        () => request.clone(),
        () => new Request(request),
        () => request.body?.getReader(),
        () => request.formData(),
        () => request[name](),
      ];
      const ends = uses.map(async (use) => (await use(), "taken"));
      const refused = (await Promise.allSettled(ends)).map(({ status }) => status);
      return Response.json([request.bodyUsed, request.body?.locked, ...refused]);
    });
    const wanted = [true, true, ...Array.from({ length: 5 }, () => "rejected")];
    assertEquals((await client.post("/", { body: "1" })).json(), wanted, name);
  }
});

/** Gives the parts of bytes between offsets, each as a part of the request's body. */
async function* partsOf(bytes: Uint8Array, offsets: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const to of [...offsets, bytes.length]) {
    yield bytes.subarray(from, to);
    from = to;
  }
}

test("a body is the same by each way, however much of it has arrived", async () => {
  const all = new TextEncoder().encode(`\ufeff${"a\u00e9".repeat(40_000)}`);
  const reads: Record<string, (request: Request) => Promise<string>> = {
    text: (request) => request.text(),
    arrayBuffer: async (request) => new TextDecoder().decode(await request.arrayBuffer()),
    body: (request) => new Response(request.body).text(),
    "a reader each": async (request) => {
      const decoder = new TextDecoder();
      let text = "";
      for (let done = false; !done;) {
        const reader = (request.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
        const step = await reader.read();
        reader.releaseLock();
        done = step.done;
        text += decoder.decode(step.value, { stream: !done });
      }
      return text;
    },
  };
  for (const size of [3, 100, 65_536, 65_537, all.length]) {
    const bytes = all.subarray(0, size);
    for (const [name, read] of Object.entries(reads)) {
      for (const offsets of [undefined, [], [1], [2, size - 1], [size]]) {
        await using client = clientOf(async (request) => new Response(await read(request)));
        const body = offsets === undefined ? bytes : partsOf(bytes, offsets);
        const { text } = await client.post("/", { body });
        assert(text === new TextDecoder().decode(bytes), `${name}, ${size} bytes, ${offsets}`);
      }
    }
  }
});

test("a middleware that replaces the reading of the input is heard", async () => {
  const byStream = (request: Request) => new Response(request.body).text();
  for (const read of [(request: Request) => request.text(), byStream]) {
    const app = fromFetch(async (request) => new Response(await read(request)));
    await using client = testClient((environ, startResponse) => {
      const input = environ["wsgi.input"];
      const other = new TextEncoder().encode("other");
      Object.assign(input, {
        *read() {
          return other;
        },
        async *[Symbol.asyncIterator]() {
          yield other;
        },
      });
      return app(environ, startResponse);
    });
    assertEquals((await client.post("/", { body: "given" })).text, "other");
  }
});

test("a request without a body has none", async () => {
  await using client = clientOf(async (request) =>
    Response.json([request.body, await request.text(), request.bodyUsed])
  );
  assertEquals((await client.get("/")).json(), [null, "", false]);
});

function formOf(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

/** A byte stream that is closed before it is read. */
function byteStream(lengths: readonly number[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      for (const length of lengths) controller.enqueue(new Uint8Array(length));
      controller.close();
    },
  });
}

/** Bodies, and the beginning of the field of their framing. */
const FRAMINGS: Readonly<Record<string, readonly [() => Response, string]>> = {
  "a string": [() => new Response("abc"), "content-length: 3"],
  bytes: [() => new Response(new Uint8Array(3)), "content-length: 3"],
  "a long string": [() => new Response("x".repeat(200_000)), "content-length: 200000"],
  "a form": [() => new Response(new URLSearchParams({ a: "1" })), "content-length: 3"],
  JSON: [() => Response.json([1]), "content-length: 3"],
  "own fields": [() => new Response("a", { headers: { a: "b" } }), "content-length: 1"],
  "no body": [() => new Response(), "content-length: 0"],
  "an empty string": [() => new Response(""), "content-length: 0"],
  "the body of another response": [() => {
    const old = new Response("abc", { headers: { "X-A": "1" } });
    return new Response(old.body, old);
  }, "content-length: 3"],
  "several fields": [() => new Response(formOf({ a: "1", b: "2" })), "content-length: "],
  "a copy": [() => new Response("abc").clone(), "content-length: 3"],
  "a byte stream of one piece": [
    () => new Response(byteStream([3])),
    "content-length: 3",
  ],
  "a byte stream of two pieces": [() => new Response(byteStream([3, 2])), "content-length: 5"],
  "an empty byte stream": [() => new Response(byteStream([])), "content-length: 0"],
  "a byte stream that ends in its pull": [() => {
    const pull = (controller: ReadableByteStreamController) => {
      controller.enqueue(new Uint8Array(3));
      controller.close();
    };
    return new Response(new ReadableStream({ type: "bytes", pull }));
  }, "content-length: 3"],
  "a byte stream that waits": [() => {
    const pull = async (controller: ReadableByteStreamController) => {
      controller.enqueue(new Uint8Array(3));
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
      controller.close();
    };
    return new Response(new ReadableStream({ type: "bytes", pull }));
  }, "transfer-encoding: chunked"],
  "a long byte stream": [
    () => new Response(byteStream([60_000, 60_000, 1])),
    "transfer-encoding: chunked",
  ],
  "the field of a chunked body": [
    () => new Response("abc", { headers: { "Transfer-Encoding": "chunked" } }),
    "transfer-encoding: chunked",
  ],
  "a stream": [() => new Response(counted(2).stream), "transfer-encoding: chunked"],
  "a stream that has ended": [
    () => new Response(new Blob(["abc"]).stream().pipeThrough(new TransformStream())),
    "transfer-encoding: chunked",
  ],
  "a stream with a length": [
    () => new Response(counted(2).stream, { headers: { "Content-Length": "10" } }),
    "content-length: 10",
  ],
};

for (const [name, [make, framing]] of Object.entries(FRAMINGS)) {
  for (const delay of [0, 1]) {
    test(`a response with ${name}, ${delay} s after it was made`, async () => {
      await using client = clientOf(async (_request, { environ }) => {
        const response = make();
        await environ.cogen.run(Sleep(delay));
        return response;
      });
      const response = await client.get("/");
      const fields = response.rawHeaders.map(([key, value]) => `${key.toLowerCase()}: ${value}`);
      assert(fields.some((field) => field.startsWith(framing)), fields.join());
      const head = await client.head("/");
      assertEquals([head.status, head.bytes.length], [200, 0]);
      assertEquals(head.headers.get("transfer-encoding"), null);
    });
  }
}

test("status, phrase, fields and each Set-Cookie arrive", async () => {
  const headers = new Headers([["x-a", "1"], ["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  headers.append("x-a", "2");
  await using client = clientOf(() =>
    new Response("a", { status: 299, statusText: "Fine", headers })
  );
  const response = await client.get("/");
  assertEquals([response.status, response.reason], [299, "Fine"]);
  assertEquals(response.headers.get("x-a"), "1, 2");
  assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
});

test("a string has its media type, and bytes that are no text have none", async () => {
  const long = "é".repeat(5000);
  const bodies: Record<string, string | Uint8Array<ArrayBuffer>> = {
    "/text": "é",
    "/long": long,
    "/bytes": new Uint8Array([255]),
  };
  await using client = clientOf(({ url }) => new Response(bodies[new URL(url).pathname] ?? null));
  const typeOf = async (path: string) => (await client.get(path)).headers.get("content-type");
  assertEquals(await typeOf("/text"), "text/plain;charset=UTF-8");
  assertEquals(await typeOf("/long"), "text/plain;charset=UTF-8");
  assertEquals([await typeOf("/bytes"), await typeOf("/none")], [null, null]);
});

test("204 and 304 have no body", async () => {
  for (const status of [204, 304]) {
    await using client = clientOf(() => new Response(null, { status }));
    const response = await client.get("/");
    assertEquals([response.status, response.headers.get("content-length")], [status, null]);
  }
});

test("a 204 and a 205 have the framing of the server, whatever length an upstream gave them", async () => {
  for (const [status, length] of [[204, null], [205, "0"]] as const) {
    for (const given of ["0", "5"]) {
      const headers = { "Content-Length": given, "X-A": "b" };
      await using client = clientOf(() => new Response(null, { status, headers }));
      const response = await client.delete("/");
      assertEquals([response.status, response.headers.get("content-length")], [status, length]);
      assertEquals(response.headers.get("x-a"), "b");
    }
  }
});

test("fields of the connection are left to the server", async () => {
  const headers = { Connection: "close", "Transfer-Encoding": "gzip, chunked", "Keep-Alive": "1" };
  await using client = clientOf(() => new Response("a", { headers }));
  const response = await client.get("/");
  const names = ["connection", "transfer-encoding", "keep-alive"];
  assertEquals(names.map((name) => response.headers.get(name)), ["close", "chunked", null]);
});

test("the fields of a Headers of a package may have upper case", async () => {
  const own = new Headers({ Connection: "keep-alive", "X-A": "b", "Set-Cookie": "c=1" });
  const headers = {
    get: (name: string) => own.get(name),
    forEach(see: (value: string, name: string) => void) {
      own.forEach((value, name) => see(value, name.toUpperCase()));
    },
  };
  await using client = clientOf(() => {
    const response = new Response("a");
    return Object.defineProperty(response, "headers", { value: headers });
  });
  const response = await client.get("/");
  const names = ["connection", "x-a", "set-cookie"];
  assertEquals(names.map((name) => response.headers.get(name)), [null, "b", "c=1"]);
});

const USED =
  "The fetch handler returned a Response whose body has been read or is locked: return response.clone()";

/** Handlers that fail, and the message that is reported. */
const FAULTS: Readonly<Record<string, readonly [() => Result, string]>> = {
  "a thrown error": [() => {
    throw new Error("thrown");
  }, "thrown"],
  "a rejection": [() => Promise.reject(new Error("rejected")), "rejected"],
  "Response.error()": [
    () => Response.error(),
    "The fetch handler returned Response.error()",
  ],
  "no response": [
    () => undefined as unknown as Response,
    "The result of a fetch handler is undefined: expected a Response",
  ],
  "the blocks of a WSGI app": [
    () => ["a block"] as unknown as Response,
    'The result of a fetch handler is ["a block"]: expected a Response; a WSGI app is served without fromFetch',
  ],
  "a response that was read": [
    async () => {
      const response = new Response("a");
      await response.text();
      return response;
    },
    USED,
  ],
  "a response that is locked": [
    () => {
      const response = new Response("a");
      response.body?.getReader();
      return response;
    },
    USED,
  ],
  "a stream that another reader has": [
    () => {
      const { stream } = counted(1);
      const response = new Response(stream);
      stream.getReader();
      return response;
    },
    USED,
  ],
};

for (const [name, [handler, message]] of Object.entries(FAULTS)) {
  test(`${name} is a 500, reported once`, async () => {
    await using client = clientOf(handler);
    assertEquals((await client.get("/")).status, 500);
    assertEquals(client.takeErrors().map((error) => (error as Error).message), [message]);
  });
}

test("a string has a length and a stream is chunked, whatever else the Response has", async () => {
  class OwnKind extends Response {
    readonly note = "a".repeat(100);
  }
  const kinds: Record<string, (body: BodyGiven, init: ResponseInit) => Response> = {
    plain: (body, init) => new Response(body, init),
    "a subclass": (body, init) => new OwnKind(body, init),
    "with members": (body, init) => {
      const members = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`member${i}`, i]));
      return Object.assign(new Response(body, init), members);
    },
    "with read headers": (body, init) => {
      const response = new Response(body, init);
      response.headers.set("x-b", "b".repeat(1000));
      return response;
    },
  };
  const inits: ResponseInit[] = [{}, { statusText: "Fine" }, { status: 404 }, {
    headers: { "x-a": "a".repeat(1000) },
  }];
  const big = "a".repeat(100_000);
  const bodies: [() => BodyGiven, string, string | null][] = [
    [() => "abc", "abc", "3"],
    [() => "\u00e9\u2603", "\u00e9\u2603", "5"],
    [() => new TextEncoder().encode("abc"), "abc", "3"],
    [() => big, big, String(big.length)],
    [() => streamed("abc"), "abc", null],
    [() => streamed(big), big, null],
  ];
  for (const [name, make] of Object.entries(kinds)) {
    for (const init of inits) {
      for (const [body, text, length] of bodies) {
        await using client = clientOf(() => make(body(), init));
        const response = await client.get("/");
        const label = `${name}, ${JSON.stringify(init)}, ${text.slice(0, 10)}`;
        assert(response.text === text, label);
        assertEquals(response.headers.get("content-length"), length, label);
      }
    }
  }
});

type BodyGiven = ConstructorParameters<typeof Response>[0];

function streamed(text: string): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

test("a Response of any kind is sent once", async () => {
  const kinds: readonly (() => Response)[] = [
    () => new Response("abc"),
    () => new Response(new Uint8Array(3)),
    () => new Response(new Blob(["abc"])),
    () => new Response(counted(1).stream),
  ];
  for (const make of kinds) {
    const response = make();
    await using client = clientOf(() => response);
    assertEquals((await client.get("/")).status, 200);
    assertEquals((await client.get("/")).status, 500);
    assertEquals(client.takeErrors().map((error) => (error as Error).message), [USED]);
  }
});

test("a Response without a body may be sent again", async () => {
  const response = new Response(null, { status: 204 });
  await using client = clientOf(() => response);
  assertEquals([(await client.get("/")).status, (await client.get("/")).status], [204, 204]);
});

test("a response with a field that is refused has its stream cancelled", async () => {
  const { counts, stream } = counted(3);
  await using client = clientOf(() => new Response(stream, { headers: { "Content-Length": "a" } }));
  assertEquals((await client.get("/")).status, 500);
  assertEquals([counts.cancels, client.takeErrors().length], [1, 1]);
});

test("something that is no handler is refused at once", () => {
  assertThrows(() => fromFetch(5 as unknown as FetchHandler), TypeError, "fetch");
  assertThrows(() => fromFetch({} as unknown as FetchHandler), TypeError, "fetch");
  class Router {
    fetch = () => new Response();
  }
  const advice = "is the class Router: expected a function (request, info) => Response, or an";
  const routerClass = Router as unknown as FetchHandler;
  const error = assertThrows(() => fromFetch(routerClass), TypeError, advice);
  assert(error.message.endsWith("; write new Router()"), error.message);
  const surplus = fromFetch as unknown as (...args: readonly unknown[]) => unknown;
  assertThrows(() => surplus(() => {}, { port: 80 }), TypeError, "Argument 2 of fromFetch");
});

test("an object with fetch keeps its this", async () => {
  class Greeter {
    readonly #name = "you";
    fetch() {
      return new Response(this.#name);
    }
  }
  await using client = testClient(fromFetch(new Greeter()));
  assertEquals((await client.get("/")).text, "you");
});

test("both bodies stream at the same time", async () => {
  await using client = clientOf((request) => new Response(request.body));
  const body = ["x".repeat(300_000), "end"];
  assertEquals((await client.post("/", { body })).text, body.join(""));
});

test("a slow client slows the stream down, and its end cancels the stream once", async () => {
  const { counts, stream } = counted(1_000_000);
  const signals: unknown[] = [];
  await using client = clientOf((request) => {
    request.signal.addEventListener("abort", () => signals.push(request.signal.reason));
    return new Response(stream);
  });
  const response = await client.open("/");
  await response.read(5);
  await response.stall();
  await client.settle();
  const { pulls } = counts;
  assert(pulls < 100_000, `${pulls}`);
  await response.disconnect("reset");
  await client.settle();
  assertEquals([counts.cancels, signals.length], [1, 1]);
  // Bun gives the reasons of two copies.
  const [reason] = [counts.reason].flat();
  assertEquals((reason as Error).name, "ClientDisconnected");
});

test("a client that leaves in the middle of its upload aborts the signal once", async () => {
  const seen: string[] = [];
  await using client = clientOf(async (request) => {
    request.signal.addEventListener("abort", () => seen.push("abort"));
    await request.text().catch((error) => seen.push((error as Error).name));
    return new Response("too late");
  });
  const upload = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf`;
  await client.raw(upload, { end: true });
  await client.settle();
  assertEquals(seen.toSorted(), ["ClientDisconnected", "abort"]);
});

test("a body that the handler does not await ends no process", async () => {
  const readers = ["text", "json", "arrayBuffer", "blob", "formData"] as const;
  for (const read of readers) {
    await using client = clientOf((request) => {
      // The client sends half of the body, or a body of another form.
      void request[read]();
      return new Response("early");
    });
    const { status } = await client.post("/", { body: "no JSON" });
    assertEquals([read, status], [read, 200]);
    await client.raw("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", { end: true });
    await client.settle();
  }
});

/** Sends a request whose handler sends 103 and waits; the client leaves at the first byte of that. */
async function leaveWaiting(client: TestClient): Promise<void> {
  const fault = { received: 1, then: "reset" } as const;
  await client.get("/", { fault }).catch(() => {});
  await client.settle();
}

test("a client that leaves while the handler waits aborts once, and the late stream is cancelled", async () => {
  const { counts, stream } = counted(3);
  const seen: string[] = [];
  let answer: (response: Response) => void = () => {};
  await using client = clientOf(({ signal }, info) => {
    signal.addEventListener("abort", () => seen.push((signal.reason as Error).name));
    info.inform(103, { Link: "</a.css>" });
    return new Promise<Response>((resolve) => answer = resolve);
  });
  await leaveWaiting(client);
  assertEquals(seen, ["ClientDisconnected"]);
  answer(new Response(stream));
  await client.settle();
  assertEquals([seen.length, counts.cancels], [1, 1]);
});

test("a handler that fails because its client has left is not reported", async () => {
  await using client = clientOf(({ signal }, info) => {
    info.inform(103, { Link: "</a.css>" });
    return new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  });
  await leaveWaiting(client);
  assertEquals(client.stats.activeRequests, 0);
});

test("the copy of a request has its signal", async () => {
  const seen: boolean[] = [];
  await using client = clientOf((request, info) => {
    const { signal } = request.clone();
    signal.addEventListener("abort", () => seen.push(request.signal.aborted));
    info.inform(103, { Link: "</a.css>" });
    return new Promise(() => {});
  });
  await leaveWaiting(client);
  assertEquals(seen, [true]);
});

test("the signal does not abort after a success", async () => {
  let signal: AbortSignal | undefined;
  await using client = clientOf((request) => {
    signal = request.signal;
    return new Response(counted(2).stream);
  });
  assertEquals((await client.get("/")).text, "piecepiece");
  await client.settle();
  assertEquals(signal?.aborted, false);
});

test("an error of the stream cuts the response", async () => {
  await using client = clientOf(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.error(new Error("broken stream"));
        },
      }),
    )
  );
  assertEquals((await client.get("/")).status, 500);
  assertEquals(client.takeErrors().map((error) => (error as Error).message), ["broken stream"]);
});

test("a stream that fails midway cuts the response, and is not cancelled", async () => {
  for (const delay of [0, 1]) {
    const events: string[] = [];
    await using client = clientOf((request, { environ }) => {
      request.signal.addEventListener("abort", () => events.push("abort"));
      let pulls = 0;
      return new Response(
        new ReadableStream({
          async pull(controller) {
            if (pulls++ === 0) return controller.enqueue(new TextEncoder().encode("part"));
            if (delay > 0) await environ.cogen.run(Sleep(delay));
            throw new Error("midway");
          },
          cancel: () => void events.push("cancel"),
        }, { highWaterMark: 0 }),
      );
    });
    const response = await client.get("/").then(() => "whole", () => "cut");
    assertEquals([response, ...events], ["cut"]);
    assertEquals(client.takeErrors().map((error) => (error as Error).message), ["midway"]);
  }
});

test("a piece that is no bytes is an error with a name", async () => {
  await using client = clientOf(() =>
    new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(5 as unknown as Uint8Array);
        },
      }),
    )
  );
  assertEquals((await client.get("/")).status, 500);
  const [error] = client.takeErrors();
  assertEquals((error as Error).name, "TypeError");
});

test("HEAD of a stream reads nothing of it, and cancels it once", async () => {
  const { counts, stream } = counted(1_000_000);
  await using client = clientOf(() => new Response(stream, { headers: { "Content-Length": "9" } }));
  const response = await client.head("/");
  assertEquals([response.headers.get("content-length"), response.bytes.length], ["9", 0]);
  await client.settle();
  assertEquals(counts.cancels, 1);
});

test("the stream of a late answer is cancelled once after the client has left, for GET and HEAD", async () => {
  for (const method of ["GET", "HEAD"]) {
    const { counts, stream } = counted(1_000_000);
    let answer = (_response: Response) => {};
    const answered = new Promise<Response>((resolve) => answer = resolve);
    const stage = await serving(fromFetch(() => answered));
    const client = stage.ask(requestText(method, "/"));
    client.destroy();
    await stage.settle();
    answer(new Response(stream));
    await stage.settle();
    assertEquals([method, counts.cancels], [method, 1]);
    await stage.finish();
  }
});

test("a body that the handler does not read is dropped, and the connection goes on", async () => {
  await using client = clientOf(() => new Response("a"));
  assertEquals((await client.post("/", { body: "unread" })).text, "a");
  assertEquals((await client.get("/")).text, "a");
  assertEquals(client.stats.connections, 1);
});

test("info has the address, informs, and keeps work after the response", async () => {
  const done: string[] = [];
  await using client = clientOf((_request, info) => {
    info.inform(103, { Link: "</a.css>" });
    info.waitUntil(Promise.resolve().then(() => done.push("done")));
    info.waitUntil(Promise.reject(new Error("late")));
    return Response.json(info.remoteAddr);
  });
  const response = await client.get("/");
  await client.settle();
  assertEquals(response.json().transport, "tcp");
  assertEquals(response.informational.map(({ status }) => status), [103]);
  assertEquals(done, ["done"]);
  assertEquals(client.takeErrors().map((error) => (error as Error).message), ["late"]);
});

test("a promise of waitUntil is no unhandled rejection on a busy server, where the host has a turn before", async () => {
  const clock = new WorkingClock();
  const app = fromFetch((_request, info) => {
    clock.work(1000);
    info.waitUntil(Promise.reject(new Error("at once")));
    return new Response("answered");
  });
  const stage = await serving(app, { clock });
  const client = stage.connect().send(get("/"));
  for (let turn = 0; turn < 5; turn++) {
    clock.turn();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assertEquals(client.response().body, "answered");
  assertMatch(stage.takeLog().join("\n"), /^GET \/ failed: Error: at once/);
  await stage.finish();
});

test("trailers follow a stream", async () => {
  await using client = clientOf((_request, info) => {
    const { stream } = counted(1);
    const body = stream.pipeThrough(
      new TransformStream({ flush: () => info.setTrailers({ "X-Sum": "5" }) }),
    );
    return new Response(body, { headers: { Trailer: "X-Sum" } });
  });
  const response = await client.get("/");
  assertEquals([response.text, response.trailers.get("x-sum")], ["piece", "5"]);
});

test("an upgrade takes the connection over", async () => {
  await using client = clientOf((_request, info) =>
    info.upgrade({ Upgrade: "echo" }, (socket) => {
      socket.write(new TextEncoder().encode("taken"));
      socket.endWrite();
      return { onData() {}, onEnd: () => socket.destroy(), onDrain() {}, onClose() {} };
    })
  );
  const { text } = await client.raw(
    "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
  );
  assert(text.startsWith("HTTP/1.1 101 ") && text.endsWith("\r\n\r\ntaken"), text);
});

test("TRACE and the asterisk form have a request, too", async () => {
  await using client = clientOf(({ method, url }) => new Response(`${method} ${url}`));
  assertEquals((await client.request("TRACE", "/")).text, "TRACE http://localhost/");
  assertEquals((await client.request("OPTIONS", "*")).text, "OPTIONS http://localhost/*");
});
