/** `fromFetch` with the responses of `fetch`: the framing and the fields of what a proxy passes on. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { serve } from "../../mod.ts";
import { fromFetch } from "../../src/fetch/mod.ts";
import { testClient, type TestResponse } from "../../src/testing/mod.ts";
import type { GeneratorApp } from "../../src/wsgi/mod.ts";

const TYPE: [string, string] = ["Content-Type", "text/plain"];

/** The server behind the proxy. */
const upstream: GeneratorApp = function* (environ, startResponse) {
  const isCoded = environ.PATH_INFO === "/gzip";
  startResponse("200 OK", isCoded ? [TYPE, ["Content-Encoding", "gzip"]] : [TYPE]);
  if (isCoded) return gzipSync("hello ".repeat(100));
  if (environ.PATH_INFO === "/chunked") yield "hel";
  return "lo";
};

/** A new response without the fields of a fetched one, at once and when the body has come. */
const WITHOUT_FIELDS: readonly ((fetched: Response) => Response | Promise<Response>)[] = [
  ({ body }) => new Response(body),
  async (fetched) => new Response(await later(fetched.body)),
  async (fetched) => new Response((await later(fetched)).body),
  async (fetched) => new Response(new Response(await later(fetched.body)).body),
  async (fetched) => new Response((await later(fetched.clone())).body),
  async ({ body }) => {
    const [copy, other] = (body as ReadableStream<Uint8Array<ArrayBuffer>>).tee();
    void other.cancel();
    return new Response(await later(copy));
  },
];

/**
 * Fetches, and keeps the response: Node cancels the body of a response that nothing refers to, also when another
 * response has that body.
 */
async function fetchKept(kept: Response[], address: URL): Promise<Response> {
  const fetched = await fetch(address);
  kept.push(fetched);
  return fetched;
}

/** Gives a value after some time, in which a body arrives. */
async function later<T>(value: T): Promise<T> {
  await new Promise((resolve) => setTimeout(resolve, 20));
  return value;
}

/** The framing of the fetched body of a path that each of the handlers passes on. */
async function framingsWithout(
  path: string,
  ...handlers: typeof WITHOUT_FIELDS
): Promise<(string | null)[]> {
  await using server = await serve({ wsgiApp: upstream, bindAddr: ["127.0.0.1", 0] });
  const framings: (string | null)[] = [];
  const kept: Response[] = [];
  for (const handler of handlers) {
    await using client = testClient(
      fromFetch(async () => handler(await fetchKept(kept, new URL(path, server.url)))),
    );
    const { headers } = await client.get("/");
    framings.push(headers.get("transfer-encoding"));
  }
  assertEquals(kept.length, handlers.length);
  return framings;
}

/** The answers to a path, passed on by each handler. */
async function passedOn(path: string): Promise<TestResponse[]> {
  await using server = await serve({ wsgiApp: upstream, bindAddr: ["127.0.0.1", 0] });
  const kept: Response[] = [];
  const whole = () => fetchKept(kept, new URL(path, server.url));
  const again = async () => {
    const fetched = await whole();
    const headers = new Headers(fetched.headers);
    if (headers.has("Content-Encoding")) {
      headers.delete("Content-Encoding");
      headers.delete("Content-Length");
    }
    return new Response(fetched.body, { status: fetched.status, headers });
  };
  const late = async () => {
    // The body may arrive before it is read.
    return await later(await again());
  };
  const answers: TestResponse[] = [];
  for (const handler of [whole, again, late]) {
    await using client = testClient(fromFetch(handler));
    answers.push(await client.get("/"));
  }
  assertEquals(kept.length, answers.length);
  return answers;
}

function framingOf({ headers, text }: TestResponse): (string | null)[] {
  const names = ["content-length", "transfer-encoding", "content-encoding", "content-type"];
  return [...names.map((name) => headers.get(name)), text];
}

test("a response with a length keeps it", async () => {
  for (const answer of await passedOn("/")) {
    assertEquals(framingOf(answer), ["2", null, null, "text/plain", "lo"]);
  }
});

test("a chunked response is chunked, however long it waits", async () => {
  for (const answer of await passedOn("/chunked")) {
    assertEquals(framingOf(answer), [null, "chunked", null, "text/plain", "hello"]);
  }
});

test("a response that fetch has decoded is sent without its coding", async () => {
  const [whole] = await passedOn("/gzip");
  const expected = [null, "chunked", null, "text/plain", "hello ".repeat(100)];
  assertEquals(framingOf(whole as TestResponse), expected);
});

// On Bun, nothing tells a fetched stream that has ended from the stream of a string.
const skip = "Bun" in globalThis;

test("a fetched body without its fields is chunked, however early it comes", { skip }, async () => {
  for (const path of ["/", "/chunked"]) {
    const framings = await framingsWithout(path, ...WITHOUT_FIELDS);
    assertEquals(framings, WITHOUT_FIELDS.map(() => "chunked"));
  }
});

test("Transfer-Encoding makes a fetched body a stream on each runtime", async () => {
  const headers = { "Transfer-Encoding": "chunked" };
  const handler = async ({ body }: Response) => new Response(await later(body), { headers });
  assertEquals(await framingsWithout("/", handler), ["chunked"]);
});
