import { test } from "node:test";
import { assertEquals } from "@std/assert";
import {
  commentComplaints,
  copyComplaints,
  lockComplaints,
  manifestComplaints,
  oldFunctionComplaints,
  registryComplaints,
} from "./text_rules.ts";

const NPM = { version: "1.2.3", exports: { ".": {}, "./http": {} } };
const DENO = { version: "1.2.3", exports: { ".": "./mod.ts", "./http": "./src/http/mod.ts" } };

test("rejects the host of a registry in any file", () => {
  for (const host of [["registry", "example", "org"], ["jsr", "io"]]) {
    const text = `see https://${host.join(".")}/x`;
    assertEquals(registryComplaints("README.md", text).length, 1, text);
  }
});

test("allows the names of packages, and other addresses", () => {
  const text = `import "jsr:@std/assert"; // npm:tsx, https://opencollective.com/esbuild`;
  assertEquals(registryComplaints("README.md", text), []);
});

test("rejects a copy of bytes that is a view of a Buffer", () => {
  assertEquals(copyComplaints("src/a.ts", "x;\nkeep(bytes.slice());"), [
    "src/a.ts:2: copies by slice(): write new Uint8Array(bytes), or [...items]",
  ]);
  assertEquals(copyComplaints("src/a.ts", " * bytes.slice()"), []);
  assertEquals(copyComplaints("tests/a.ts", "keep(bytes.slice());"), []);
});

test("rejects a function expression that is assigned to a property", () => {
  const assignments = [
    "this.#stop = () => 1;",
    "this.stop ??=\n  async (a) => a;",
    "return this.x.stop = (a, b) => {",
    'environ["a.b"] = function* () {',
    "o.f = a => a;",
  ];
  for (const code of assignments) {
    assertEquals(oldFunctionComplaints("src/a.ts", `x;\n  ${code}`), [
      "src/a.ts:2: assigns a function expression to a property: assign it to a constant first",
    ]);
    assertEquals(oldFunctionComplaints("src/cli/a.ts", code), []);
  }
  const others = [
    "const stop = () => 1;",
    "this.#stop = stop;",
    "this.y = (a + b) * f(() => 1);",
    "this.is = a.b >= c;",
    "  readonly #stop = () => 1;",
    "if (o.f === (a) => a) {}",
  ];
  for (const code of others) assertEquals(oldFunctionComplaints("src/a.ts", code), [], code);
});

test("rejects a long line of a comment, but no row of a table and no code", () => {
  const long = "a ".repeat(60);
  assertEquals(commentComplaints("a.ts", `/**\n * ${long}`), [
    "a.ts:2: a comment of 123 characters: at most 116",
  ]);
  for (const line of [` * | ${long}`, `call("${long}");`, ` * ${long.slice(0, 112)}`]) {
    assertEquals(commentComplaints("a.ts", line), []);
  }
  assertEquals(commentComplaints("a.md", ` * ${long}`), []);
});

test("rejects a lock file that says where a package comes from", () => {
  const packages = {
    "": {},
    "node_modules/local": { resolved: "tests/std/assert" },
    "node_modules/tsx": { version: "1.0.0" },
    "node_modules/bad": { version: "1.0.0", resolved: "https://example.org/bad.tgz" },
  };
  assertEquals(lockComplaints({ packages }), [
    "package-lock.json: node_modules/bad says where it comes from",
  ]);
});

test("allows manifests that agree", () => {
  const devDependencies = { tsx: "1.0.0", "@std/assert": "file:tests/std/assert" };
  assertEquals(manifestComplaints({ ...NPM, devDependencies }, DENO), []);
});

test("rejects two versions", () => {
  assertEquals(manifestComplaints(NPM, { ...DENO, version: "1.2.4" }), [
    "package.json is 1.2.3, deno.json is 1.2.4",
  ]);
});

test("rejects two lists of exports", () => {
  const exports = { ".": "./mod.ts" };
  assertEquals(manifestComplaints(NPM, { ...DENO, exports }), [
    "package.json and deno.json export different things",
  ]);
});

test("rejects dependencies, and tools that are not pinned", () => {
  const loose = { ...NPM, dependencies: {}, devDependencies: { tsx: "^1.0.0" } };
  assertEquals(manifestComplaints(loose, DENO), [
    "package.json has dependencies",
    "package.json: tsx is not pinned: ^1.0.0",
  ]);
});
