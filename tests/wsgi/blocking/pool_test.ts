/** The threads of a pool: the queue, deadlines, the death of a thread, modules that cannot be loaded. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import { after, test } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { blocking } from "../../../src/blocking/mod.ts";
import { type TestClient, testClient } from "../../../src/testing/mod.ts";
import { moduleAddress } from "../../tools/gates/compiled/sources.ts";
import { get, serving } from "../../support/serving.ts";
import { programArguments, type Runtime } from "../../tools/runtimes.ts";

const APPS = moduleAddress("tests/wsgi/blocking/apps.ts");
const app = blocking(APPS, { threads: 1, queue: 1, deadline: 5 });
after(() => app.close());

/** Lets the threads and the server go on until a condition holds. */
async function until(client: TestClient, reached: () => boolean): Promise<void> {
  while (!reached()) {
    await client.settle();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** A body that waits in the middle, and the function that ends the wait. */
function openBody(last = "") {
  let end = () => {};
  const ended = new Promise<void>((resolve) => end = resolve);
  async function* body() {
    yield "begun";
    await ended;
    if (last !== "") yield last;
  }
  return { body: body(), end };
}

test("a full queue is a 503 with Retry-After, and a request that leaves the queue takes no thread", async () => {
  await using client = testClient(app, { autojump: false });
  const { body, end } = openBody();
  const first = client.post("/echo", { body });
  await until(client, () => app.stats().busy === 1);
  const long = openBody("x".repeat(10_000));
  const fault = { sent: 5000, then: "reset" } as const;
  const second = client.post("/echo", { body: long.body, fault }).catch(() => {});
  await until(client, () => app.stats().queued === 1);
  const third = await client.get("/echo");
  assertEquals([third.status, third.headers.get("retry-after")], [503, "1"]);
  assertEquals(app.stats().refused, 1);
  long.end();
  await second;
  await until(client, () => app.stats().queued === 0);
  end();
  assertEquals((await first).text, "begun");
  assertEquals(app.stats().served, 1);
});

test("the threads are in the stats of the server", async () => {
  await using own = blocking(APPS, { threads: 2 });
  const stage = await serving(own);
  assertEquals(stage.server.stats().threads, undefined);
  stage.ask(get("/echo"));
  assertEquals(stage.server.stats().threads, {
    ...{ threads: 1, busy: 0, queued: 1 },
    ...{ refused: 0, expired: 0, died: 0, lost: 0 },
  });
  await own.close();
  assertEquals(stage.server.stats().threads, undefined);
  await stage.settle();
  stage.takeLog();
  await stage.finish();
});

test("an app that waits for its client is ended at the deadline; the log has its stack", async () => {
  let reads = 0;
  await using client = testClient((environ, startResponse) => {
    const pieces = environ["wsgi.input"][Symbol.asyncIterator]();
    const counted = { next: () => (reads++, pieces.next()), [Symbol.asyncIterator]: () => counted };
    environ["wsgi.input"] = counted as never;
    return app(environ, startResponse);
  }, { autojump: false });
  const { body, end } = openBody();
  const response = client.post("/echo", { body }).catch((error) => error);
  await until(client, () => reads === 2);
  await client.advance(5);
  await until(client, () => app.stats().busy === 0);
  await client.settle();
  end();
  assertEquals((await response).status, 500);
  assertEquals((client.takeErrors()[0] as Error).name, "BlockingDeadline");
  assertStringIncludes(client.log.join("\n"), "blocking/apps.");
  assertEquals([app.stats().expired, app.stats().threads], [1, 1]);
});

test("a thread that computes beyond the deadline is replaced", async () => {
  await using client = testClient(app, { autojump: false });
  const before = app.stats();
  // Deno cannot end it.
  const response = client.get("/computes?1500");
  await until(client, () => app.stats().busy === 1);
  await client.settle();
  await client.advance(5);
  assertEquals((await response).status, 500);
  assertEquals((client.takeErrors()[0] as Error).name, "BlockingDeadline");
  // The debugger of Node shows the stack, unless the machine is too slow for it.
  assertMatch(client.log.join("\n"), /blocking\/apps\.|unknown place/);
  assertEquals((await client.post("/echo", { body: "next" })).text, "next");
  const { expired, lost } = app.stats();
  const isDeno = process.versions["deno"] !== undefined;
  assertEquals([expired - before.expired, lost - before.lost], [1, isDeno ? 1 : 0]);
});

test("the request of a thread that ends is a 500, and another thread serves the next one", async () => {
  await using client = testClient(app, { autojump: false });
  const before = app.stats().died;
  assertEquals((await client.get("/exits?3")).status, 500);
  assertEquals((client.takeErrors()[0] as Error).name, "BlockingThreadDied");
  assertEquals((await client.post("/echo", { body: "next" })).text, "next");
  assertEquals(app.stats().died - before, 1);
});

test("a thread that ends by itself after its request is told of once", async () => {
  await using client = testClient(app, { autojump: false });
  // On a machine that is too slow, the response gets no further than the thread.
  assert([200, 500].includes((await client.get("/rejectsLater")).status));
  const errors: Error[] = [];
  while (errors.length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    errors.push(...client.takeErrors() as Error[]);
  }
  assertEquals(errors.map(({ name }) => name), ["BlockingThreadDied"]);
  assertStringIncludes(client.log.join(), "nothing has handled it");
  assertEquals((await client.post("/echo", { body: "next" })).text, "next");
});

test("a thread may end by any value", async () => {
  await using client = testClient(app, { autojump: false });
  const before = app.stats().died;
  // On a machine that is too slow, the response gets no further than the thread.
  assert([200, 500].includes((await client.get("/throwsLater")).status));
  await until(client, () => app.stats().died > before);
  const [error] = client.takeErrors() as Error[];
  assertEquals(error?.name, "BlockingThreadDied");
  assertEquals((await client.post("/echo", { body: "next" })).text, "next");
});

test("the messages of an app and its libraries mean nothing to the pool", async () => {
  await using posting = blocking(APPS, { threads: 1 });
  await using client = testClient(posting, { autojump: false });
  for (let count = 0; count < 3; count++) {
    assertEquals((await client.get("/posts")).text, "posted");
  }
  assertEquals([posting.stats().threads, posting.stats().died], [1, 0]);
});

test("an app that breaks the objects of its thread, so that it cannot tell its failure, is a 500", async () => {
  await using breaking = blocking(APPS, { threads: 1 });
  await using client = testClient(breaking, { autojump: false });
  assertEquals((await client.get("/breaks")).status, 500);
  assertStringIncludes((client.takeErrors()[0] as Error).message, "ended without a response");
  assertEquals(breaking.stats().expired, 0);
});

test("a module that cannot be loaded is a 500 with a named error, and is not loaded again at once", async () => {
  await using broken = blocking("data:text/javascript,throw new Error('broken module')", {
    threads: 2,
  });
  await using client = testClient(broken, { autojump: false });
  for (let count = 0; count < 3; count++) {
    assertEquals((await client.get("/")).status, 500);
    const [error] = client.takeErrors() as Error[];
    assertEquals(error?.name, "BlockingLoadError");
    assertStringIncludes(error?.message ?? "", "broken module");
    assertEquals(broken.stats().threads, 0);
  }
});

test("a module without an app, and the export that the hash names", async () => {
  const source = "data:text/javascript,export const one = (environ, startResponse) => {" +
    "startResponse('200 OK', []); return ['one'] }";
  await using unnamed = blocking(source);
  await using named = blocking(`${source}#one`);
  await using client = testClient({ wsgiApp: { "/named": named, "/unnamed": unnamed } }, {
    autojump: false,
  });
  assertEquals((await client.get("/named")).text, "one");
  assertEquals((await client.get("/unnamed")).status, 500);
  assertStringIncludes((client.takeErrors()[0] as Error).message, "the module exports one");
});

test("a thread that is not used ends after its idle time; a closed app answers 503", async () => {
  const source = "data:text/javascript,export default (environ, startResponse) => {" +
    "startResponse('200 OK', []); return ['one'] }";
  const short = blocking(source, { idle: { milliseconds: 1 } });
  await using client = testClient(short, { autojump: false });
  assertEquals((await client.get("/")).text, "one");
  await until(client, () => short.stats().threads === 0);
  await short.close();
  assertEquals((await client.get("/")).status, 503);
  assert(short.stats().refused === 1);
});

test("the process lives until its threads have ended, if it waits for that", async () => {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  const name = deno !== undefined ? "deno" : bun !== undefined ? "bun" : "node";
  const command = process.execPath;
  const file = fileURLToPath(new URL("./closing.ts", import.meta.url));
  const args = programArguments({ name, command, version: "" } satisfies Runtime, file);
  assertEquals((await promisify(execFile)(command, args)).stdout, "closed\n");
});
