/**
 * The status as text: a table of the servers, a table of the requests with the trees of their coroutines, and the
 * coroutines without a request.
 *
 * The text has no control characters: a name or a target cannot move the cursor of a terminal.
 *
 * @module
 */

import type { CoroutineView, RequestView, ServerView, StatusView } from "../../status/mod.ts";
import { controlCode } from "../failure.ts";

type Row = readonly string[];

const SERVER_HEAD = [
  ...["SERVER", "CONNECTIONS", "ACTIVE", "SERVED", "2XX", "4XX", "5XX", "LEFT", "REFUSED"],
  ...["RATE", "P50", "P99", "LOOP DELAY"],
];
const WAIT_HEAD = ["WAITS FOR", "SINCE", "AT"];
const REQUEST_HEAD = [
  ...["REQUEST", "APP", "CLIENT", "AGE", "STATUS", "SENT", "CONNECTION"],
  ...WAIT_HEAD,
];

/** Writes a status. */
export function formatStatus(view: StatusView): string {
  const { servers, requests, omittedRequests, coroutines, omittedCoroutines } = view;
  const count = (length: number, omitted: number) =>
    omitted === 0 ? String(length) : `${length + omitted}, the oldest ${length} of them`;
  const lines = [
    ...table([SERVER_HEAD, ...servers.map(serverRow)]),
    ...silentLines(view),
    "",
    `Requests: ${count(requests.length, omittedRequests)}`,
  ];
  if (requests.length > 0) {
    lines.push(...table([REQUEST_HEAD, ...requests.flatMap(requestRows)]));
  }
  lines.push("", `Other coroutines: ${count(coroutines.length, omittedCoroutines)}`);
  if (coroutines.length > 0) {
    const rows = coroutines.flatMap((each) => coroutineRows(each, "", [], each.worker ?? ""));
    lines.push(...table([["COROUTINE", ...WAIT_HEAD], ...rows]));
  }
  if (!view.debug && requests.length + coroutines.length > 0) {
    lines.push("", "Start the server with COGEN_DEBUG=1 to see since when and at which line.");
  }
  return lines.map((line) => `${line}\n`).join("");
}

function silentLines({ silent }: StatusView): string[] {
  return silent.map((name) =>
    clean(`${name} does not answer: a step of an app holds its event loop`)
  );
}

function serverRow({ url, stats, lastMinute }: ServerView): Row {
  const { responses } = stats;
  const { rate, p50Ms, p99Ms } = lastMinute;
  const numbers = [stats.connections, stats.activeRequests, stats.servedRequests];
  const kinds = [responses["2xx"], responses["4xx"], responses["5xx"], responses.left];
  return [
    named(url || "-", stats.worker),
    ...[...numbers, ...kinds, stats.refusedRequests].map(String),
    `${rate.at(-1) ?? 0}/s`,
    ...[p50Ms, p99Ms, stats.loopDelayMs].map(time),
  ];
}

/** One row for the request with the wait of its app, and one for each of its other coroutines. */
function requestRows(request: RequestView): Row[] {
  const { method, target, client, worker, app, ageMs, status, sentBytes, connection } = request;
  const [first, ...others] = request.coroutines;
  const facts = [time(ageMs), String(status ?? "-"), `${sentBytes} B`, connection];
  const wait = first === undefined ? ["(running)"] : waitCells(first);
  return [
    [named(`${method} ${target}`, worker), app, client, ...facts, ...wait],
    ...[...first?.children ?? [], ...others].flatMap((each) => {
      return coroutineRows(each, "  ", NO_FACTS);
    }),
  ];
}

/** The cells between the name of a coroutine of a request and its wait. */
const NO_FACTS = REQUEST_HEAD.slice(1, -WAIT_HEAD.length).map(() => "");

function coroutineRows(view: CoroutineView, indent: string, between: Row, worker = ""): Row[] {
  return [
    [indent + named(view.name, worker || null), ...between, ...waitCells(view)],
    ...view.children.flatMap((child) => coroutineRows(child, `${indent}  `, between)),
  ];
}

function waitCells({ state, waitsFor, waitedMs, line }: CoroutineView): Row {
  return [
    waitsFor ?? `(${state})`,
    waitedMs === undefined ? "" : time(waitedMs),
    line ?? "",
  ];
}

function named(name: string, worker: string | null | undefined): string {
  return worker === null || worker === undefined ? name : `${name} (worker ${worker})`;
}

/** The longest cell that makes its column wider. */
const MAX_WIDTH = 60;

/** Puts rows into columns. The cells of a row after a longer one move to the right. */
function table(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => row.map(clean));
  const columns = Math.max(...cells.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, at) => {
    const lengths = cells.map((row) => row[at]?.length ?? 0);
    return Math.max(...lengths.filter((length) => length <= MAX_WIDTH), 0);
  });
  return cells.map((row) =>
    row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd()
  );
}

/** Shows control characters as their code. */
function clean(text: string): string {
  return text.replace(/\p{Cc}/gu, controlCode);
}

function time(ms: number | null): string {
  if (ms === null) return "-";
  if (ms < 1000) return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}
