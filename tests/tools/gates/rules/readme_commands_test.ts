import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { commandsOf, installationsOf, programOf } from "./readme_commands.ts";

const README = `# A

Run \`npm start\` or \`npm start\`, read \`mod.ts\`, and \`nodes\`.

\`\`\`sh
# a comment
npm ci && npm test
\`\`\`

## Hello

\`\`\`ts
const text = \`node x.mjs\`;
\`\`\`

| runtime | get it              | import | run          |
| ------- | ------------------- | ------ | ------------ |
| Deno    | \`deno add jsr:@x/a\` | \`@x/a\` | \`deno run a\` |
| Node    | \`npm install a\`     | \`a\`    | \`node a.mjs\` |
`;

test("finds the commands in blocks and in the text, each once", () => {
  const inText = ["npm start", "deno add jsr:@x/a", "deno run a", "npm install a", "node a.mjs"];
  assertEquals(commandsOf(README), ["npm ci && npm test", ...inText]);
});

test("finds the rows of the table of runtimes", () => {
  assertEquals(installationsOf(README), [
    { runtime: "Deno", command: "deno add jsr:@x/a", specifier: "@x/a" },
    { runtime: "Node", command: "npm install a", specifier: "a" },
  ]);
});

test("finds the program of a section", () => {
  assertEquals(programOf(README, "Hello"), "const text = `node x.mjs`;\n");
  assertThrows(() => programOf(README, "Bye"), Error, 'The section "Bye" has no program');
});
