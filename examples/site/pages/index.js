/** The first page: it draws the steps of the running requests, and starts some. */

const WINDOW_MS = 8000;
/** The drawing is this late, so that the steps of a batch do not jump into view. */
const DELAY_MS = 250;
const MAX_LANES = 14;

const find = (selector) => document.querySelector(selector);
/** The lanes by the number of their request. */
const lanes = new Map();
/** The difference between the clock of this page and that of the server. */
let offsetMs = -Infinity;

let stream;
let isConnected = true;

/** Begins to watch the steps, also after a change of the network, which may leave a connection that looks alive. */
function watch() {
  stream?.close();
  const opened = stream = new EventSource("live");
  stream.onopen = () => isConnected = true;
  stream.onerror = async () => {
    lose();
    // The browser comes back by itself, but not after an answer that is no stream.
    if (opened.readyState !== EventSource.CLOSED) return;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (stream === opened) watch();
  };
  stream.onmessage = ({ data }) => {
    const { now, steps } = JSON.parse(data);
    offsetMs = Math.max(offsetMs, now - performance.now());
    for (const [request, kind, time, name] of steps) {
      const lane = lanes.get(request) ?? addLane(request, name);
      lane.steps.push([kind, time]);
      lane.endedAt = kind === "end" ? time : undefined;
    }
  };
}

/** The connection is lost: nothing is known of the requests that ran. */
function lose() {
  isConnected = false;
  for (const lane of lanes.values()) lane.endedAt ??= performance.now() + offsetMs;
  summarize();
}

for (const change of ["offline", "online"]) {
  addEventListener(change, () => {
    lose();
    watch();
  });
}

/** A request whose name has a lane that is free takes that lane. */
function addLane(request, name = "a request") {
  for (const [number, lane] of lanes) {
    if (lane.name !== name || lane.endedAt === undefined) continue;
    lanes.delete(number);
    lanes.set(request, lane);
    lane.endedAt = undefined;
    return lane;
  }
  const item = document.createElement("li");
  const label = document.createElement("span");
  const canvas = document.createElement("canvas");
  label.textContent = label.title = name;
  canvas.setAttribute("aria-hidden", "true");
  item.append(label, canvas);
  const lane = { name, item, canvas, steps: [], endedAt: undefined };
  lanes.set(request, lane);
  find("#lanes").append(item);
  return lane;
}

function draw() {
  const now = performance.now() + offsetMs - DELAY_MS;
  let place = 0;
  for (const [request, lane] of lanes) {
    if (lane.endedAt < now - WINDOW_MS) {
      lane.item.remove();
      lanes.delete(request);
      continue;
    }
    lane.item.hidden = place++ >= MAX_LANES;
    lane.item.classList.toggle("done", lane.endedAt < now);
    if (!lane.item.hidden) drawLane(lane, now);
  }
}

function drawLane({ canvas, steps, endedAt }, now) {
  // The style sheet has the colours: that of a step, and that of a wait.
  const { color, caretColor } = getComputedStyle(canvas);
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth * scale, canvas.clientHeight * scale];
  if (canvas.width !== width) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const x = (time) => width * (1 - (now - time) / WINDOW_MS);
  // Steps that have left the window are dropped, but for the last one: it may be a wait.
  while (steps.length > 1 && steps[1][1] < now - WINDOW_MS) steps.shift();
  let waitsSince;
  const fillWait = (until) => {
    if (waitsSince === undefined) return;
    context.fillStyle = caretColor;
    context.fillRect(
      x(waitsSince),
      height * 0.4,
      Math.max(scale, x(until) - x(waitsSince)),
      height * 0.2,
    );
    waitsSince = undefined;
  };
  for (const [kind, time] of steps) {
    if (time > now) break;
    fillWait(time);
    if (kind === "wait") waitsSince = time;
    context.fillStyle = color;
    context.fillRect(
      x(time) - scale,
      kind === "block" ? 0 : height * 0.2,
      2 * scale,
      kind === "block" ? height : height * 0.6,
    );
  }
  fillWait(Math.min(endedAt ?? now, now));
}

function summarize() {
  if (!isConnected) {
    find("#summary").textContent = "No connection to the server. Connecting again …";
    return;
  }
  const now = performance.now() + offsetMs - DELAY_MS;
  const running = [...lanes.values()].filter(({ endedAt }) => !(endedAt < now));
  const steps = [...lanes.values()].flatMap(({ steps }) => steps)
    .filter(([, time]) => time > now - 1000 && time <= now).length;
  const requests = running.length === 1
    ? "1 request runs"
    : `${running.length || "No"} request${running.length ? "s run" : " runs"}`;
  find("#summary").textContent = `${requests}; ${steps} steps in the last second.`;
}

watch();
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
if (isCalm) setInterval(draw, 500);
else {requestAnimationFrame(function frame() {
    draw();
    requestAnimationFrame(frame);
  });}
setInterval(summarize, 1000);

find("#slow").onclick = async ({ currentTarget: button }) => {
  button.disabled = true;
  let running = 10;
  const crowd = readLines("crowd", (line) => running = Number(line))
    .catch(() => {}).finally(() => running = 0);
  const times = [];
  do {
    const began = performance.now();
    await fetch("hello", { cache: "no-store" }).then((response) => response.text()).catch(() => {});
    times.push(performance.now() - began);
    times.sort((one, other) => one - other);
    const [middle, most] = [times[times.length >> 1], times.at(-1)].map((time) => time.toFixed(1));
    find("#hello").textContent =
      `${running} slow generators run. hello has answered ${times.length} times ` +
      `meanwhile: the median is ${middle} ms, the longest time ${most} ms.`;
    await new Promise((resolve) => setTimeout(resolve, 100));
  } while (running > 0);
  await crowd;
  button.disabled = false;
};

async function readLines(path, take) {
  const { body } = await fetch(path);
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = "", step; !(step = await reader.read()).done;) {
    const lines = (text + step.value).split("\n");
    text = lines.pop();
    lines.forEach(take);
  }
}

find("#count").onclick = () => fetch("counter").then((response) => response.text()).catch(() => {});

for (const pane of document.querySelectorAll(".pane")) {
  const output = pane.querySelector("output");
  pane.querySelector(".wait").onclick = async ({ currentTarget: button }) => {
    button.disabled = true;
    output.textContent = "Waiting for some signal …";
    try {
      const text = await (await fetch("patient")).text();
      const answer = new DOMParser().parseFromString(text, "text/html").body.textContent.trim();
      output.textContent = decoded(answer.split("\n").at(-1));
    } catch {
      output.textContent = "The connection ended.";
    }
    button.disabled = false;
  };
  pane.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    const text = pane.querySelector(".text").value;
    try {
      const response = await fetch(`signal?${encodeURIComponent(text)}`);
      output.textContent = (await response.text()).trim() + " by this pane.";
    } catch {
      output.textContent = "The connection ended.";
    }
  };
}

/** The text of a query; a text that is no query stays as it is. */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
