/** The programs of the README that export an app or a middleware: they run as they stand there. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { assertEquals, assertMatch } from "@std/assert";
import { type Middleware, serve, Signal, Sleep, type WSGIApp } from "../../mod.ts";
import { readJson, readText } from "../tools/gates/sources.ts";

const { exports } = readJson("deno.json") as { exports: Record<string, string> };

/** Imports the program that exports `name`, with this checkout in place of the package. */
async function program(name: string): Promise<unknown> {
  const blocks = [...readText("README.md").matchAll(/^```ts\n([\s\S]*?)^```/gm)];
  const found = blocks.map(([, text = ""]) => text)
    .filter((text) => new RegExp(`^export (?:const|function\\*?) ${name}\\b`, "m").test(text));
  assertEquals(found.length, 1, `programs that export ${name}`);
  const source = (found[0] as string).replace(/"@x\/cogen-wsgi([^"]*)"/g, (_match, path) => {
    return JSON.stringify(new URL(`../../${exports[`.${path}`]}`, import.meta.url).href);
  });
  const directory = mkdtempSync(join(tmpdir(), "readme-"));
  try {
    const file = join(directory, `${name}.mts`);
    writeFileSync(file, source);
    return (await import(pathToFileURL(file).href) as Record<string, unknown>)[name];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function bodyOf(wsgiApp: WSGIApp, init: RequestInit = {}): Promise<string> {
  await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp });
  return await (await fetch(server.url, init)).text();
}

const APPS: readonly WSGIApp[] = [
  (_environ, startResponse) => {
    startResponse("200 OK", []);
    return ["a", "b"];
  },
  function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield* environ.cogen.wait(Sleep(0.001));
    return "ab";
  },
  async function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield "a";
    await environ.cogen.run(Sleep(0.001));
    yield "b";
  },
];

test("the middleware runs apps of any kind", async (t) => {
  const timed = await program("timed") as Middleware;
  const lines = t.mock.method(console, "log", () => {});
  for (const app of APPS) assertEquals(await bodyOf(timed(app)), "ab");
  assertEquals(lines.mock.callCount(), APPS.length);
  for (const { arguments: line } of lines.mock.calls) assertMatch(line.join(" "), /^\/: \d+ ms$/);
});

test("the app waits in both styles", async () => {
  const app = await program("app") as WSGIApp;
  const body = await bodyOf((environ, startResponse) => {
    environ.cogen.scheduler.add(function* () {
      yield* Signal("news", "good", { recipients: 1 });
    });
    return app(environ, startResponse);
  }, { method: "POST", body: "1234" });
  assertEquals(body, "good, and 4 bytes from you\n");
});

test("a key of the environ has the type of the app", async () => {
  const greeting = await program("greeting") as WSGIApp;
  assertEquals(await bodyOf(greeting), "Hello, guest\n");
  const named: WSGIApp = (environ, startResponse) =>
    greeting({ ...environ, "accounts.user": { name: "Ada" } }, startResponse);
  assertEquals(await bodyOf(named), "Hello, Ada\n");
});

test("the middleware of compress runs", async () => {
  const compressed = await program("compressed") as Middleware;
  assertEquals(await bodyOf(compressed(APPS[0] as WSGIApp)), "ab");
});
