/**
 * The bus that apps have as `environ.cogen.bus`: that of the broker that `--bus` names, or one of this command.
 *
 * Each process, and each version of `--reload`, has a connection of its own. The address may have a password, so no
 * message has the address itself.
 *
 * `serve.ts`, `reload/app_thread.ts` and `workers/` call this.
 *
 * @module
 */

import { type Bus, type BusTransport, connectBus, memoryTransport, openBus } from "../bus/mod.ts";
import type { Scheduler } from "../coroutine/mod.ts";
import { CommandFailure, EXIT, messageOf, systemCode } from "./failure.ts";
import { findPackage, workingDirectory } from "./host/mod.ts";
import { writeMessage } from "./logs/logs.ts";
import type { Settings } from "./settings.ts";

/** Whether the bus is that of a broker. */
export function hasBroker(settings: Settings): boolean {
  return settings.get("bus") !== undefined;
}

/**
 * Opens the bus.
 *
 * @param settings The option `bus`.
 * @param scheduler The scheduler of the servers.
 * @param local Makes the transport without a broker. Default: one within this process.
 * @throws {CommandFailure} If the package of the client is missing, or the broker does not answer.
 */
export async function openServedBus(
  settings: Settings,
  scheduler: Scheduler,
  local: () => BusTransport = memoryTransport,
): Promise<Bus> {
  const transport = hasBroker(settings)
    ? await connected(settings.get<string>("bus") as string)
    : local();
  return await openBus(transport, { scheduler, onError: sayError });
}

/** Closes the bus and its connections, which would keep the process alive. */
export async function closeServedBus(bus: Bus): Promise<void> {
  try {
    await bus.close();
  } catch (error) {
    sayError(error);
  }
}

async function connected(address: string): Promise<BusTransport> {
  try {
    return await connectBus(address, { load: loadClient });
  } catch (error) {
    const { cause } = Object(error) as { cause?: unknown };
    // The message names the missing package already, and each runtime words the cause in its own way.
    const isKnown = cause === undefined || systemCode(cause) === "ERR_MODULE_NOT_FOUND";
    const reason = isKnown ? "" : ` (${messageOf(cause)})`;
    throw new CommandFailure(EXIT.notStarted, `--bus: ${messageOf(error)}${reason}`);
  }
}

/** A command that is installed elsewhere takes the client of the project in which it runs. */
function loadClient(name: string): Promise<unknown> {
  return import(findPackage(name, workingDirectory()) ?? name) as Promise<unknown>;
}

function sayError(error: unknown): void {
  writeMessage("error", `bus: ${messageOf(error)}`);
}
