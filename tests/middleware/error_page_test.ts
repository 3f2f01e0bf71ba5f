/** The pages of `errorPage`, and the errors that the server gets. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { errorPage } from "../../src/middleware/mod.ts";
import { get, serving } from "../support/serving.ts";
import { PLAIN, settle, sorry, throwing } from "./answering.ts";

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

/** The errors that the server gets if `page` fails; the client gets a plain 500. */
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

test("errorPage refuses a page in a promise, and the rejection of the promise ends no process", async () => {
  const page = () => Promise.reject(new Error("of the page")) as never;
  const stage = await serving(errorPage(throwing, page));
  const client = stage.ask(get("/x"));
  await settle(stage);
  assertEquals(client.response().status, "500 Internal Server Error");
  const log = stage.takeLog().join("\n");
  assertStringIncludes(log, "page of errorPage gave a promise: expected { status, headers, body }");
  await stage.finish();
});
