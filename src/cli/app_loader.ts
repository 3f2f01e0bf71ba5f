/**
 * Loads the app that the command line names.
 *
 * @module
 */

import { createScheduler, type Scheduler } from "../../mod.ts";
import type { Bus, BusTransport } from "../bus/mod.ts";
import { nearestName, showValue } from "../coroutine/mod.ts";
import { checkApp, type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../wsgi/mod.ts";
import { openServedBus } from "./bus.ts";
import { withAccessLog } from "./logs/access_lines.ts";
import { CommandFailure, EXIT, messageOf, usage } from "./failure.ts";
import { absolute, kindOf, onDroppedPromise, workingDirectory } from "./host/mod.ts";
import { importModule, moduleFailure, settled } from "./modules.ts";
import { COMMANDS } from "./options.ts";
import { behindProxies } from "./proxies.ts";
import type { Settings } from "./settings.ts";

/** The module and the export of an app. */
export interface AppPlace {
  /** The module as it was written. */
  readonly name: string;
  /** Its absolute path. */
  readonly path: string;
  readonly exported: string;
}

/**
 * Finds the module of an app.
 *
 * @param spec `module` or `module:export`.
 * @throws {CommandFailure} If there is no such file.
 */
export function findApp(spec: string): AppPlace {
  const [, module = spec, exported = "default"] =
    kindOf(absolute(workingDirectory(), spec)) === "file"
      ? []
      : /^(.+):([A-Za-z_$][\w$]*)$/.exec(spec) ?? [];
  const path = absolute(workingDirectory(), module);
  const kind = kindOf(path);
  if (kind === "file") return { name: module, path, exported };
  if (kind === "folder") {
    throw notLoaded(
      `${module} is a folder: name a module in it, such as ${module.replace(/\/$/, "")}/app.ts`,
    );
  }
  if (/^[a-z]+$/.test(spec)) {
    const meant = nearestName(spec, COMMANDS);
    const advice = meant === undefined ? "" : `did you mean ${meant}? E`;
    throw usage(
      `unknown command "${spec}": ${
        advice || "e"
      }xpected serve, check, fetch or status, or a module such as app.ts`,
    );
  }
  throw notLoaded(
    `cannot find ${module}: write the path of a module, such as app.ts or src/app.ts:admin`,
  );
}

/**
 * Loads an app.
 *
 * @param place The module and its export.
 * @param factory Whether the export is a function that makes the app.
 * @throws {CommandFailure} If the module cannot be loaded, or the export is no app.
 */
export async function loadApp(place: AppPlace, factory: boolean): Promise<WSGIApp | Mounts> {
  const { name, path, exported } = place;
  // The file may have gone since the start of the command. The errors of an import differ between runtimes.
  const kind = kindOf(path);
  if (kind !== "file") {
    const reason = kind === "folder" ? "it is a folder" : "there is no such file";
    throw notLoaded(`cannot load ${name}: ${reason}`);
  }
  const module = await importModule(name, path, EXIT.notLoaded);
  if (!Object.hasOwn(module, exported)) throw missingExport(place, module);
  let app = module[exported];
  if (factory) {
    if (typeof app !== "function") {
      throw notLoaded(
        `"${exported}" of ${name} is ${
          showValue(app)
        }: --factory expects a function that makes the app`,
      );
    }
    app = await settled(madeApp(app as () => unknown, place), name, EXIT.notLoaded);
  }
  return await asApp(app, place, factory);
}

async function madeApp(make: () => unknown, { name, path, exported }: AppPlace): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    const subject = `the factory "${exported}" of ${name} failed`;
    throw moduleFailure(error, path, EXIT.notLoaded, subject);
  }
}

/** An app as the command serves it. */
export interface ServedApp {
  readonly wsgiApp: WSGIApp | Mounts;
  /** Signals pass between the requests of all addresses, so their servers share one scheduler. */
  readonly scheduler: Scheduler;
  readonly bus: Bus;
}

/**
 * Loads an app as the command serves it: with the access log, a scheduler and a bus.
 *
 * @param place The module and its export.
 * @param settings The options.
 * @param worker The name of this process among the workers, for the access log, and the transport of its bus.
 * @throws {CommandFailure} As {@linkcode loadApp}, or if the broker of the bus does not answer.
 */
export async function loadServed(
  place: AppPlace,
  settings: Settings,
  { worker, local }: { readonly worker?: string; readonly local?: () => BusTransport } = {},
): Promise<ServedApp> {
  const app = await loadApp(place, settings.get<boolean>("factory") === true);
  const wsgiApp = behindProxies(withAccessLog(app, settings, worker), settings);
  const scheduler = await createScheduler();
  // The other requests go on, and the log has the error, as that of a coroutine that is not joined.
  onDroppedPromise((reason) => {
    scheduler.add(function* droppedPromise() {
      throw reason;
    });
  });
  return { wsgiApp, scheduler, bus: await openServedBus(settings, scheduler, local) };
}

async function asApp(
  app: unknown,
  { name, exported }: AppPlace,
  isFactory: boolean,
): Promise<WSGIApp | Mounts> {
  const hasFetch = typeof (Object(app) as { fetch?: unknown }).fetch === "function";
  if (hasFetch) {
    const { fromFetch } = await import("../fetch/mod.ts");
    return fromFetch(app as { fetch: (request: Request) => Response });
  }
  const subject = `"${exported}" of ${name}`;
  const expected = "a WSGI app (a function), mounts, or an object with fetch";
  const isMounts = typeof app === "object" && app !== null && Object.values(app).length > 0 &&
    (Array.isArray(app) || Object.values(app).every((each) => typeof each === "function"));
  try {
    if (isMounts) WSGIPathInfoDispatcher(app as Mounts);
    else if (isFactory && /^\[object \w*Generator\]$/.test(String(app))) {
      throw notLoaded(`${subject} is an app itself: leave out --factory`);
    } else checkApp(subject, app, expected);
    return app as WSGIApp | Mounts;
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw notLoaded(isMounts ? `${subject}: ${messageOf(error)}` : messageOf(error));
  }
}

function missingExport({ name, exported }: AppPlace, module: object): CommandFailure {
  const names = Object.keys(module).filter((each) =>
    each !== "module.exports" && each !== "__esModule"
  );
  if (names.length === 0) return notLoaded(`${name} exports nothing: write export default app`);
  const choices = names.map((each) => each === "default" ? name : `${name}:${each}`).join(", ");
  return notLoaded(
    `${name} has no ${
      exported === "default" ? "default export" : `export "${exported}"`
    }: expected one of ${choices}`,
  );
}

function notLoaded(message: string): CommandFailure {
  return new CommandFailure(EXIT.notLoaded, message);
}
