/**
 * This file takes the examples out of doc comments and Markdown files, and makes one test file of them.
 *
 * `deno test --doc` runs each example in a worker of its own. Each worker loads the whole library
 * again, so a hundred examples take two minutes. Here each example is the body of a test in one
 * module, and its static imports become dynamic ones. `deno check --doc` checks the types in
 * another step.
 *
 * @module
 */

import { commentsOf, countLineFeeds } from "./source_text.ts";

/** The code of one example. */
export interface Example {
  /** `path:line` of the first line of its code. */
  readonly place: string;
  readonly code: string;
}

/**
 * Gives the examples in the doc comments of a source, except those that are marked with `ignore`.
 */
export function examplesOf(path: string, source: string): Example[] {
  return commentsOf(source).filter(({ text }) => text.startsWith("/**")).flatMap((comment) => {
    const text = comment.text.replace(/^[ \t]*\*(?!\/) ?/gm, "");
    return [...text.matchAll(/^```ts[ \t]*\n([\s\S]*?)^```/gm)].map(({ 1: code = "", index }) => {
      const line = comment.line + countLineFeeds(text.slice(0, index)) + 1;
      return { place: `${path}:${line}`, code };
    });
  });
}

/** The examples in a Markdown file: its blocks of TypeScript, but for those that are marked with `ignore`. */
export function markdownExamplesOf(path: string, source: string): Example[] {
  return [...source.matchAll(/^```ts[ \t]*\n([\s\S]*?)^```/gm)].map(({ 1: code = "", index }) => {
    return { place: `${path}:${countLineFeeds(source.slice(0, index)) + 2}`, code };
  });
}

/** The source of a file for `deno test`; `resolve` gives the address of a module by its specifier. */
export function examplesFile(
  examples: readonly Example[],
  resolve: (specifier: string) => string,
): string {
  const tests = examples.map(({ place, code }) =>
    `Deno.test(${JSON.stringify(place)}, async () => {\n${dynamicImports(code, resolve)}});\n`
  );
  return tests.join("\n");
}

const STATIC_IMPORT =
  /^import\s+(type\s+)?(?:(\w+)|\*\s+as\s+(\w+)|\{([^}]*)\})\s+from\s+"([^"]+)";?$/gm;

/** Lines stay lines, so that an error tells the line of the example. */
function dynamicImports(code: string, resolve: (specifier: string) => string): string {
  return code.replace(
    STATIC_IMPORT,
    (statement: string, ofTypes, byDefault, namespace, names, specifier: string) => {
      const lines = "\n".repeat(countLineFeeds(statement));
      if (ofTypes !== undefined) return lines;
      const module = `await import(${JSON.stringify(resolve(specifier))});${lines}`;
      if (byDefault !== undefined) return `const { default: ${byDefault} } = ${module}`;
      if (namespace !== undefined) return `const ${namespace} = ${module}`;
      const bindings = String(names).split(",").map((name) => name.trim())
        .filter((name) => name !== "" && !name.startsWith("type "))
        .map((name) => name.replace(/\s+as\s+/, ": "));
      return `const { ${bindings.join(", ")} } = ${module}`;
    },
  );
}
