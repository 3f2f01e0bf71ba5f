/**
 * This file finds the apps that an example exports, and sends requests to them.
 *
 * The requests go through `testClient`, so an app that waits for hours takes no time. `run_examples.ts`
 * calls this.
 *
 * @module
 */

import type { WSGIApp } from "../../../../mod.ts";
import { type FetchHandler, fromFetch } from "../../../../src/fetch/mod.ts";
import {
  StuckError,
  testClient,
  type TestServerOptions,
  type TestStream,
} from "../../../../src/testing/mod.ts";
import type { Annotation, ExpectedAnswer } from "./blocks.ts";

/** An app, and the name by which a complaint knows it. */
export interface ExampleApp {
  readonly name: string;
  readonly app: WSGIApp | TestServerOptions;
}

/** The pieces of a response that are read. A stream without an end is left then. */
const MAX_PIECES = 50;

/**
 * The apps among the exports of an example. An app is a function with the parameters `environ` and
 * `startResponse`, a default export, or an object with `fetch`. A function with the parameter `app` is a
 * middleware, and is put around an app.
 */
export function appsOf(module: Readonly<Record<string, unknown>>): ExampleApp[] {
  return Object.entries(module).flatMap(([name, value]): ExampleApp[] => {
    if (typeof value === "object" && value !== null && "fetch" in value) {
      return [{ name, app: fromFetch(value as unknown as FetchHandler) }];
    }
    if (typeof value !== "function" || isClass(value)) return [];
    if (firstParameterOf(value) === "app" && value.length === 1) {
      return [{ name: `${name}(app)`, app: value(plainApp) as WSGIApp }];
    }
    const isApp = /^_?environ$/.test(firstParameterOf(value)) || value.length === 2 ||
      ["app", "wsgiApp", "default"].includes(name);
    return isApp ? [{ name, app: value as WSGIApp }] : [];
  });
}

function* plainApp(_environ: unknown, startResponse: (status: string, headers: []) => unknown) {
  startResponse("200 OK", []);
  yield "the app in the middleware";
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function firstParameterOf(value: object): string {
  const source = Function.prototype.toString.call(value);
  return /^(?:async\s*)?(?:\*?\s*[\w$]*\s*\(\s*)?([\w$]+)/.exec(
    source.replace(/^(?:async\s+)?function\s*\*?\s*[\w$]*\s*/, ""),
  )?.[1] ?? "";
}

/**
 * Sends the requests of an annotation to an app.
 *
 * @throws An error that tells the difference between the expected and the actual answer.
 */
export async function requestApp({ name, app }: ExampleApp, annotation: Annotation): Promise<void> {
  const expected = annotation.requests.length > 0 ? annotation.requests : [undefined];
  for (const answer of expected) await requestOnce(name, app, answer, annotation.waits);
}

async function requestOnce(
  name: string,
  app: WSGIApp | TestServerOptions,
  expected: ExpectedAnswer | undefined,
  waits: boolean,
): Promise<void> {
  const { method, path } = expected ?? { method: "GET", path: "/" };
  const client = testClient(typeof app === "function" ? app : optionsOf(app));
  let answer: string;
  try {
    const stream = await client.open(path, { method });
    answer = String(stream.status);
    await readPieces(stream);
    if (!stream.ended) await stream.disconnect();
  } catch (error) {
    if (!(error instanceof StuckError)) throw error;
    answer = "waits";
  }
  const errors = client.takeErrors();
  if (waits || expected?.error !== undefined) await client.close().catch(() => {});
  else await client.close();
  const names = errors.map((error) => (error as Error).name);
  const shown = [answer, ...names].join(" ");
  if (waits ? answer === "waits" : isExpected(Number(answer), names, expected)) return;
  const cause = errors[0] instanceof Error ? `\n${errors[0].stack}` : "";
  throw new Error(`${method} ${path} of ${name}: ${shown}${cause}`);
}

function isExpected(
  status: number,
  errors: readonly string[],
  expected: ExpectedAnswer | undefined,
): boolean {
  if (expected === undefined) return status > 0 && status < 500 && errors.length === 0;
  return status === expected.status && errors.join() === (expected.error ?? "");
}

/** A response of a stream without an end is not read to its end. */
async function readPieces(stream: TestStream): Promise<void> {
  let pieces = 0;
  for await (const _piece of stream) if (++pieces === MAX_PIECES) return;
}

/** The options of a server, without its place on the network. */
function optionsOf(options: TestServerOptions): TestServerOptions {
  const { scheduler: _1, signal: _2, onListen: _3, adapter: _4, ...rest } = options as
    & TestServerOptions
    & { scheduler?: unknown; signal?: unknown; onListen?: unknown; adapter?: unknown };
  return rest;
}
