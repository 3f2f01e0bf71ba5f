/**
 * This program imports the examples of the documentation, one after the other in one process, and checks
 * that each of them does its job.
 *
 * `examples.ts` runs it on each runtime. `EXAMPLES` names a file with the list of examples, and
 * `RESULTS` the file for the results.
 *
 * @module
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { appsOf, type ExampleApp, requestApp } from "./example_apps.ts";
import { outputDifference } from "./example_output.ts";
import { endListener, served } from "./served.ts";
import { test, tests } from "./test_runner.ts";
import type { Example } from "./write_examples.ts";

/** The result of one example. */
export interface ExampleResult {
  readonly place: string;
  /** The error; `undefined` if the example has done its job. */
  readonly complaint?: string;
}

/** The time for one example, on a machine of any speed. An example that needs it hangs. */
const EXAMPLE_SECONDS = 120;

/** The examples of this name are imported in place of the test runner of Deno. */
const { Deno: deno } = globalThis as { readonly Deno?: { test: unknown } };
if (deno !== undefined) deno.test = test;

const examples = JSON.parse(readFileSync(process.env["EXAMPLES"] ?? "", "utf8")) as Example[];
const results: ExampleResult[] = [];
const pages: [label: string, lines: string[]] = ["", []];
const { log: print } = console;
for (const name of ["log", "info", "warn", "error", "debug"] as const) {
  console[name] = (...parts: readonly unknown[]) =>
    void pages[1].push(`${name}: ${parts.join(" ")}`);
}
for (const example of examples) results.push(await run(example));
writeFileSync(process.env["RESULTS"] ?? "", JSON.stringify(results));
print(`${results.length} examples`);
// Listeners and timers of the examples must not keep the process.
process.exit(0);

async function run(example: Example): Promise<ExampleResult> {
  pages[0] = example.place;
  pages[1] = [];
  process.chdir(example.folder);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new Error(`has not ended after ${EXAMPLE_SECONDS} s`);
    timer = setTimeout(() => reject(error), EXAMPLE_SECONDS * 1000);
  });
  try {
    await Promise.race([check(example), late]);
    return { place: example.place };
  } catch (error) {
    const shown = error instanceof Error ? error.stack ?? error.message : String(error);
    return { place: example.place, complaint: [shown, ...pages[1]].join("\n") };
  } finally {
    clearTimeout(timer);
    await Promise.all(served.splice(0).map(({ server }) => server.close()));
    tests.length = 0;
  }
}

/** Runs an example. The example fails if nothing shows that it has done its job. */
async function check(example: Example): Promise<void> {
  const { annotation, code, output } = example;
  const waitsForEnd = new Promise<undefined>((resolve) => {
    endListener.onWait = () => resolve(undefined);
  });
  const imported = import(pathToFileURL(example.file).href) as Promise<Record<string, unknown>>;
  const module = await Promise.race([imported, waitsForEnd]);
  let checks = /\bassert\w*\(/.test(code) ? 1 : 0;
  for (const { body } of tests) {
    await body();
    checks++;
  }
  for (const app of [...servedApps(), ...appsOf(module ?? {})]) {
    await requestApp(app, annotation);
    checks++;
  }
  const lines = printed();
  await Promise.all(served.map(({ server }) => server.shutdown({ grace: 1 })));
  checks += served.length;
  await imported;
  if (output !== undefined && code.includes("console.log")) {
    const difference = outputDifference(output, lines.join("\n"));
    if (difference !== undefined) throw new Error(difference);
    checks++;
  }
  if (checks > 0 || !example.checked || annotation.declares) return;
  throw new Error(
    "Nothing shows that this example works. Let it assert, export an app or a middleware, call serve, or " +
      "print its output, which a `text` block shows; or write <!-- example: declares --> before it.",
  );
}

/** The apps of the servers to which the example has sent no request. */
function servedApps(): ExampleApp[] {
  return served.filter(({ server }) => server.stats().servedRequests === 0)
    .map(({ options }) => ({ name: "the app of serve", app: options }));
}

/** The lines that the example has printed, with the ports that it has asked for. */
function printed(): string[] {
  const lines = pages[1].filter((line) => line.startsWith("log: ")).map((line) => line.slice(5));
  return lines.map((line) =>
    served.reduce((text, { server, options }) => {
      const asked = Array.isArray(options.bindAddr) ? options.bindAddr[1] : 8000;
      return text.replaceAll(new URL(server.url).host, `${new URL(server.url).hostname}:${asked}`);
    }, line)
  );
}
