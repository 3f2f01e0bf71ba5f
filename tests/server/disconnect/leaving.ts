/** Many apps at a time with clients that leave, and the check of the state that remains. */

import { assert, assertEquals } from "@std/assert";
import type { AppIterable, AppYield, Block, WSGIApp } from "../../../mod.ts";
import { ranMs } from "../../support/run_time.ts";
import {
  eventually,
  type RealServing,
  servingOverTcp,
  SLACK,
  standstill,
  type TcpClient,
  type Way,
} from "../../support/tcp.ts";
import { STACKS, SYNC_STACKS } from "./middleware.ts";
import { type Activity, Trace, type WaitCase } from "./states.ts";

/** The time in which the server notices that a client has left, in milliseconds of `ranMs`. */
export const NOTICED_WITHIN: number = 100 * SLACK;

/** One client and the app that serves it. */
interface Case {
  readonly name: string;
  readonly way: Way;
  readonly trace: Trace;
  readonly app: WSGIApp;
}

/**
 * The milliseconds from the leaving of a client to the `finally` of its app, by activity and way.
 */
export const latencies: Map<string, number[]> = new Map();

type Bodies = Activity["bodies"];

/** Makes an app that begins a response, performs an activity, and writes the trace. */
function traced(activity: Activity, body: Bodies[string], trace: Trace): WSGIApp {
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
      if (!activity.silent) yield "begun";
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
      if (!activity.silent) yield "begun";
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

/** Makes a case for every style of an activity and every stack of middleware for that style. */
function casesOf(activity: Activity, way: Way): Case[] {
  return Object.entries(activity.bodies).flatMap(([style, body]) => {
    const stacks = style.startsWith("async") || style === "yielded"
      ? STACKS
      : { ...STACKS, ...SYNC_STACKS };
    return Object.entries(stacks).map(([stack, wrap]) => {
      const trace = new Trace();
      const app = wrap(traced(activity, body, trace));
      return { name: `${way}, ${style}, ${stack}`, way, trace, app };
    });
  });
}

const REQUEST = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/** Sends the request of one case, and waits until its app performs the activity. */
async function begin(
  serving: RealServing,
  activity: Activity,
  index: number,
  { trace }: Case,
): Promise<TcpClient> {
  const client = await serving.open({ count: true });
  if (activity.unread) client.stream.pause();
  const gzip = activity.unread || activity.busy ? "" : "Accept-Encoding: gzip\r\n";
  const head = `Case: ${index}\r\n${gzip}\r\n`;
  client.send((activity.request ?? REQUEST).replace("\r\n\r\n", `\r\n${head}`));
  await eventually("the app to begin", () => trace.ready);
  if (activity.busy) await eventually("it to go on", () => trace.blocks > 10);
  else if (activity.unread) await standstill("the window to fill", () => trace.blocks);
  else if (!activity.silent) await client.until("the first block", () => client.count > 0);
  return client;
}

/**
 * Lets clients leave, one for each way, style and stack, and checks that all apps end in time.
 *
 * @param name The name of the activity, for the latencies.
 * @param wait The wait of the apps, if the activity is one operation.
 */
export async function checkLeaving(
  name: string,
  activity: Activity,
  ways: readonly Way[],
  wait: Omit<WaitCase, "begin"> = {},
): Promise<void> {
  const cases = ways.flatMap((way) => casesOf(activity, way));
  const serving = await servingOverTcp((environ, startResponse) => {
    return cases[Number(environ["HTTP_CASE"])]!.app(environ, startResponse);
  });
  const clients = await Promise.all(
    cases.map((each, index) => begin(serving, activity, index, each)),
  );
  await checkUnderWay(serving, activity, cases, wait);
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
    const key = `${name}|${each.way}`;
    latencies.set(key, [...latencies.get(key) ?? [], each.trace.at - left[index]!]);
  }
  assertEquals(wait.waiting?.() ?? 0, 0);
  await serving.finish();
}

/** Checks that all apps perform the activity. */
async function checkUnderWay(
  { server }: RealServing,
  activity: Activity,
  cases: readonly Case[],
  wait: Omit<WaitCase, "begin">,
): Promise<void> {
  if (!activity.busy) await eventually("all to wait", () => server.scheduler.stats().ready === 0);
  assertEquals(server.stats().activeRequests, cases.length);
  if (wait.waiting !== undefined) assert(wait.waiting() >= cases.length, "all wait");
  for (const { name, trace } of cases) {
    const { finallies, begun, ended } = trace;
    const expected = { name, finallies: 0, begun: wait.children ?? 0, ended: 0 };
    assertEquals({ name, finallies, begun, ended }, expected);
  }
}

/**
 * Checks that the server noticed in time, and that `finally`, `close()` and the abort came once.
 */
function checkEnded({ name, trace }: Case, left: number): void {
  const { finallies, closes, aborts, begun, ended } = trace;
  assertEquals({ name, finallies, closes, aborts }, { name, finallies: 1, closes: 1, aborts: 1 });
  assertEquals([name, ended], [name, begun]);
  const latency = trace.at - left;
  assert(latency <= NOTICED_WITHIN, `${name}: noticed after ${latency} ms`);
}
