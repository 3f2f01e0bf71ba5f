/**
 * The command `fetch`: one request to the app, in memory, and its response on standard output.
 *
 * @module
 */

import { showValue } from "../coroutine/mod.ts";
import { StuckError, testClient } from "../testing/mod.ts";
import { type AppPlace, loadApp } from "./app_loader.ts";
import { CommandFailure, EXIT, messageOf, reasonOf, usage } from "./failure.ts";
import { readBytes, writeError } from "./host/mod.ts";
import { print } from "./running.ts";
import { serverOptionsOf, type Settings } from "./settings.ts";

/** The request of the command line. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | string | undefined;
}

/**
 * Sends one request and prints the response.
 *
 * @param place The app.
 * @param path The path with its query, or a whole URL.
 * @param settings The options of the request and of the server.
 * @returns The exit code: 0 for a status 2xx, 22 for any other.
 */
export async function fetchCommand(
  place: AppPlace,
  path: string,
  settings: Settings,
): Promise<number> {
  const { method, headers, body } = readRequest(path, settings);
  const wsgiApp = await loadApp(place, settings.get<boolean>("factory") === true);
  const client = testClient({ ...serverOptionsOf(settings), wsgiApp, log: writeError });
  try {
    const options = { headers, ...(body === undefined ? {} : { body }) };
    const response = await client.request(method, path, options);
    if (settings.get("include") === true) {
      const fields = response.rawHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await print(latin1(`HTTP/1.1 ${response.status} ${response.reason}\r\n${fields}\r\n`));
    }
    await print(response.bytes);
    return response.status >= 200 && response.status < 300 ? EXIT.ended : EXIT.noSuccess;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    const reason = error instanceof StuckError
      ? error.reason.replace(/\s*\n/g, " ")
      : messageOf(error);
    throw new CommandFailure(EXIT.noSuccess, `no whole response to ${method} ${path}: ${reason}`);
  } finally {
    client.takeErrors();
    // The process ends, so coroutines that the app left behind are no fault.
    await client.close().catch(() => {});
  }
}

/** Whether an argument is a path or a whole URL, and no module. */
export function isPath(argument: string): boolean {
  return /^(?:\/|https?:\/\/)/.test(argument);
}

function readRequest(path: string, settings: Settings): Request {
  if (!isPath(path)) {
    throw usage(`the path is ${showValue(path)}: expected a path such as /users?page=2`);
  }
  const body = readBody(settings.get<string>("data"));
  const method = settings.get<string>("method") ?? (body === undefined ? "GET" : "POST");
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(method)) {
    throw usage(`--method is ${showValue(method)}: expected a name such as POST`);
  }
  const headers = (settings.get<readonly string[]>("header") ?? []).map(readHeader);
  const isTyped = headers.some(([name]) => name.toLowerCase() === "content-type");
  const form: readonly [string, string] = ["Content-Type", "application/x-www-form-urlencoded"];
  return {
    method,
    path,
    body,
    headers: body === undefined || isTyped ? headers : [...headers, form],
  };
}

function readHeader(line: string): readonly [string, string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n\0]*)$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) return [name, value];
  throw usage(`--header is ${showValue(line)}: expected a line such as 'Accept: text/html'`);
}

function readBody(data: string | undefined): Uint8Array | string | undefined {
  if (data === undefined || !data.startsWith("@")) return data;
  const file = data.slice(1);
  try {
    return readBytes(file);
  } catch (error) {
    throw usage(`cannot read --data ${data}: ${reasonOf(error)}`);
  }
}

/** The head is latin-1, and standard output takes text as UTF-8. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
