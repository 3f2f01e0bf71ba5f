/**
 * The layering rule: the imports that a module may have, and the globals that it may not use.
 *
 * Sources are read as text, without comments and contents of strings, so that prose about `process`
 * or `import` is not taken for code. The step `layering` calls this.
 *
 * @module
 */

import { posix } from "node:path";
import { blankComments, blankStrings, importedModules } from "./source_text.ts";

/** The imports that files under one folder may have, besides those of the folder itself. */
interface Layer {
  readonly folder: string;
  /** The allowed paths, or beginnings of paths that end in a separator. */
  readonly mayImport: readonly string[];
}

/** The layers. A file belongs to the first layer with a folder that contains it. */
const LAYERS: readonly Layer[] = [
  { folder: "src/coroutine/", mayImport: [] },
  { folder: "src/http/", mayImport: [] },
  { folder: "src/socket/", mayImport: ["src/coroutine/"] },
  { folder: "src/wsgi/", mayImport: ["src/coroutine/", "src/http/", "src/socket/"] },
  {
    folder: "src/server/",
    mayImport: ["src/coroutine/", "src/http/", "src/socket/", "src/wsgi/"],
  },
  // A room may have one named file for a module that all three runtimes have.
  { folder: "src/middleware/compress/zlib.ts", mayImport: ["node:zlib", "src/socket/mod.ts"] },
  // A room above the engine imports the `mod.ts` of each layer, as the code of a user does.
  {
    folder: "src/middleware/",
    mayImport: ["src/coroutine/mod.ts", "src/http/mod.ts", "src/socket/mod.ts", "src/wsgi/mod.ts"],
  },
  // The age of an event is measured by the monotonic time of the host.
  {
    folder: "src/sse/",
    mayImport: ["src/coroutine/mod.ts", "src/wsgi/mod.ts", "adapters/shared/host_clock.ts"],
  },
  // WebSockets: the codec has no I/O; the rest is a user of the engine.
  { folder: "src/websocket/codec/", mayImport: [] },
  {
    folder: "src/websocket/",
    mayImport: [
      ...["src/coroutine/mod.ts", "src/http/mod.ts", "src/socket/mod.ts", "src/wsgi/mod.ts"],
      "src/coroutine/clock.ts",
    ],
  },
  // The threads of the runtime, for the rooms that start some.
  { folder: "src/threads/", mayImport: ["node:", "adapters/shared/timer.ts"] },
  // Apps in threads: one file reads files without waiting.
  { folder: "src/blocking/sync_file.ts", mayImport: ["node:fs"] },
  {
    folder: "src/blocking/",
    mayImport: [
      ...["src/coroutine/mod.ts", "src/wsgi/mod.ts", "src/server/mod.ts", "src/threads/mod.ts"],
      "src/coroutine/clock.ts",
    ],
  },
  // The bus needs the clock of the runtime. The clients of brokers are those of its user. One file begins waits at
  // once, as `environ.cogen.run` does.
  {
    folder: "src/bus/bus.ts",
    mayImport: [
      ...["src/bus/", "src/coroutine/mod.ts", "src/coroutine/internal.ts", "src/wsgi/mod.ts"],
    ],
  },
  {
    folder: "src/bus/",
    mayImport: [
      ...["src/coroutine/mod.ts", "src/wsgi/mod.ts", "mod.ts", "adapters/shared/host_clock.ts"],
      "src/coroutine/clock.ts",
    ],
  },
  // The view inside a server.
  {
    folder: "src/status/",
    mayImport: [
      ...["src/coroutine/mod.ts", "src/http/mod.ts", "src/wsgi/mod.ts", "src/server/mod.ts"],
      "src/sse/mod.ts",
    ],
  },
  // The test kit is a user of the whole package: it serves over a network in memory. One file hears errors that
  // escape from an adapter under test, and one measures by another clock than that of the adapter.
  {
    folder: "src/testing/",
    mayImport: [
      ...["src/coroutine/mod.ts", "src/http/mod.ts", "src/socket/mod.ts", "src/wsgi/mod.ts"],
      ...["src/server/mod.ts", "adapters/memory.ts", "mod.ts", "src/websocket/mod.ts"],
      ...["adapters/shared/escapes.ts", "adapters/shared/host_clock.ts"],
    ],
  },
  // The bridge to the web's `fetch`. It serves an app over a network in memory. One file asks Bun for a size.
  {
    folder: "src/fetch/",
    mayImport: [
      ...["src/coroutine/mod.ts", "src/http/mod.ts", "src/socket/mod.ts", "src/wsgi/mod.ts"],
      ...["src/server/mod.ts", "adapters/memory.ts", "mod.ts", "adapters/shared/builtin_module.ts"],
    ],
  },
  // The command runs on a runtime, and one folder of it knows the modules of the runtime.
  {
    folder: "src/cli/host/",
    mayImport: [
      ...[
        "node:child_process",
        "node:fs",
        "node:module",
        "node:path",
        "node:process",
        "node:timers",
        "node:url",
      ],
      ...["node:worker_threads", "adapters/shared/timer.ts", "src/threads/mod.ts"],
    ],
  },
  {
    folder: "src/cli/workers/processes.ts",
    mayImport: [
      ...["node:child_process", "node:os", "node:process", "node:timers", "node:url"],
      ...["src/cli/", "src/threads/mod.ts", "adapters/node.ts"],
    ],
  },
  {
    folder: "src/cli/workers/",
    mayImport: [
      ...["mod.ts", "src/socket/mod.ts", "src/wsgi/mod.ts", "src/server/mod.ts", "src/cli/"],
      ...["src/bus/mod.ts", "src/threads/mod.ts", "adapters/node.ts"],
    ],
  },
  {
    folder: "src/cli/",
    mayImport: [
      ...["mod.ts", "src/coroutine/mod.ts", "src/socket/mod.ts", "src/wsgi/mod.ts"],
      ...["src/server/mod.ts", "src/middleware/mod.ts", "src/testing/mod.ts", "src/fetch/mod.ts"],
      ...["src/bus/mod.ts", "src/threads/mod.ts", "src/status/mod.ts"],
    ],
  },
  { folder: "adapters/node", mayImport: ["adapters/", "src/socket/mod.ts", "node:"] },
  // The deadlines of handshakes need the timer of the engine that lets a paused process catch up.
  { folder: "adapters/shared/timer.ts", mayImport: ["src/coroutine/clock.ts"] },
  { folder: "adapters/", mayImport: ["src/socket/mod.ts"] },
  { folder: "mod.ts", mayImport: ["src/", "adapters/"] },
];

/** Names that belong to one runtime or to the host, as opposed to the language. */
const HOST_GLOBALS =
  /(?<![\w$.#"'])(Deno|Bun|process|Buffer|console|globalThis|setTimeout|setInterval|setImmediate|require|__dirname|performance)\b(?!\s*[?]?:)/g;

/** Gives the complaints about a source, one sentence each. */
export function checkLayering(path: string, source: string): string[] {
  const layer = LAYERS.find(({ folder }) => path.startsWith(folder));
  if (layer === undefined) return [`${path}: belongs to no layer`];
  const code = blankComments(source);
  const imports = importedModules(code)
    .map((specifier) => resolve(path, specifier))
    .filter((target) => ![layer.folder, ...layer.mayImport].some((rule) => matches(target, rule)))
    .map((target) => `${path}: must not import ${target}`);
  return path.startsWith("src/") ? [...imports, ...hostGlobals(path, code)] : imports;
}

/** Whether a path is the rule, or begins with a rule that ends in a separator. */
function matches(target: string, rule: string): boolean {
  return target === rule || /[/:]$/.test(rule) && target.startsWith(rule);
}

function hostGlobals(path: string, code: string): string[] {
  // A question about the type of the global object uses nothing of it.
  const used = blankStrings(code).replace(/\btypeof globalThis extends\b/g, "");
  const names = [...used.matchAll(HOST_GLOBALS)].map((match) => match[1]);
  return [...new Set(names)].map((name) => `${path}: must not use the global ${name}`);
}

function resolve(path: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : specifier;
}
