import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { checkCircles } from "./circles.ts";

test("allows files that import in one direction", () => {
  assertEquals(
    check({
      "mod.ts": `export * from "./src/a.ts"; export * from "./src/b.ts";`,
      "src/a.ts": `import { b } from "./b.ts";`,
      "src/b.ts": `export const b = 1;`,
    }),
    [],
  );
});

test("reports the files of a circle and the imports that close it", () => {
  assertEquals(
    check({
      "src/a.ts": `import { b } from "./b.ts";`,
      "src/b.ts": `import { c } from "./c/c.ts"; import { d } from "./d.ts";`,
      "src/c/c.ts": `import { a } from "../a.ts";`,
      "src/d.ts": "",
      "src/e.ts": `import { a } from "./a.ts";`,
    }),
    [
      "a circle of imports over 3 files:\n" +
      "  src/a.ts imports src/b.ts\n" +
      "  src/b.ts imports src/c/c.ts\n" +
      "  src/c/c.ts imports src/a.ts",
    ],
  );
});

test("counts type imports, re-exports and types of modules", () => {
  for (
    const closing of [
      `import type { A } from "./a.ts";`,
      `export { a } from "./a.ts";`,
      `export type A = import("./a.ts").A;`,
      `import {\n  type A,\n} from "./a.ts";`,
    ]
  ) {
    const found = check({ "src/a.ts": `import "./b.ts";`, "src/b.ts": closing });
    assertEquals(found.length, 1, closing);
  }
});

test("reports two circles that share no file separately", () => {
  const found = check({
    "src/a.ts": `import "./b.ts"; import "./c.ts";`,
    "src/b.ts": `import "./a.ts";`,
    "src/c.ts": `import "./d.ts";`,
    "src/d.ts": `import "./c.ts";`,
  });
  assertEquals(found.length, 2);
});

test("reports a file that imports itself", () => {
  assertEquals(check({ "src/a.ts": `import { a } from "./a.ts";` }).length, 1);
});

test("ignores imports in comments and of packages", () => {
  assertEquals(
    check({
      "src/a.ts": `import { b } from "./b.ts"; import "node:net";`,
      "src/b.ts": `// import { a } from "./a.ts";\n/** import "./a.ts" */ export const b = 1;`,
    }),
    [],
  );
});

function check(sources: Readonly<Record<string, string>>): string[] {
  return checkCircles(new Map(Object.entries(sources)));
}
