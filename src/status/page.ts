/**
 * The status page: its HTML, its style and its script, as they go to the browser.
 *
 * The script puts all text into the page by `textContent`, so no request can add markup to the page.
 *
 * {@linkcode statusApp} serves these files.
 *
 * @module
 */

/** The page. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Status</title>
<link rel="stylesheet" href="page.css">
<main>
<h1>Status <small id="date">connecting</small></h1>
<p id="silent" class="lost" hidden></p>
<div id="servers"></div>
<h2>Requests <small id="request-count"></small></h2>
<p id="hint" hidden>Lines and times of waits need the option debug of the scheduler, or COGEN_DEBUG=1.</p>
<ul id="requests"></ul>
<h2>Other coroutines <small id="coroutine-count"></small></h2>
<ul id="coroutines"></ul>
</main>
<script src="page.js"></script>
</html>
`;

/** The style of the page. */
export const STYLE = `:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 0 auto; padding: 1em; max-width: 70em; }
h1 { font-size: 1.4em; margin: 0 0 .5em; }
h2 { font-size: 1.1em; margin: 1.5em 0 .5em; }
small { font-weight: normal; opacity: .7; font-size: .75em; }
ul { list-style: none; padding: 0; margin: 0; }
ul ul { padding-left: 1em; border-left: 2px solid #8884; }
#requests > li, #coroutines > li { padding: .5em 0; border-top: 1px solid #8884; }
.target { font-weight: 600; overflow-wrap: anywhere; }
.wait { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; }
.line { opacity: .7; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(14em, 1fr)); gap: 1em; }
.charts figure { margin: 0; }
.charts svg { width: 100%; height: 4em; background: #8881; }
.charts polyline { fill: none; stroke: #27c; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.charts .bad polyline { stroke: #c33; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9em, 1fr)); gap: .3em 1em; }
dl div { display: flex; justify-content: space-between; gap: .5em; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.lost { color: #c33; }
`;

/** The script of the page. */
export const SCRIPT = `"use strict";
const byId = (id) => document.getElementById(id);
function make(tag, text, className, children = []) {
  const element = document.createElement(tag);
  if (text !== "") element.textContent = text;
  if (className) element.className = className;
  element.append(...children);
  return element;
}
function time(ms) {
  if (ms === null || ms === undefined) return "-";
  if (ms < 1000) return (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + " ms";
  const s = Math.floor(ms / 1000);
  if (s < 120) return s + " s";
  return s < 7200 ? Math.floor(s / 60) + " min" : Math.floor(s / 3600) + " h";
}
function size(bytes) {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  for (; bytes >= 1000 && at < 4; at++) bytes /= 1000;
  return (at && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + " " + units[at];
}
function chart(title, values, className, format) {
  const most = Math.max(...values, 0);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 " + (values.length - 1) + " 100");
  svg.setAttribute("preserveAspectRatio", "none");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  const height = (value) => 97 - 94 * value / (most || 1);
  line.setAttribute("points", values.map((value, x) => x + "," + height(value)).join(" "));
  svg.append(line);
  return make("figure", "", className, [make("figcaption", title + ", most " + format(most)), svg]);
}
const workerOf = (worker) => worker === null || worker === undefined ? "" : "worker " + worker;
function coroutine({ name, state, waitsFor, waitedMs, line, worker, children }) {
  const since = waitedMs === undefined ? "" : " for " + time(waitedMs);
  const wait = waitsFor === undefined ? state : "waits" + since + ": " + waitsFor;
  const parts = [make("div", name + " " + wait, "wait")];
  if (workerOf(worker) !== "") parts.push(make("div", workerOf(worker), "wait line"));
  if (line !== undefined) parts.push(make("div", "at " + line, "wait line"));
  if (children.length > 0) parts.push(make("ul", "", "", children.map(coroutine)));
  return make("li", "", "", parts);
}
function request(r) {
  const facts = [workerOf(r.worker), r.client, r.app, r.connection, "age " + time(r.ageMs),
    size(r.receivedBytes) + " in", size(r.sentBytes) + " out"];
  if (r.status !== null) facts.unshift(r.status);
  return make("li", "", "", [
    make("div", r.method + " " + r.target, "target"),
    make("div", facts.filter((fact) => fact !== "").join(", ")),
    make("ul", "", "", r.coroutines.map(coroutine)),
  ]);
}
function count(name, value) {
  return make("div", "", "", [make("dt", name, ""), make("dd", String(value), "")]);
}
function server({ url, stats, lastMinute: m }) {
  const { responses, scheduler } = stats;
  const kinds = Object.keys(responses).map((kind) => count("responses " + kind, responses[kind]));
  const states = Object.keys(stats.connectionStates).filter((name) => stats.connectionStates[name] > 0)
    .map((name) => count("connections " + name, stats.connectionStates[name]));
  const late = Object.keys(stats.timeouts).filter((phase) => stats.timeouts[phase] > 0)
    .map((phase) => count("time-outs " + phase, stats.timeouts[phase]));
  return make("section", "", "", [
    make("h2", [url || "not listening", workerOf(stats.worker)].filter(Boolean).join(", "), ""),
    make("p", "last minute: " + m.responses + " responses, " + m.errors + " errors, " + m.left +
      " left; p50 " + time(m.p50Ms) + ", p95 " + time(m.p95Ms) + ", p99 " + time(m.p99Ms), ""),
    make("div", "", "charts", [
      chart("responses a second", m.rate, "", String),
      chart("p95", m.p95MsEach, "", time),
      chart("errors a second", m.errorRate, "bad", String),
    ]),
    make("dl", "", "", [
      count("connections", stats.connections), count("active", stats.activeRequests),
      ...kinds.filter((kind) => kind.lastChild.textContent !== "0"), ...states, ...late,
      count("refused", stats.refusedRequests), count("cut", stats.cutConnections),
      count("in", size(stats.receivedBytes)), count("out", size(stats.sentBytes)),
      count("coroutines", scheduler.tasks), count("ready", scheduler.ready),
      count("loop delay", time(stats.loopDelayMs)), count("longest", time(stats.maxLoopDelayMs)),
      count("open files", stats.openFiles),
      ...Object.entries(stats.threads ?? {}).filter(([name, value]) => value > 0 || name === "threads")
        .map(([name, value]) => count(name === "threads" ? "threads" : "threads " + name, value)),
    ]),
  ]);
}
function show(view) {
  byId("date").textContent = view.date;
  byId("date").className = "";
  byId("silent").hidden = view.silent.length === 0;
  byId("silent").textContent = "No answer of " + view.silent.join(", ") +
    ": a step of an app holds the event loop.";
  byId("hint").hidden = view.debug;
  byId("servers").replaceChildren(...view.servers.map(server));
  byId("requests").replaceChildren(...view.requests.map(request));
  byId("coroutines").replaceChildren(...view.coroutines.map(coroutine));
  byId("request-count").textContent = view.requests.length + view.omittedRequests;
  byId("coroutine-count").textContent = view.coroutines.length + view.omittedCoroutines;
}
const events = new EventSource("events");
events.onmessage = ({ data }) => show(JSON.parse(data));
events.onerror = () => {
  byId("date").textContent = "connection lost";
  byId("date").className = "lost";
};
`;
