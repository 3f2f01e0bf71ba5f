/**
 * A program that measures a server with one more feature beside a plain one, in one process, in short turns.
 *
 * Each server has a copy of the compiled package of its own, so that the code of the plain one is compiled for
 * plain requests.
 *
 * `../modes/overhead.ts` runs this for each feature, and reads the JSON that it prints.
 *
 * @module
 */

import process from "node:process";
import * as api from "@opentelemetry/api";
import { AlwaysOffSampler, BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import type { accessLog, requestId, StartResponse, WSGIApp, WSGIServer } from "../../mod.ts";
import type { openTelemetry } from "../../src/middleware/open_telemetry/mod.ts";
import type { MetricsRecorder, StatusRecorder } from "../../src/status/mod.ts";
import { BROWSER } from "../workloads/requests.ts";
import type { OverheadJob } from "./overhead_features.ts";
import { openServer, type PairRatio, ratioOf } from "./paired_servers.ts";

// deno-lint-ignore require-yield -- a generator, as most apps are
const hello: WSGIApp = function* (_environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return "Hello, world!";
};

interface Middleware {
  readonly accessLog: typeof accessLog;
  readonly requestId: typeof requestId;
}

/** The characters that were logged, so that no line is left out as unused. */
let logged = 0;
const log = (line: string) => void (logged += line.length);

async function appOf({ feature, folder }: OverheadJob): Promise<WSGIApp> {
  const { accessLog, requestId } = await import(`${folder}/mod.js`) as Middleware;
  if (feature === "access log") return accessLog(hello, log);
  if (feature === "access log, JSON") return accessLog(hello, log, { format: "json" });
  if (feature === "request ids") return requestId(hello);
  if (!feature.startsWith("OpenTelemetry")) return hello;
  const isSampled = feature === "OpenTelemetry";
  // Without an exporter: its cost is none of the middleware.
  const provider = new BasicTracerProvider(isSampled ? {} : { sampler: new AlwaysOffSampler() });
  api.trace.setGlobalTracerProvider(provider);
  const path = `${folder}/src/middleware/open_telemetry/mod.js`;
  const traces = await import(path) as { readonly openTelemetry: typeof openTelemetry };
  return traces.openTelemetry(hello, { api });
}

interface Recorders {
  readonly MetricsRecorder: typeof MetricsRecorder;
  readonly StatusRecorder: typeof StatusRecorder;
}

async function observe(server: WSGIServer, { feature, folder }: OverheadJob): Promise<void> {
  if (feature !== "metrics" && feature !== "status") return;
  const recorders = await import(`${folder}/src/status/mod.js`) as Recorders;
  const Recorder = recorders[feature === "metrics" ? "MetricsRecorder" : "StatusRecorder"];
  new Recorder(server);
}

async function measure(job: OverheadJob): Promise<PairRatio> {
  const { adapter, feature, folder, other, turns } = job;
  const program = { adapter, request: BROWSER, count: 1 };
  const options = feature === "debug" ? { debug: true } : {};
  const one = await openServer({ ...program, folder, app: await appOf(job), options });
  await observe(one.server as WSGIServer, job);
  const plain = await openServer({ ...program, folder: other, app: hello });
  return await ratioOf(one.serve, plain.serve, turns);
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? "") as OverheadJob)));
if (logged < 0) console.error(logged);
process.exit(0);
