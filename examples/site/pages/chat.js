/** The chat: one list, three transports. Each transport takes up where it has stopped. */

const find = (selector) => document.querySelector(selector);
const NAMES = { poll: "long polling", sse: "Server-Sent Events", ws: "WebSocket" };
const wanted = new URLSearchParams(location.search).get("transport");
const transport = Object.hasOwn(NAMES, wanted ?? "") ? wanted : "sse";

/** The id of the last event that the page has shown. */
let lastId;
/** The messages that are not acknowledged, oldest first. */
const outbox = [];
/** The keys of the messages that the page has shown. */
const shown = new Set();
/** Sends the first message of the outbox; a transport sets it. */
let send = () => {};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** A random time, so that the pages do not all come back at once after a restart. */
const retryPause = () => pause(300 + 700 * Math.random());
const withPlace = (path, more = {}) => {
  const place = lastId === undefined ? {} : { after: lastId };
  return `${path}?${new URLSearchParams({ ...place, ...more })}`;
};

function tell(isConnected) {
  const reason = navigator.onLine ? "" : "The browser is offline. ";
  find("#status").textContent = isConnected
    ? `Connected by ${NAMES[transport]}.`
    : `${reason}Connecting again …`;
}

const lastItem = () => find("#list").lastElementChild;
const scrollToEnd = () => lastItem()?.scrollIntoView({ block: "nearest" });
/** Whether the last message is in view. A reader of older messages is not moved by a new one. */
const isAtEnd = () => !(lastItem()?.getBoundingClientRect().top > innerHeight);

/** Leaves a connection that may be dead, and connects again; a transport sets it. */
let reconnect = () => {};
// A change of the network may leave a connection that looks alive. A server on this machine outlives it.
for (const change of ["offline", "online"]) {
  addEventListener(change, () => {
    tell(false);
    reconnect();
  });
}

function show({ id, event = "message", data }) {
  lastId = id;
  // A server that has restarted takes a message again, if its answer to the first one was lost.
  const message = event === "stale" ? undefined : JSON.parse(data);
  if (shown.has(message?.key)) return acknowledge(message.key);
  const item = document.createElement("li");
  const follows = isAtEnd();
  if (event === "stale") {
    item.className = "stale";
    item.textContent = "The server has forgotten older messages: some may be missing here.";
  } else {
    const { key, name, text } = message;
    shown.add(key);
    acknowledge(key);
    const author = document.createElement("b");
    author.textContent = `${name}:`;
    item.append(author, text);
  }
  find("#list").append(item);
  if (follows) scrollToEnd();
}

/** Takes a message out of the outbox. */
function acknowledge(key) {
  const sent = outbox.findIndex((message) => message.key === key);
  if (sent >= 0) outbox.splice(sent, 1);
}

/** Shows the events that the page has missed. */
function take({ stale, events, lastId: latest }) {
  if (stale) show({ id: lastId, event: "stale" });
  for (const event of events) show(event);
  lastId = latest;
}

/** The server answers a poll after 25 seconds at the latest. */
const POLL_MS = 40_000;

async function poll() {
  for (let isConnected = false;;) {
    const abort = new AbortController();
    reconnect = () => abort.abort();
    const timer = setTimeout(reconnect, POLL_MS);
    try {
      // The first answer comes at once, so that the page can tell of its connection.
      const path = withPlace("chat/poll", isConnected ? {} : { now: "" });
      const response = await fetch(path, { cache: "no-store", signal: abort.signal });
      if (!response.ok) throw new Error(response.statusText);
      take(await response.json());
      isConnected = true;
      tell(true);
    } catch {
      isConnected = false;
      tell(false);
      await retryPause();
    } finally {
      clearTimeout(timer);
    }
  }
}

function listen() {
  const stream = new EventSource(withPlace("chat/events"));
  const again = () => {
    stream.close();
    listen();
  };
  reconnect = again;
  stream.onopen = () => tell(true);
  stream.onmessage = ({ data, lastEventId: id }) => show({ id, data });
  stream.addEventListener("stale", ({ lastEventId: id }) => show({ id, event: "stale" }));
  stream.onerror = async () => {
    tell(false);
    // The browser comes back by itself, but not after an answer that is no stream.
    if (stream.readyState !== EventSource.CLOSED) return;
    await retryPause();
    if (reconnect === again) again();
  };
}

function connect() {
  const socket = new WebSocket(
    new URL(withPlace("ws/chat"), location.href).href.replace(/^http/, "ws"),
  );
  const again = () => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    send = () => {};
    connect();
  };
  reconnect = again;
  socket.onopen = () => {
    tell(true);
    send = () => outbox.forEach((message) => socket.send(JSON.stringify(message)));
    send();
  };
  socket.onmessage = ({ data }) => take(JSON.parse(data));
  socket.onclose = async () => {
    tell(false);
    send = () => {};
    await retryPause();
    if (reconnect === again) again();
  };
}

/** Posts the outbox in order, each message until the server has taken it. */
async function post() {
  for (;;) {
    while (outbox.length > 0) {
      const [message] = outbox;
      const response = await fetch("chat/messages", {
        method: "POST",
        body: JSON.stringify(message),
      })
        .catch(() => undefined);
      if (response === undefined || response.status >= 500) await retryPause();
      else if (outbox[0] === message) outbox.shift();
    }
    await new Promise((resolve) => send = resolve);
  }
}

// A reload keeps the name.
find("#name").value = sessionStorage.getItem("name") ?? "guest";
find("#name").oninput = ({ target }) => sessionStorage.setItem("name", target.value);

find("form").onsubmit = (event) => {
  event.preventDefault();
  const message = find("#message");
  outbox.push({
    key: crypto.randomUUID?.() ?? `${Math.random()}`,
    name: find("#name").value,
    text: message.value,
  });
  message.value = "";
  scrollToEnd();
  send();
};
find(`a[href="?transport=${transport}"]`).setAttribute("aria-current", "page");
if (transport === "ws") connect();
else {
  void post();
  if (transport === "poll") void poll();
  else listen();
}
