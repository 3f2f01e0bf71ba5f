/**
 * The project that uses the package: its programs, as a user writes them.
 *
 * `steps.ts` runs and type-checks them.
 *
 * @module
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readJson } from "../sources.ts";
import { COMMAND_APPS } from "./command_uses.ts";

/** The `exports` of a package: for each path, the file of each condition. */
export type Exports = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Writes the project into a folder. */
export function writeConsumer(directory: string): void {
  const specifiers = Object.keys(readExports()).map((path) => path.replace(/^\./, "cogen-wsgi"));
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "consumer", private: true, type: "module" }),
    "use.ts": typedProgram(specifiers.filter((name) => !WEB_ROOMS.includes(name))),
    "web.ts": webProgram(specifiers.filter((name) => WEB_ROOMS.includes(name))),
    "rooms.ts": roomProgram(specifiers.filter((name) => WEB_ROOMS.includes(name))),
    "use.cjs": commonProgram(specifiers),
    "use.mjs": plainProgram(specifiers),
    ...COMMAND_APPS,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
}

/** The `exports` of this package. */
export function readExports(): Exports {
  return (readJson("package.json") as { exports: Exports }).exports;
}

/** The entries whose types are those of the web's classes. */
const WEB_ROOMS: readonly string[] = ["cogen-wsgi/testing", "cogen-wsgi/fetch"];

/** Uses every entry, an app of each kind, and keys of its own in the environ. */
function typedProgram(specifiers: readonly string[]): string {
  const imports = specifiers.map((name, index) => `import * as part${index} from "${name}";`);
  const uses = specifiers.map((_, index) =>
    `export const keys${index} = Object.keys(part${index});`
  );
  return `${[...imports, ...uses].join("\n")}
    import { delegate, type Middleware, serve, type WSGIApp } from "cogen-wsgi";
    import type { Environ } from "cogen-wsgi/wsgi";
    declare module "cogen-wsgi" {
      interface EnvironExtensions {
        "accounts.user"?: { readonly name: string };
      }
    }
    export const accounts: Middleware = (app) =>
      function* (environ, startResponse) {
        environ["accounts.user"] = { name: environ.REMOTE_USER ?? "" };
        yield* delegate(app, environ, startResponse);
      };
    export const nameOf = (environ: Environ): string => environ["accounts.user"]?.name ?? "guest";
    const app: WSGIApp = function* (environ, startResponse) {
      startResponse("200 OK", []);
      const body: Uint8Array<ArrayBuffer> = yield* environ["wsgi.input"].read();
      environ.cogen.signal.addEventListener("abort", () => {});
      yield \`\${nameOf(environ)} \${body.length}\`;
    };
    export const wrong: WSGIApp = (environ) => {
      // @ts-expect-error: a user has no age
      return [environ["accounts.user"]?.age];
    };
    export async function main(): Promise<void> {
      const server = await serve({ wsgiApp: accounts(app) });
      await server.shutdown();
    }
  `;
}

/** Passes bodies, signals and servers to the web's classes and to `await using`. */
function webProgram(rooms: readonly string[]): string {
  return `${roomProgram(rooms)}
  import { serve, type WSGIApp } from "cogen-wsgi";
  const app: WSGIApp = async function* (environ, startResponse) {
    startResponse("200 OK", []);
    for await (const piece of environ["wsgi.input"]) yield new Uint8Array(await new Blob([piece]).arrayBuffer());
  };
  export const generator: WSGIApp = function* (environ, startResponse) {
    const bytes = yield* environ["wsgi.input"].read();
    const lines = yield* environ["wsgi.input"].readlines();
    const response = new Response(bytes);
    const blob = new Blob([bytes, ...lines]);
    const request = fetch("http://127.0.0.1/", { body: bytes, signal: environ.cogen.signal });
    startResponse("200 OK", []);
    yield \`\${response.status} \${blob.size} \${yield request}\`;
  };
  export async function main(controller: AbortController): Promise<void> {
    await using server = await serve({ wsgiApp: app, signal: controller.signal });
    const disposable: AsyncDisposable = server;
    await disposable[Symbol.asyncDispose]();
  }
`;
}

/** Uses the entries with the web's classes, without `await using`. */
function roomProgram(rooms: readonly string[]): string {
  return rooms.map((name, index) => `export * as room${index} from "${name}";`).join("\n");
}

/** CommonJS: `require` shows that no module of the package awaits at its top. */
function commonProgram(specifiers: readonly string[]): string {
  return `
    for (const name of ${JSON.stringify(specifiers)}) {
      if (Object.keys(require(name)).length === 0) throw new Error(name + " exports nothing");
    }
    async function main() {
      const { serve } = await import("cogen-wsgi");
      if (serve !== require("cogen-wsgi").serve) throw new Error("The package is there twice");
      const wsgiApp = (environ, startResponse) => {
        startResponse("200 OK", []);
        return ["required"];
      };
      const server = await serve({ wsgiApp, bindAddr: ["127.0.0.1", 0] });
      const text = await (await fetch(server.url)).text();
      await server.close();
      if (text !== "required") throw new Error("Answered: " + text);
    }
    main();
  `;
}

/**
 * Makes a program that imports every module. The import of an adapter must use no member of its
 * runtime, so each adapter is imported on all runtimes.
 */
function plainProgram(specifiers: readonly string[]): string {
  return `
    const names = ${JSON.stringify(specifiers)};
    for (const name of names) {
      const module = await import(name);
      if (Object.keys(module).length === 0) throw new Error(name + " exports nothing");
    }
    const { serve } = await import("cogen-wsgi");
    function* wsgiApp(environ, startResponse) {
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      yield "packed";
    }
    const server = await serve({ wsgiApp, bindAddr: ["127.0.0.1", 0] });
    const response = await fetch(server.url);
    const text = await response.text();
    await server.close();
    if (text !== "packed") throw new Error("Answered: " + text);
  `;
}
