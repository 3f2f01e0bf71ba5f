/** Metrics: their names, their labels, and the text format of Prometheus, also by `promtool`. */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { provideStats } from "../../src/server/mod.ts";
import {
  formatMetrics,
  metricsApp,
  MetricsRecorder,
  type MetricsSnapshot,
  sumMetrics,
} from "../../src/status/mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { get, type Serving, serving } from "../support/serving.ts";
import { skipWithout } from "../tools/optional_tools.ts";

const app: WSGIApp = function* (environ, startResponse) {
  if (environ.PATH_INFO === "/fail") throw new Error("planned");
  if (environ.PATH_INFO === "/slow") yield* environ.cogen.wait(Sleep(3));
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return "hello";
};

const POOL = { threads: 2, busy: 1, queued: 0, refused: 3, expired: 4, died: 5, lost: 6 };

/** Serves some requests of each kind, and gives the text of the metrics. */
async function sampleText(): Promise<string> {
  const stage = await serving(app);
  const recorder = new MetricsRecorder(stage.server);
  provideStats(stage.server.scheduler, { threads: () => POOL });
  stage.ask(get("/"));
  stage.ask(get("/").replace("GET", "BREW"));
  stage.ask(get("/").replace("GET", "STEEP"));
  stage.ask(get("/").replace("GET", "!#$%&'*+-.^_`|~"));
  stage.ask(get("/fail"));
  stage.ask(get("/slow")).destroy();
  stage.ask("nonsense\r\n\r\n");
  stage.ask(get("/slow"));
  stage.run(3000);
  stage.ask(get("/slow"));
  const text = formatMetrics(recorder.snapshot());
  stage.run(3000);
  stage.takeLog();
  await stage.finish();
  return text;
}

/** The samples as `name{labels}` and value. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const space = line.lastIndexOf(" ");
    return [line.slice(0, space), Number(line.slice(space + 1))];
  }));
}

const GET = 'http_request_method="GET",url_scheme="http"';
const DURATION = "http_server_request_duration_seconds";

test("durations have the names, labels and buckets of OpenTelemetry's conventions", async () => {
  const samples = samplesOf(await sampleText());
  const labels = `${GET},http_response_status_code="200",network_protocol_version="1.1"`;
  const buckets = [...samples].filter(([name]) =>
    name.startsWith(`${DURATION}_bucket{${labels},le=`)
  );
  assertEquals(
    buckets.map(([name, value]) => [/le="(.+)"/.exec(name)?.[1], value]),
    [
      ...["0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5"]
        .map((end) => [end, 1]),
      ...["5", "7.5", "10", "+Inf"].map((end) => [end, 2]),
    ],
  );
  assertEquals(samples.get(`${DURATION}_count{${labels}}`), 2);
  assertEquals(samples.get(`${DURATION}_sum{${labels}}`), 3);
  assertEquals(samples.get(`http_server_active_requests{${GET}}`), 1);
});

test("a failure has a type of error; a client that leaves has neither a status nor an error", async () => {
  const text = await sampleText();
  const counts = [...samplesOf(text)].filter(([name]) => name.startsWith(`${DURATION}_count`));
  const failed = counts.filter(([name]) => name.includes("error_type"));
  assertEquals(
    failed.map(([name, value]) => [/status_code="500".*error_type="500"/.test(name), value]),
    [
      [true, 1],
    ],
  );
  const left = counts.filter(([name]) => !name.includes("status_code"));
  assertEquals(left, [[`${DURATION}_count{${GET},network_protocol_version="1.1"}`, 1]]);
  assertEquals(samplesOf(text).get('cogen_responses_total{kind="left"}'), 1);
  assertEquals(samplesOf(text).get('cogen_responses_total{kind="5xx"}'), 1);
});

test("methods that HTTP does not name share one label", async () => {
  const samples = samplesOf(await sampleText());
  const names = [...samples.keys()].filter((name) => name.startsWith(`${DURATION}_count`));
  assertEquals(names.filter((name) => /BREW|STEEP/.test(name)), []);
  const other = names.find((name) => name.includes('"_OTHER"')) ?? "";
  assertEquals(samples.get(other), 3);
});

test("the counts of the server begin with cogen_", async () => {
  const samples = samplesOf(await sampleText());
  assertEquals(samples.get('cogen_refused_requests_total{status="400"}'), 1);
  assertEquals(samples.get("cogen_accepted_connections_total"), 9);
  assertEquals(samples.get('cogen_connections{state="read"}'), 1);
  assertEquals(samples.get("cogen_coroutines"), 1);
  const pool = ["threads", "busy_threads", "queued_requests", "refused_thread_requests_total"];
  const ends = ["expired_thread_requests_total", "died_threads_total", "lost_threads_total"];
  const values = [...pool, ...ends].map((name) => samples.get(`cogen_${name}`));
  assertEquals(values, Object.values(POOL));
  assertEquals(samples.get("cogen_refused_proxy_headers_total"), 0);
  const names = new Set([...samples.keys()].map((name) => name.replace(/\{.*/, "")));
  assertEquals([...names].filter((name) => !/^(?:cogen|http_server)_/.test(name)), []);
});

test("servers with schedulers of their own are added up", async () => {
  const stages = await Promise.all([serving(app), serving(app)]);
  for (const { server } of stages) {
    provideStats(server.scheduler, { threads: () => POOL });
  }
  const recorder = new MetricsRecorder(stages.map(({ server }) => server));
  for (const stage of stages) stage.ask(get("/slow"));
  const samples = samplesOf(formatMetrics(recorder.snapshot()));
  assertEquals([samples.get("cogen_threads"), samples.get("cogen_coroutines")], [4, 2]);
  for (const stage of stages) {
    stage.run(3000);
    await stage.finish();
  }
});

/** The rules of the text format, https://prometheus.io/docs/instrumenting/exposition_formats/ */
const LINE =
  /^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? (?:[\d.e+-]+|\+Inf))$/;

test("each line has the text format, and each metric stands together under its help and type", async () => {
  const text = await sampleText();
  assert(text.endsWith("\n"));
  const seen: string[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    assertMatch(line, LINE);
    const name = line.replace(/^# (?:HELP|TYPE) /, "").replace(/[ {].*/, "")
      .replace(/^(http_.*_seconds)_(?:bucket|sum|count)$/, "$1");
    if (seen.at(-1) !== name) seen.push(name);
    if (!line.startsWith("#")) continue;
    if (line.includes(" counter")) assertMatch(name, /_total$/);
  }
  assertEquals(seen.length, new Set(seen).size);
  const names = [...samplesOf(text).keys()];
  assertEquals(names.length, new Set(names).size);
});

test("promtool has no complaint", { skip: skipWithout("promtool") }, async () => {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: await sampleText() + formatMetrics(ODD),
    encoding: "utf8",
  });
  assertEquals([status, stdout + stderr], [0, ""]);
});

/** Values of labels that no text format may take for its own, and numbers that are no decimals. */
const ODD: MetricsSnapshot = [{
  name: "odd_jobs",
  type: "gauge",
  help: 'Jobs "of" \\ all kinds,\nand more.',
  combine: "sum",
  samples: ['"', "\\", "\\n", "a\nb 5\nc", "\r", "\0", "\x7f\x85", "\u2028", "\ud800", "}", "é 🦊"]
    .map((kind, at) => ({
      suffix: "",
      labels: { kind },
      value: [NaN, Infinity, -Infinity, 1e-9, 1e21, -0][at] ?? at,
    })),
}];

test("the metrics of several processes are added up; a delay is the longest one", async () => {
  const stage = await serving(app);
  const recorder = new MetricsRecorder([stage.server]);
  stage.ask(get("/"));
  const one = recorder.snapshot();
  stage.ask(get("/fail"));
  const two = structuredClone(recorder.snapshot());
  const samples = samplesOf(formatMetrics(sumMetrics([one, two])));
  assertEquals(samples.get('cogen_responses_total{kind="2xx"}'), 2);
  assertEquals(samples.get('cogen_responses_total{kind="5xx"}'), 1);
  assertEquals(samples.get("cogen_event_loop_delay_seconds"), 0);
  const delays = one.map((metric) =>
    metric.combine === "max"
      ? { ...metric, samples: [{ suffix: "" as const, labels: {}, value: 2 }] }
      : metric
  );
  const most = samplesOf(formatMetrics(sumMetrics([one, delays, two])));
  assertEquals(most.get("cogen_event_loop_delay_seconds"), 2);
  stage.takeLog();
  await stage.finish();
});

async function answerOf(stage: Serving, wsgiApp: WSGIApp) {
  stage.ask(get("/"));
  await using client = testClient(wsgiApp);
  return await client.get("/metrics");
}

test("the app answers with the format's type, and adds the metrics of other processes", async () => {
  const stage = await serving(app);
  const alone = await answerOf(stage, metricsApp(stage.server));
  assertEquals(alone.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const snapshot = new MetricsRecorder(stage.server).snapshot();
  for (const others of [() => [snapshot], () => Promise.resolve([snapshot])]) {
    const { text } = await answerOf(stage, metricsApp(stage.server, { others }));
    const before = snapshot.find(({ name }) => name === "cogen_accepted_connections_total");
    const sum = samplesOf(text).get("cogen_accepted_connections_total") ?? 0;
    assertEquals(sum, before!.samples[0]!.value + stage.server.stats().acceptedConnections);
  }
  await using client = testClient(metricsApp([], { others: () => [snapshot] }));
  const { text } = await client.get("/metrics");
  assertEquals(samplesOf(text).get("cogen_accepted_connections_total"), 1);
  await stage.finish();
});

test("a wrong argument is a named error", async () => {
  const stage = await serving(app);
  assertThrows(() => metricsApp({} as never), TypeError, "The argument of metricsApp");
  assertThrows(() => metricsApp([]), TypeError, "The argument of metricsApp");
  assertThrows(() => new MetricsRecorder({} as never), TypeError, "of MetricsRecorder");
  assertThrows(() => metricsApp(stage.server, { others: 1 } as never), TypeError, "others");
  await stage.finish();
});
