/**
 * The options of a bus, and their checks.
 *
 * @module
 */

import {
  checkNames,
  checkOption,
  type Clock,
  type Duration,
  optionError,
  type Scheduler,
  toMilliseconds,
} from "../coroutine/mod.ts";
import { createScheduler } from "../../mod.ts";
import { checkedTransport, ownOption } from "./checked_transport.ts";
import { checkCount } from "./checks.ts";
import type { BusTransport } from "./transport.ts";

/** The options of `openBus`. */
export interface BusOptions {
  /** Runs the coroutines of `bus.run`, and has the clock. Default: one with the clock of the runtime. */
  readonly scheduler?: Scheduler;
  /** The time within which the broker has to confirm a message. Default: 30 s. */
  readonly publishTimeout?: Duration;
  /** The largest message, as text on the bus, in bytes. Bytes are a third longer there. Default: 512 KiB. */
  readonly maxMessageBytes?: number;
  /** The largest sum of the messages that wait for the broker, with a byte for each character. Default: 16 MiB. */
  readonly maxPendingBytes?: number;
  /** The largest number of messages that wait for the broker. Default: 10,000. */
  readonly maxPending?: number;
  /**
   * Called with an error that no wait can get: of `publishNowait`, and of reading while the broker is out of
   * reach. Default: the log of the scheduler's clock.
   */
  readonly onError?: (error: unknown) => void;
}

/** The options after every check, with every default filled in. */
export interface BusSettings {
  readonly transport: BusTransport;
  readonly scheduler: Scheduler;
  readonly clock: Clock;
  /** Names this bus among all producers. */
  readonly producer: string;
  readonly publishTimeoutMs: number;
  readonly maxMessageBytes: number;
  readonly maxPendingBytes: number;
  readonly maxPending: number;
  readonly report: (error: unknown) => void;
}

/** The defaults: the timeout in seconds, the bounds in bytes and messages. */
export const BUS_DEFAULTS = {
  publishTimeout: 30,
  maxMessageBytes: 524_288,
  maxPendingBytes: 16_777_216,
  maxPending: 10_000,
} as const;

/** Messages with more bytes than this take several batches. A page has as many characters. */
export const MAX_BATCH_BYTES: number = 1024 * 1024;

/**
 * Checks a transport and options, and fills in the defaults.
 *
 * @throws {TypeError} If the transport is none, or an option is unknown or of a wrong kind.
 * @throws {RangeError} If a number is outside its range.
 */
export async function resolveBusOptions(
  transport: BusTransport,
  options: BusOptions,
): Promise<BusSettings> {
  checkTransport(transport);
  options = checkNames("openBus", options, [...Object.keys(BUS_DEFAULTS), "scheduler", "onError"]);
  const { onError, publishTimeout = BUS_DEFAULTS.publishTimeout } = options;
  const count = (name: Exclude<keyof typeof BUS_DEFAULTS, "publishTimeout">) =>
    checkCount(
      `${name} of openBus`,
      options[name] === undefined ? BUS_DEFAULTS[name] : options[name],
    );
  checkOption("onError of openBus", onError, "function");
  const { scheduler = await createScheduler() } = options;
  // The members tell a scheduler, since a package that is loaded twice has two classes.
  if (typeof scheduler?.add !== "function" || typeof scheduler.clock?.now !== "function") {
    throw optionError("scheduler of openBus", scheduler, "a Scheduler");
  }
  const { clock } = scheduler;
  const checked = checkedTransport(transport);
  const publishTimeoutMs = toMilliseconds(publishTimeout, "publishTimeout of openBus");
  if (publishTimeoutMs === 0) {
    throw new RangeError("publishTimeout of openBus is 0: expected more than 0");
  }
  return {
    transport: checked,
    scheduler,
    clock,
    producer: randomName(),
    publishTimeoutMs,
    maxMessageBytes: Math.min(count("maxMessageBytes"), checked.maxTextBytes ?? Infinity),
    maxPendingBytes: count("maxPendingBytes"),
    maxPending: count("maxPending"),
    report: reporterOf(onError, transport.name, clock),
  };
}

const MEMBERS = ["append", "page", "watch", "put", "take", "settle", "close"] as const;

function checkTransport(transport: BusTransport): void {
  const isTransport = typeof transport === "object" && transport !== null &&
    MEMBERS.every((member) => typeof transport[member] === "function");
  if (!isTransport) {
    throw optionError("transport", transport, "a transport, such as memoryTransport()");
  }
  // A timer takes NaN for 1 ms, and a loop that waits for it would never rest.
  for (const name of ["maxTextBytes", "pollMs"] as const) {
    const value = ownOption(transport, name);
    if (value === undefined || typeof value === "number" && value > 0) continue;
    throw optionError(`${name} of the transport`, value, "a number above 0");
  }
}

function reporterOf(
  onError: BusOptions["onError"],
  name: string,
  clock: Clock,
): BusSettings["report"] {
  const log = (place: string, error: unknown) => {
    try {
      clock.log?.(`${place}: ${textOf(error)}`);
    } catch {
      // A log that fails must not end the loops of the bus.
    }
  };
  if (onError === undefined) return (error) => log(`bus over ${name}`, error);
  const fail = (thrown: unknown) => log("onError of the bus", thrown);
  return (error) => {
    try {
      const result: unknown = onError(error);
      if (result instanceof Promise) result.catch(fail);
    } catch (thrown) {
      fail(thrown);
    }
  };
}

/** The error may be any value, also one without text, such as a revoked Proxy. */
function textOf(error: unknown): string {
  try {
    // deno-lint-ignore no-control-regex -- a broker's text must not command a terminal
    return String(error).replace(/[\x00-\x1f\x7f-\x9f]/g, " ");
  } catch {
    return "an error without text";
  }
}

/** A name that no other process has: 80 bits at random. */
export function randomName(): string {
  const part = () => Math.random().toString(36).slice(2, 10).padEnd(8, "0");
  return part() + part();
}
