/** The requests that run, and each response at the end of its app. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { AddCoro, Sleep, WaitForSignal } from "../../../src/coroutine/mod.ts";
import type { ServedResponse } from "../../../src/server/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, post, type Serving, serving } from "../../support/serving.ts";

const app: WSGIApp = function* app(environ, startResponse) {
  if (environ.PATH_INFO === "/fail") throw new Error("planned");
  if (environ.PATH_INFO === "/read") yield* environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  yield "hello";
  yield* environ.cogen.wait(AddCoro(function* child() {
    yield* WaitForSignal("child");
  }));
  try {
    yield* environ.cogen.wait(Sleep(10));
  } finally {
    if (environ.PATH_INFO === "/close") yield Sleep(1);
  }
};

async function* asyncApp(...[environ, startResponse]: Parameters<WSGIApp>) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  yield "hello";
  await environ.cogen.run(Sleep(10));
}

/** Ends the coroutines that the apps have left behind. */
function cancelChildren({ server }: Serving): void {
  for (const task of server.scheduler.tasks()) if (task.name === "child") task.cancel();
}

test("each request is listed while its app runs, oldest first", async () => {
  const stage = await serving({ "/": app, "/async": asyncApp });
  stage.ask(post("/read?x", "abcde").slice(0, -2));
  stage.run(1000);
  stage.ask(get("/"));
  stage.ask(get("/async"));
  await stage.settle(500);
  const [reading, waiting, running] = stage.server.requests();
  const { client, tasks, ...rest } = reading!;
  assertEquals(rest, {
    ...{ method: "POST", target: "/read?x", app: "app", connection: "body", ageMs: 1500 },
    ...{ status: undefined, receivedBytes: 3, sentBytes: 0, scheme: "http" },
  });
  assertEquals([client.split(":")[0], tasks.length], ["127.0.0.1", 1]);
  const { connection, ageMs, status, sentBytes } = waiting!;
  assertEquals([connection, ageMs, status, sentBytes], ["read", 500, 200, 5]);
  assertEquals(waiting!.tasks.map(({ waitsFor }) => waitsFor), ["Sleep"]);
  assertEquals(running!.tasks.map(({ waitsFor }) => waitsFor), ["until", "Sleep"]);
  const child = [...stage.server.scheduler.tasks()].find(({ name }) => name === "child");
  assertEquals(child?.parent, waiting!.tasks[0]);
  cancelChildren(stage);
  await stage.finish();
  assertEquals(stage.server.requests(), []);
});

test("a request whose client has left is listed until its app is closed", async () => {
  const stage = await serving(app);
  const client = stage.ask(get("/close"));
  client.destroy();
  stage.run();
  assertEquals(stage.server.requests().map(({ connection }) => connection), ["gone"]);
  stage.run(1000);
  assertEquals(stage.server.requests(), []);
  cancelChildren(stage);
  await stage.finish();
});

test("each response is told at the end of its app", async () => {
  const seen: ServedResponse[] = [];
  const stage = await serving(app, { timeouts: { request: 60 } });
  const end = stage.server.onResponse((response) => void seen.push(response));
  stage.server.onResponse(() => {
    throw new Error("a listener");
  });
  stage.ask(get("/fail"));
  stage.ask(get("/")).destroy();
  stage.ask(get("/", "Connection: close"));
  stage.run(10_000);
  assertEquals(
    seen,
    [
      [500, "5xx", 0, "/fail"] as const,
      [200, "left", 0, "/"] as const,
      [200, "2xx", 10_000, "/"] as const,
    ].map(([status, kind, durationMs, target]) => ({
      ...{ method: "GET", target, scheme: "http", minorVersion: 1, status, kind, durationMs },
    })),
  );
  end();
  stage.ask(get("/fail"));
  assertEquals(seen.length, 3);
  const log = stage.takeLog().join("\n");
  assertEquals(log.split("a listener").length - 1, 4);
  cancelChildren(stage);
  await stage.finish();
});

test("a listener that is no function is an error", async () => {
  const stage = await serving(app);
  assertThrows(
    () => stage.server.onResponse("log" as never),
    TypeError,
    "The listener of onResponse is",
  );
  await stage.finish();
});
