/**
 * The command `check`: a few requests through the validator, and a report of the faults.
 *
 * @module
 */

import { validator } from "../middleware/mod.ts";
import { StuckError, testClient } from "../testing/mod.ts";
import { type Mounts, WSGIPathInfoDispatcher } from "../wsgi/mod.ts";
import { type AppPlace, loadApp } from "./app_loader.ts";
import { EXIT, memberOf, messageOf, visible } from "./failure.ts";
import { counted, print } from "./running.ts";
import { serverOptionsOf, type Settings } from "./settings.ts";

/** The methods that each app gets. */
const METHODS = ["GET", "HEAD", "POST"];
/** A path that no app is likely to know. */
const UNKNOWN_PATH = "/cogen-wsgi-check/unknown?path=1";

/**
 * Loads the app and tries it.
 *
 * @returns The exit code: 0 if each request was answered by the rules, else 1.
 */
export async function checkCommand(place: AppPlace, settings: Settings): Promise<number> {
  const app = await loadApp(place, settings.get<boolean>("factory") === true);
  const places = typeof app === "function" ? ["/"] : prefixesOf(app);
  const requests = [
    ...places.flatMap((path) => METHODS.map((method) => [method, path] as const)),
    ["GET", UNKNOWN_PATH] as const,
  ];
  const wsgiApp = validator(typeof app === "function" ? app : WSGIPathInfoDispatcher(app));
  let faulty = 0;
  for (const [method, path] of requests) {
    // A client of its own for each request, so that its faults cannot be those of another one.
    const client = testClient({ ...serverOptionsOf(settings), wsgiApp, log: () => {} });
    const faults: string[] = [];
    let result = "no response";
    try {
      const options = method === "POST" ? { form: { check: "1" } } : {};
      const { status, reason, bytes } = await client.request(method, path, options);
      result = `${status} ${reason}, ${counted(bytes.length, "byte")}`;
    } catch (error) {
      faults.push(error instanceof StuckError ? error.reason : messageOf(error));
    }
    faults.push(...client.takeErrors().map(describe));
    await client.close().catch((error) => faults.push(messageOf(error)));
    faults.push(...client.takeErrors().map(describe));
    if (faults.length > 0) faulty++;
    const lines = [...new Set(faults)].map((fault) => `    ${fault.replaceAll("\n", "\n    ")}\n`);
    await print(
      `${faults.length === 0 ? "ok    " : "FAULT "}${method} ${path}: ${result}\n${
        visible(lines.join(""))
      }`,
    );
  }
  const count = `${counted(requests.length, "request")}`;
  await print(
    faulty === 0
      ? `${place.name} keeps PEP 3333 in ${count}.\n`
      : `${place.name} has faults in ${faulty} of ${count}.\n`,
  );
  return faulty === 0 ? EXIT.ended : EXIT.crashed;
}

/** The path of each mounted app. */
function prefixesOf(mounts: Mounts): string[] {
  const pairs = Array.isArray(mounts) ? mounts : Object.entries(mounts);
  return [...new Set((pairs as [string, unknown][]).map(([prefix]) => prefix || "/"))];
}

function describe(error: unknown): string {
  const name = memberOf(error, "name");
  const broke = name === "WSGIValidationError" || name === "WSGIError"
    ? "broke PEP 3333: "
    : "the app failed: ";
  return broke + messageOf(error);
}
