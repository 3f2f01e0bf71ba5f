/**
 * The contract of adapters as a list of checks, for embedders and for the adapters of this package.
 *
 * `checkAdapter` runs all checks. `adapterChecks` gives them one by one, for a test runner. The checks use
 * the language and this package alone, so they run under any runner.
 *
 * @module
 */

import { memoryNetwork } from "../../../adapters/memory.ts";
import { checkNames, checkOption, type Clock, optionError } from "../../coroutine/mod.ts";
import type { Adapter, Address, ListenAddress, ListenOptions } from "../../socket/mod.ts";
import { BACKPRESSURE_CHECKS, PAUSING_CHECKS } from "./backpressure_checks.ts";
import type { Check } from "./check.ts";
import { CLOCK_CHECKS, FACT_CHECKS } from "./clock_checks.ts";
import { CLOSING_CHECKS, HALF_CLOSE_CHECKS, RESET_CHECKS } from "./closing_checks.ts";
import { DIAL_CHECKS } from "./dial_checks.ts";
import { withoutEscapes } from "./escapes.ts";
import { NotApplicable } from "./expectations.ts";
import { FAILURE_CHECKS, REFUSAL_CHECKS } from "./failure_checks.ts";
import { addressCheck, LISTENER_CHECKS } from "./listener_checks.ts";
import { ORDER_CHECKS } from "./order_checks.ts";
import { PROMISES } from "./promises.ts";
import { type OpenPeer, type PeerListener, Stage, type Subject, toDial } from "./stage.ts";
import { VANISHING_CHECKS } from "./vanishing_checks.ts";

/** Options of {@linkcode checkAdapter}. */
export interface AdapterCheckOptions {
  /**
   * The checks that the adapter cannot pass: the name of each, and the reason. Default: none. A check that
   * passes nevertheless is an error, so that the list stays true.
   */
  readonly gaps?: Readonly<Record<string, string>>;
  /**
   * The addresses to listen on. The first serves all checks but those of addresses. Default: a free port on
   * `127.0.0.1`.
   */
  readonly addresses?: readonly ListenAddress[];
  /** Further options for the listeners, such as `tls`. */
  readonly listening?: Omit<ListenOptions, "log">;
  /**
   * Connects a peer to a listener of the adapter: calls `open` once it is connected, and rejects if no code
   * listens. Needed for an adapter without `dial`. A peer over another implementation, such as a
   * `node:net` client, finds faults that two ends of one adapter hide from each other. Default: `dial` of
   * the adapter.
   */
  readonly connect?: (address: Address, open: OpenPeer) => Promise<void>;
  /**
   * Listens for the connections that the adapter dials, with any implementation. Default: `listen` of the
   * adapter.
   */
  readonly listen?: (address: ListenAddress, open: OpenPeer) => Promise<PeerListener>;
  /** The clock of the waits. Default: the clock of the runtime. */
  readonly clock?: Clock;
}

const OPTIONS = ["gaps", "addresses", "listening", "connect", "listen", "clock"];

/**
 * The result of a check that did not fail: `gap` for a gap that fails, as expected, and `left out` if the
 * adapter or the peer has no such member.
 */
export type CheckResult = "passed" | "gap" | "left out";

/** One check of an adapter. */
export interface AdapterCheck {
  /** The topic and the behaviour, such as `half-close: reading goes on after endWrite`. */
  readonly name: string;
  /** The member of an interface that makes the promise, and the words of the promise. */
  readonly promise: string;
  /** The reason of the gap, if the options name this check. */
  readonly gap: string | undefined;
  /**
   * Runs the check. One check runs at a time.
   *
   * @throws {BrokenPromise} If the adapter fails the check, or passes a gap.
   */
  readonly run: () => Promise<void>;
}

/** The error of an adapter that fails a check. */
export class BrokenPromise extends Error {
  /** `BrokenPromise`. */
  override readonly name = "BrokenPromise";
  /** The name of the check. */
  readonly check: string;
  /** The promise that was broken: a member of an interface, and its words. */
  readonly promise: string;

  /**
   * Makes the error.
   *
   * @param check The name of the check.
   * @param promise The promise.
   * @param cause The way in which the adapter fails.
   */
  constructor(check: string, promise: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    super(`${check}: ${fault}\nThe promise: ${promise}`, { cause });
    this.check = check;
    this.promise = promise;
  }
}

/** The results of all checks, by their names. */
export type AdapterReport = Readonly<Record<string, CheckResult>>;

const LOOPBACK: ListenAddress = { host: "127.0.0.1", port: 0 };

/** The checks of one connection, which hold for accepted and dialled ones. */
const CONVERSATION: readonly Check[] = [
  ...ORDER_CHECKS,
  ...BACKPRESSURE_CHECKS,
  ...PAUSING_CHECKS,
  ...HALF_CLOSE_CHECKS,
  ...CLOSING_CHECKS,
  ...RESET_CHECKS,
  ...VANISHING_CHECKS,
  ...FAILURE_CHECKS,
];

/** The checks of an adapter that need no `dial`. */
const LISTENING: readonly Check[] = [
  ...REFUSAL_CHECKS,
  ...LISTENER_CHECKS,
  ...CLOCK_CHECKS,
  ...FACT_CHECKS,
];

/**
 * Checks that an adapter keeps all promises of `Adapter`, `Listener`, `Socket` and `Clock`. The checks run
 * one after the other, and take about half a minute. `message_port.ts` and `duplex.ts` of `examples/sockets`
 * are adapters that pass.
 *
 * @param adapter The adapter.
 * @param options The gaps, the addresses, and the peers.
 * @returns The result of each check, if none failed.
 * @throws {AggregateError} If a check failed, with a {@linkcode BrokenPromise} for each. The message says
 *   which promises were broken, and in which way.
 * @throws {TypeError} For an option of a wrong kind, and for a gap that names no check.
 *
 * @example An adapter in memory
 * <!-- example: on bun -->
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 * import { checkAdapter } from "@x/cogen-wsgi/testing";
 *
 * const report = await checkAdapter(memoryNetwork().adapter);
 * assertEquals(report["half-close: reading goes on after endWrite"], "passed");
 * ```
 *
 * @example An adapter without `dial`, which cannot half-close
 * ```ts ignore
 * await checkAdapter(adapter, {
 *   connect: (address, open) => connectToMyListener(address, open),
 *   gaps: { "half-close: reading goes on after endWrite": "the stream has one end" },
 * });
 * ```
 */
export async function checkAdapter(
  adapter: Adapter,
  options: AdapterCheckOptions = {},
): Promise<AdapterReport> {
  const report: Record<string, CheckResult> = {};
  const errors: BrokenPromise[] = [];
  for (const check of prepare(adapter, options)) {
    try {
      report[check.name] = await check.result();
    } catch (error) {
      errors.push(error as BrokenPromise);
    }
  }
  if (errors.length === 0) return report;
  const list = errors.map(({ message }) => `- ${message.replaceAll("\n", "\n  ")}`).join("\n");
  throw new AggregateError(
    errors,
    `The adapter ${adapter.name} breaks ${errors.length} promises:\n${list}`,
  );
}

/**
 * Gives the checks of {@linkcode checkAdapter} one by one, for a test runner.
 *
 * @param adapter The adapter.
 * @param options The gaps, the addresses, and the peers.
 * @returns The checks. They must not run at the same time.
 * @throws {TypeError} For an option of a wrong kind, and for a gap that names no check.
 *
 * @example Under `node:test`, `Deno.test` or `bun test`
 * <!-- example: on bun -->
 * ```ts
 * import { test } from "node:test";
 * import { memoryNetwork } from "@x/cogen-wsgi/adapters/memory";
 * import { adapterChecks } from "@x/cogen-wsgi/testing";
 *
 * for (const { name, run } of adapterChecks(memoryNetwork().adapter)) {
 *   test(name, run);
 * }
 * ```
 */
export function adapterChecks(
  adapter: Adapter,
  options: AdapterCheckOptions = {},
): readonly AdapterCheck[] {
  return prepare(adapter, options).map(({ name, promise, gap, result }) => ({
    name,
    promise,
    gap,
    run: async () => void await result(),
  }));
}

/** A check, and the adapter that it runs on. */
type PreparedCheck = Omit<AdapterCheck, "run"> & { readonly result: () => Promise<CheckResult> };

function prepare(adapter: Adapter, options: AdapterCheckOptions): readonly PreparedCheck[] {
  options = checkNames("options of checkAdapter", options, OPTIONS);
  checkOption("connect", options.connect, "function");
  checkOption("listen", options.listen, "function");
  const { clock, listening } = options;
  if (clock !== undefined) checkClock("clock of checkAdapter", clock);
  if (listening !== undefined && (typeof listening !== "object" || listening === null)) {
    throw optionError("listening of checkAdapter", listening, "the options of listen");
  }
  const subject = subjectOf(adapter, options);
  const checks = checksOf(subject);
  const gaps = gapsOf(options, [...checks.keys()]);
  return [...checks].map(([name, [check, dials]]) => {
    const gap = gaps[name];
    const promise = PROMISES[check.promise];
    const stage = () => new Stage(subject, dials, gap !== undefined);
    const result = () =>
      gap === undefined ? runCheck(check, stage(), name) : runGap(check, stage, name);
    return { name, promise, gap, result };
  });
}

function checkClock(name: string, clock: unknown): void {
  const { now, defer, setTimer } = Object(clock) as Partial<Clock>;
  if ([now, defer, setTimer].every((method) => typeof method === "function")) return;
  throw optionError(name, clock, "a Clock, with the methods now, defer and setTimer");
}

function gapsOf(
  { gaps = {} }: AdapterCheckOptions,
  names: readonly string[],
): Readonly<Record<string, string>> {
  if (typeof gaps !== "object" || gaps === null || Array.isArray(gaps)) {
    throw optionError(
      "gaps",
      gaps,
      `an object, such as { ${JSON.stringify(names[0])}: "the reason" }`,
    );
  }
  for (const [name, reason] of Object.entries(gaps)) {
    if (!names.includes(name)) {
      const topic = name.split(":", 1)[0]?.replace(/s$/, "") ?? "";
      const near = names.filter((each) => each.startsWith(topic));
      const expected = (near.length > 0 ? near : names).map((each) => `\n- ${each}`).join("");
      throw new TypeError(
        `Unknown check in gaps ${JSON.stringify(name)}: expected one of${expected}`,
      );
    }
    if (typeof reason !== "string" || reason === "") {
      throw optionError(`The gap ${JSON.stringify(name)}`, reason, "the reason, as a text");
    }
  }
  return gaps;
}

async function runCheck(check: Check, stage: Stage, name: string): Promise<CheckResult> {
  try {
    await withoutEscapes(() => check.run(stage));
    return "passed";
  } catch (error) {
    if (error instanceof NotApplicable) return "left out";
    await stage.clear();
    throw new BrokenPromise(name, PROMISES[check.promise], error);
  }
}

/** A gap that depends on the kernel or on a time may pass by luck, so it has to pass this many times. */
const GAP_ROUNDS = 5;

/** Runs a check that is expected to fail. */
async function runGap(check: Check, stage: () => Stage, name: string): Promise<CheckResult> {
  for (let round = 0; round < GAP_ROUNDS; round++) {
    const place = stage();
    try {
      await withoutEscapes(() => check.run(place));
    } catch (error) {
      await place.clear();
      if (!(error instanceof NotApplicable)) return "gap";
      break;
    }
  }
  const complaint = "The check does not fail any more: remove it from gaps";
  throw new BrokenPromise(name, PROMISES[check.promise], complaint);
}

/** A check, and whether the adapter dials its connections. */
type Planned = readonly [check: Check, dials: boolean];

/** All checks of an adapter, by their full names. */
function checksOf(subject: Subject): ReadonlyMap<string, Planned> {
  const canDial = subject.adapter.dial !== undefined && subject.listening.tls === undefined;
  const conversation = [...CONVERSATION, ...subject.addresses.map(addressCheck)];
  const checks = new Map<string, Planned>();
  for (const check of [...conversation, ...LISTENING]) checks.set(check.name, [check, false]);
  if (!canDial) return checks;
  for (const check of DIAL_CHECKS) checks.set(check.name, [check, true]);
  for (const check of conversation) checks.set(`dialled, ${check.name}`, [check, true]);
  return checks;
}

function subjectOf(adapter: Adapter, options: AdapterCheckOptions): Subject {
  if (typeof adapter !== "object" || adapter === null || typeof adapter.listen !== "function") {
    throw optionError("The adapter", adapter, "an object with a method listen");
  }
  const { name, latin1, hostName, log } = adapter;
  if (typeof name !== "string") throw optionError("name of the adapter", name, "a string");
  for (const [member, method] of Object.entries({ latin1, hostName, log })) {
    if (typeof method === "function") continue;
    throw optionError(`${member} of the adapter`, method, "a function");
  }
  checkClock("clock of the adapter", adapter.clock);
  const { addresses = [LOOPBACK], connect, listen } = options;
  const listening = Object.assign(Object.create(null) as ListenOptions, options.listening);
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw optionError("addresses", addresses, "a list of addresses to listen on");
  }
  if (connect === undefined && (adapter.dial === undefined || listening.tls !== undefined)) {
    throw new TypeError(
      "The adapter cannot dial its own listeners: give connect, a function (address, open) that " +
        "connects a peer",
    );
  }
  return {
    adapter,
    addresses,
    listening,
    connect: connect ?? (async (address, open) => await adapter.dial?.(toDial(address), open)),
    listen: listen ?? ((address, open) => adapter.listen(address, {}, open)),
    clock: options.clock ?? memoryNetwork().adapter.clock,
    missed: new Set(),
  };
}

export type { OpenPeer, PeerListener };
