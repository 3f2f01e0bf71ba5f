import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { checkLayering } from "./layering.ts";
import { publishedSources, readText } from "../sources.ts";

test("every published source keeps to its layer", () => {
  const sources = publishedSources();
  assert(sources.length > 10, "the sources were not found");
  assertEquals(sources.flatMap((path) => checkLayering(path, readText(path))), []);
});

/** Path, source, and a part of each expected complaint. */
const SAMPLES: readonly (readonly [string, string, readonly string[]])[] = [
  ["src/http/a.ts", `import { b } from "./b.ts";`, []],
  ["src/http/a.ts", `import { C } from "../coroutine/mod.ts";`, ["src/coroutine/mod.ts"]],
  ["src/http/a.ts", `import type { C } from "../coroutine/mod.ts";`, ["src/coroutine/mod.ts"]],
  ["src/http/a.ts", `import {\n  one,\n} from "../wsgi/mod.ts";`, ["src/wsgi/mod.ts"]],
  ["src/http/a.ts", `export * from "../server/socket.ts";`, ["src/server/socket.ts"]],
  ["src/http/a.ts", `import "node:net";`, ["node:net"]],
  ["src/http/a.ts", `import { x } from "@std/assert";`, ["@std/assert"]],
  ["src/http/a.ts", `type C = import("../coroutine/mod.ts").C;`, ["src/coroutine/mod.ts"]],
  ["src/coroutine/a.ts", `import { h } from "../http/mod.ts";`, ["src/http/mod.ts"]],
  ["src/coroutine/a.ts", `import { h } from "../coroutine/b.ts";`, []],
  ["src/coroutine/a.ts", `const m = await import("../http/mod.ts");`, ["src/http/mod.ts"]],
  ["src/wsgi/a.ts", `import { C } from "../coroutine/mod.ts"; import "../http/mod.ts";`, []],
  ["src/wsgi/a.ts", `import { s } from "../server/mod.ts";`, ["src/server/mod.ts"]],
  ["src/server/a.ts", `import { s } from "../wsgi/mod.ts";`, []],
  ["src/server/a.ts", `import { n } from "../../adapters/node.ts";`, ["adapters/node.ts"]],
  ["adapters/bun.ts", `import type { Socket } from "../src/socket/mod.ts";`, []],
  ["adapters/bun.ts", `import { I } from "../src/socket/inbound.ts";`, ["src/socket/inbound.ts"]],
  ["adapters/bun.ts", `import { createServer } from "node:net";`, ["node:net"]],
  ["adapters/bun.ts", `import { h } from "../src/http/mod.ts";`, ["src/http/mod.ts"]],
  ["adapters/node.ts", `import { createServer } from "node:net";`, []],
  ["src/socket/a.ts", `import { s } from "../coroutine/mod.ts";`, []],
  ["src/socket/a.ts", `import { s } from "../wsgi/mod.ts";`, ["src/wsgi/mod.ts"]],
  ["src/middleware/a.ts", `import { s } from "../wsgi/mod.ts";`, []],
  ["src/middleware/a.ts", `import { s } from "./b.ts";`, []],
  ["src/middleware/a.ts", `import { s } from "../wsgi/app.ts";`, ["src/wsgi/app.ts"]],
  ["src/middleware/a.ts", `import { s } from "../server/mod.ts";`, ["src/server/mod.ts"]],
  ["src/middleware/compress/zlib.ts", `import * as zlib from "node:zlib";`, []],
  ["src/middleware/compress/zlib.ts", `import { C } from "./a.ts";`, ["compress/a.ts"]],
  ["src/middleware/compress/zlib.ts", `import "node:zlibrary";`, ["node:zlibrary"]],
  ["src/middleware/compress/zlib.ts", `import "node:fs";`, ["node:fs"]],
  ["src/middleware/compress/zlib.ts", `const b = Buffer.from("x");`, ["Buffer"]],
  ["src/middleware/compress/a.ts", `import * as zlib from "node:zlib";`, ["node:zlib"]],
  ["src/middleware/compress/a.ts", `import { Encoder } from "./zlib.ts";`, []],
  ["src/wsgi/a.ts", `import { s } from "../middleware/mod.ts";`, ["src/middleware/mod.ts"]],
  ["mod.ts", `const { nodeAdapter } = await import("./adapters/node.ts");`, []],
  ["src/other/a.ts", ``, ["no layer"]],
  ["src/server/a.ts", `console.log("x");`, ["console"]],
  ["src/server/a.ts", `const n = process.pid;`, ["process"]],
  ["src/server/a.ts", `const n = \`\${Deno.pid}\`;`, ["Deno"]],
  ["src/server/a.ts", `const b = Buffer.from("x"); Bun.sleep(1);`, ["Buffer", "Bun"]],
  ["src/server/a.ts", `const t = setTimeout(f, 1);`, ["setTimeout"]],
  ["src/server/a.ts", `const t = globalThis.process;`, ["globalThis"]],
  ["src/server/a.ts", `type T = typeof globalThis extends { A: unknown } ? 1 : 2;`, []],
  ["src/server/a.ts", `// Bun and process write console lines; from "node:fs"\nconst a = 1;`, []],
  ["src/server/a.ts", `/* Deno.listen */ throw new Error("process gone");`, []],
  ["src/server/a.ts", `this.process(); this.#process(); const o = { process: 1 };`, []],
];

for (const [path, source, expected] of SAMPLES) {
  const verdict = expected.length === 0 ? "allows" : "rejects";
  test(`${verdict} in ${path}: ${source.replaceAll("\n", " ")}`, () => {
    const found = checkLayering(path, source);
    assertEquals(found.length, expected.length, found.join("\n"));
    expected.forEach((part, index) => assert(found[index]?.includes(part), found[index]));
  });
}
