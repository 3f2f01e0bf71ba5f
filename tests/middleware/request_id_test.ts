/** The ids of `requestId`: taken if they are harmless, else made; in the response and in the error log. */

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { requestId, type RequestIdOptions } from "../../src/middleware/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import { HTTPException, type WSGIApp, WSGIPathInfoDispatcher } from "../../src/wsgi/mod.ts";
import { PLAIN } from "./answering.ts";

const telling: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return [String(environ.cogen.requestId)];
};

async function idOf(given: string | undefined, options: RequestIdOptions = {}): Promise<string> {
  await using client = testClient(requestId(telling, options));
  const headers: Record<string, string> = given === undefined ? {} : { "X-Request-Id": given };
  const { text, headers: answered } = await client.get("/", { headers });
  assertEquals(answered.get("x-request-id"), text);
  return text;
}

test("a short id of harmless characters is taken from the request", async () => {
  for (const id of ["a", "4f3-_.~+/=:@Z", "x".repeat(64)]) assertEquals(await idOf(id), id);
});

test("an id is made for a request that has none, or one that could do harm", async () => {
  const made = new Set<string>();
  for (
    const id of [
      undefined,
      "",
      "x".repeat(65),
      "a b",
      'a"',
      "a\\",
      "a,b",
      "\xe9",
      "a\tb",
      "{}",
      "%0a",
    ]
  ) {
    const text = await idOf(id);
    assertMatch(text, /^[0-9a-f]{32}$/);
    made.add(text);
  }
  assertEquals(made.size, 11);
});

test("ids are always made if the option says so, by the function that is given", async () => {
  assertMatch(await idOf("a", { fromRequest: false }), /^[0-9a-f]{32}$/);
  assertEquals(await idOf(undefined, { make: () => "m-1" }), "m-1");
  await assertRejects(async () => await idOf(undefined, { make: () => "a b" }));
});

test("an id that the app sends stays, and an id reaches apps behind a mount", async () => {
  const own: WSGIApp = (_environ, startResponse) => {
    startResponse("200 OK", [...PLAIN, ["x-request-id", "own"]]);
    return [];
  };
  const mounts = WSGIPathInfoDispatcher({ "/own": own, "/": telling });
  await using client = testClient(requestId(mounts));
  const headers = { "X-Request-Id": "r-1" };
  const answer = await client.get("/own", { headers });
  assertEquals(answer.rawHeaders.filter(([name]) => /request-id/i.test(name)), [
    ["x-request-id", "own"],
  ]);
  assertEquals((await client.get("/a", { headers })).text, "r-1");
});

test("the entry of an error has the id of its request", async () => {
  const log: string[] = [];
  const wsgiApp = requestId(() => {
    throw new Error("broken");
  });
  await using client = testClient({ wsgiApp, log: (line: string) => log.push(line) });
  await client.get("/a", { headers: { "X-Request-Id": "r-1" } });
  client.takeErrors();
  assertStringIncludes(log.join("\n"), "GET /a (request r-1) failed: Error: broken");
});

test("an answer of the server in place of the app's has the id", async () => {
  const apps: Readonly<Record<string, WSGIApp>> = {
    "500": () => {
      throw new Error("broken");
    },
    "418": () => {
      throw new HTTPException(418);
    },
    "503": function* (environ) {
      yield* environ.cogen.wait(Sleep(1000));
    },
    "413": async (environ) => [await environ.cogen.run(environ["wsgi.input"].read())],
  };
  for (const [status, app] of Object.entries(apps)) {
    const wsgiApp = requestId(app);
    const limits = { maxBodyBytes: 5 };
    await using client = testClient({ wsgiApp, timeouts: { request: 5 }, limits });
    const answer = await client.post("/", {
      headers: { "X-Request-Id": "r-1" },
      body: BODIES[status] ?? "",
    });
    assertEquals([String(answer.status), answer.headers.get("X-Request-Id")], [status, "r-1"]);
    client.takeErrors();
  }
});

/** The bodies are sent in pieces, so that the app begins before their end. */
const BODIES: Readonly<Record<string, readonly string[]>> = { "413": ["abc", "def"] };

test("an app may put any value in the place of the id, and its request still ends", async () => {
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const nameless = {
    toString() {
      throw new Error("no text");
    },
  };
  const values = [
    Symbol("id"),
    nameless,
    Object.create(null),
    revoked.proxy,
    "a\r\nb: c",
    "x".repeat(1000),
  ];
  const setters: ((cogen: object) => void)[] = values.map((value) => (cogen) => {
    Object.assign(cogen, { requestId: value });
  });
  setters.push((cogen) => {
    Object.defineProperty(cogen, "requestId", {
      get() {
        throw new Error("no id");
      },
    });
  });
  for (const logFormat of ["text", "json"] as const) {
    for (const set of setters) {
      const wsgiApp: WSGIApp = ({ cogen }) => {
        set(cogen);
        throw new Error("broken");
      };
      await using client = testClient({ wsgiApp, logFormat });
      const { status, headers } = await client.get("/");
      assertEquals([status, headers.get("X-Request-Id")], [500, null]);
      assertEquals([client.log.length, client.takeErrors().length], [1, 1]);
      assertEquals(client.stats.activeRequests, 0);
    }
  }
});
