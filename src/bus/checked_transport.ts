/**
 * A transport whose answers are checked.
 *
 * A broker may answer with garbage, such as one of another version or a proxy before it, and a transport of a user
 * may have a fault. An answer of another form is an error of the call. So the call is made again, and no message
 * counts as delivered that is not.
 *
 * `settings.ts` makes one for each bus.
 *
 * @module
 */

import { showValue } from "../coroutine/mod.ts";
import type { Appended, BusTransport, LeasedJob, LogEntry, LogPage } from "./transport.ts";

/** Makes a transport that rejects answers of another form. */
export function checkedTransport(transport: BusTransport): BusTransport {
  const check = <T>(call: string, answer: T, isRight: (answer: T) => boolean): T => {
    if (isRight(answer)) return answer;
    throw new TypeError(`${transport.name} has answered ${call} with ${showValue(answer)}`);
  };
  return {
    name: transport.name,
    maxTextBytes: ownOption(transport, "maxTextBytes"),
    pollMs: ownOption(transport, "pollMs"),
    signals: ownOption(transport, "signals"),
    append: async (log, batch) =>
      check("append", await transport.append(log, batch), (answer) => {
        return isAppended(answer) && answer.offsets.length === batch.messages.length;
      }),
    page: async (log, after, limits) =>
      check("page", await transport.page(log, after, limits), (page) => {
        const from = typeof after === "object" && !page?.isGap ? after.offset : -Infinity;
        return isPage(page) && follow(page.entries, from);
      }),
    watch: (name, onNews) => transport.watch(name, onNews),
    put: async (queue, batch) =>
      check("put", await transport.put(queue, batch), (count) => {
        return Number.isInteger(count) && count >= 0 && count <= batch.messages.length;
      }),
    take: async (queue, limits) =>
      check("take", await transport.take(queue, limits), (jobs) => {
        return Array.isArray(jobs) && jobs.every(isJob);
      }),
    settle: (queue, receipt, settlement) => transport.settle(queue, receipt, settlement),
    close: () => transport.close(),
  };
}

/** An optional member of a transport; one that an app has added to all objects is none. */
export function ownOption<K extends "maxTextBytes" | "pollMs" | "signals">(
  transport: BusTransport,
  name: K,
): BusTransport[K] {
  const foreign: unknown = (Object.prototype as Partial<BusTransport>)[name];
  return transport[name] === foreign ? undefined : transport[name];
}

function isAppended(answer: Appended | null | undefined): answer is Appended {
  return typeof answer?.epoch === "string" && Array.isArray(answer.offsets) &&
    answer.offsets.every(Number.isFinite);
}

function isPage(page: LogPage | null | undefined): page is LogPage {
  return typeof page?.epoch === "string" && Number.isFinite(page.last) &&
    Array.isArray(page.entries) && page.entries.every(isEntry);
}

function isEntry(entry: LogEntry | null | undefined): boolean {
  return Number.isFinite(entry?.offset) && typeof entry?.text === "string";
}

/** Whether each entry is behind the one before it. */
function follow(entries: readonly LogEntry[], from: number): boolean {
  return entries.every(({ offset }, index) => offset > (entries[index - 1]?.offset ?? from));
}

function isJob(job: LeasedJob | null | undefined): boolean {
  return typeof job?.receipt === "string" && Number.isInteger(job.delivery) &&
    typeof job.text === "string";
}
