/** The text of the command `status`. */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { formatStatus } from "../../../src/cli/status/table.ts";
import {
  AddCoro,
  ManualClock,
  Scheduler,
  Sleep,
  WaitForSignal,
} from "../../../src/coroutine/mod.ts";
import { StatusRecorder, type StatusView } from "../../../src/status/mod.ts";
import { get, serving } from "../../support/serving.ts";

/** A server with a request that waits, an answered one, and a coroutine of its own. */
async function viewWith(options: { debug: boolean; worker?: string }): Promise<StatusView> {
  const { debug, ...more } = options;
  const clock = new ManualClock();
  const scheduler = new Scheduler({ clock, debug });
  const stage = await serving(function* shop(environ, startResponse) {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    if (environ.PATH_INFO === "/") return "hello";
    yield "waiting";
    yield* environ.cogen.wait(AddCoro(function* child() {
      yield* Sleep(100);
    }));
    yield* environ.cogen.wait(WaitForSignal("paid"));
  }, { clock, scheduler, ...more });
  const recorder = new StatusRecorder(stage.server);
  stage.ask(get("/"));
  stage.ask(get("/order?id=7"));
  scheduler.add(function* mailer() {
    yield* WaitForSignal("go");
  });
  stage.run(2500);
  const view = structuredClone(recorder.view());
  for (const task of scheduler.tasks()) task.cancel();
  stage.run();
  await stage.finish();
  return view;
}

/** The lines, without the width of the columns. */
function linesOf(text: string): string[] {
  const narrow = text.replace(/127\.0\.0\.1:\d+/g, "CLIENT").replace(/(\S) {2,}/g, "$1 | ");
  return narrow.trimEnd().split("\n");
}

test("the servers, the requests with their waits, and the other coroutines", async () => {
  const text = formatStatus(await viewWith({ debug: false, worker: "2" }));
  assertEquals(linesOf(text), [
    "SERVER | CONNECTIONS | ACTIVE | SERVED | 2XX | 4XX | 5XX | LEFT | REFUSED | RATE | P50 | P99 | LOOP DELAY",
    "http://CLIENT/ (worker 2) | 2 | 1 | 1 | 1 | 0 | 0 | 0 | 0 | 0/s | 0.1 ms | 0.1 ms | 0.0 ms",
    "",
    "Requests: 1",
    "REQUEST | APP | CLIENT | AGE | STATUS | SENT | CONNECTION | WAITS FOR | SINCE | AT",
    'GET /order?id=7 (worker 2) | shop | CLIENT | 2 s | 200 | 7 B | read | WaitForSignal("paid")',
    "  child | Sleep",
    "",
    "Other coroutines: 1",
    "COROUTINE | WAITS FOR | SINCE | AT",
    'mailer (worker 2) | WaitForSignal("go")',
    "",
    "Start the server with COGEN_DEBUG=1 to see since when and at which line.",
  ]);
  const [head = "", request = "", child = ""] = text.split("\n").slice(4);
  const column = head.indexOf("WAITS FOR");
  assertEquals([request.indexOf("WaitForSignal"), child.indexOf("Sleep")], [column, column]);
});

test("with debug, each wait has its time and its line", async () => {
  const lines = linesOf(formatStatus(await viewWith({ debug: true })));
  const waits = lines.filter((line) => /WaitForSignal|Sleep/.test(line));
  assertEquals(waits.length, 3);
  for (const line of waits) assertMatch(line, / \| 2 s \| .*table_test\.ts:\d+/);
  assertEquals(lines.at(-1)?.startsWith("mailer | "), true);
});

test("entries that are left out are counted, and silent workers are named", async () => {
  const view = await viewWith({ debug: true });
  const lines = linesOf(formatStatus({ ...view, omittedRequests: 3, silent: ["worker 4"] }));
  assertEquals(lines.filter((line) => /^(?:worker 4|Requests)/.test(line)), [
    "worker 4 does not answer: a step of an app holds its event loop",
    "Requests: 4, the oldest 1 of them",
  ]);
});

test("control characters of names and targets are shown as their codes", async () => {
  const view = await viewWith({ debug: true });
  const [request] = view.requests;
  const hostile = { ...request!, app: "\x1b[2J", target: "/a\r\n\x9b" };
  const text = formatStatus({ ...view, requests: [hostile] });
  assertMatch(text, /GET \/a\\x0d\\x0a\\x9b +\\x1b\[2J/);
  assertEquals(text.replaceAll("\n", "").match(/\p{Cc}/gu), null);
});
