/** Apps whose clients leave, many at a time, and what is left of them then. */

import { assert, assertEquals } from "@std/assert";
import type { AppIterable, AppYield, Block, WSGIApp } from "../../mod.ts";
import { ranMs } from "../support/run_time.ts";
import {
  eventually,
  type RealServing,
  servingOverTcp,
  SLACK,
  standstill,
  type TcpClient,
  type Way,
} from "../support/tcp.ts";
import { STACKS, SYNC_STACKS } from "./middleware.ts";
import { type Doing, Trace, type Wait } from "./states.ts";

/** How soon a client that has left is noticed, in milliseconds of `ranMs`. */
export const NOTICED_WITHIN: number = 100 * SLACK;

/** One client and the app that serves it. */
interface Case {
  readonly name: string;
  readonly way: Way;
  readonly trace: Trace;
  readonly app: WSGIApp;
}

/** The milliseconds from a client's leaving to `finally`, by what its app was doing. */
export const latencies: Map<string, number[]> = new Map();

type Bodies = Doing["bodies"];

/** An app that begins a response, does something, and leaves traces. */
function traced(doing: Doing, body: Bodies[string], trace: Trace): WSGIApp {
  return (environ, startResponse) => {
    const { signal } = environ.cogen;
    signal.addEventListener("abort", () => void trace.aborts++);
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    const given = body(environ, trace) as AppIterable;
    const iterable = Symbol.asyncIterator in given
      ? later(given as AsyncIterable<Block>)
      : now(given);
    return Object.assign(iterable, { close: () => void trace.closes++ });
  };
  function* now(given: Iterable<AppYield, unknown, unknown>): Generator<AppYield, void, unknown> {
    try {
      if (!doing.silent) yield "begun";
      trace.ready = true;
      yield* given;
    } finally {
      ending();
    }
  }
  async function* later(
    given: AsyncIterable<Block, unknown, unknown>,
  ): AsyncGenerator<Block, void, unknown> {
    try {
      if (!doing.silent) yield "begun";
      trace.ready = true;
      yield* given;
    } finally {
      ending();
    }
  }
  function ending(): void {
    trace.finallies++;
    trace.at = ranMs();
  }
}

/** Every style of a doing, through every stack that takes it. */
function casesOf(doing: Doing, way: Way): Case[] {
  return Object.entries(doing.bodies).flatMap(([style, body]) => {
    const stacks = style.startsWith("async") || style === "yielded"
      ? STACKS
      : { ...STACKS, ...SYNC_STACKS };
    return Object.entries(stacks).map(([stack, wrap]) => {
      const trace = new Trace();
      const app = wrap(traced(doing, body, trace));
      return { name: `${way}, ${style}, ${stack}`, way, trace, app };
    });
  });
}

const REQUEST = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/** Sends the request of one case, and waits until its app does what it should be found doing. */
async function begin(
  serving: RealServing,
  doing: Doing,
  index: number,
  { trace }: Case,
): Promise<TcpClient> {
  const client = await serving.open({ count: true });
  if (doing.unread) client.stream.pause();
  const gzip = doing.unread || doing.busy ? "" : "Accept-Encoding: gzip\r\n";
  const head = `Case: ${index}\r\n${gzip}\r\n`;
  client.send((doing.request ?? REQUEST).replace("\r\n\r\n", `\r\n${head}`));
  await eventually("the app to begin", () => trace.ready);
  if (doing.busy) await eventually("it to go on", () => trace.blocks > 10);
  else if (doing.unread) await standstill("the window to fill", () => trace.blocks);
  else if (!doing.silent) await client.until("the first block", () => client.count > 0);
  return client;
}

/**
 * Lets clients leave, one for each way, style and stack, and checks that all of it ends in time.
 *
 * @param what Under what to keep the latencies.
 * @param wait What the apps wait on, if it is an operation.
 */
export async function checkLeaving(
  what: string,
  doing: Doing,
  ways: readonly Way[],
  wait: Omit<Wait, "begin"> = {},
): Promise<void> {
  const cases = ways.flatMap((way) => casesOf(doing, way));
  const serving = await servingOverTcp((environ, startResponse) => {
    return cases[Number(environ["HTTP_CASE"])]!.app(environ, startResponse);
  });
  const clients = await Promise.all(
    cases.map((each, index) => begin(serving, doing, index, each)),
  );
  await checkUnderWay(serving, doing, cases, wait);
  const left = cases.map(({ way }, index) => {
    const now = ranMs();
    clients[index]!.leave(way);
    return now;
  });
  await eventually("every finally", () => cases.every(({ trace }) => trace.finallies > 0));
  wait.dispose?.();
  await serving.quiet(NOTICED_WITHIN);
  for (const [index, each] of cases.entries()) {
    checkEnded(each, left[index]!);
    const key = `${what}|${each.way}`;
    latencies.set(key, [...latencies.get(key) ?? [], each.trace.at - left[index]!]);
  }
  assertEquals(wait.waiting?.() ?? 0, 0);
  await serving.finish();
}

/** They are where they should be found. */
async function checkUnderWay(
  { server }: RealServing,
  doing: Doing,
  cases: readonly Case[],
  wait: Omit<Wait, "begin">,
): Promise<void> {
  if (!doing.busy) await eventually("all to wait", () => server.scheduler.stats().ready === 0);
  assertEquals(server.stats().activeRequests, cases.length);
  if (wait.waiting !== undefined) assert(wait.waiting() >= cases.length, "all wait");
  for (const { name, trace } of cases) {
    const { finallies, begun, ended } = trace;
    const expected = { name, finallies: 0, begun: wait.children ?? 0, ended: 0 };
    assertEquals({ name, finallies, begun, ended }, expected);
  }
}

/** It was noticed in time, and everything was done once. */
function checkEnded({ name, trace }: Case, left: number): void {
  const { finallies, closes, aborts, begun, ended } = trace;
  assertEquals({ name, finallies, closes, aborts }, { name, finallies: 1, closes: 1, aborts: 1 });
  assertEquals([name, ended], [name, begun]);
  const latency = trace.at - left;
  assert(latency <= NOTICED_WITHIN, `${name}: noticed after ${latency} ms`);
}
