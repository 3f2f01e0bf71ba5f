/**
 * A load on `cogen-wsgi --workers` while its workers are replaced: `--requests N` requests, and SIGHUP each
 * `--pause` seconds. No request may be lost or broken. With `--kill`, workers are killed instead, and only requests
 * on connections of a killed worker may be lost.
 *
 * The clients are of three kinds: busy ones, clients that pause up to a second between two requests, and
 * clients with a connection for each request. It is no part of `npm test`, because it takes minutes.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import process from "node:process";
import { chosenRuntime, readOptions, wholeNumber } from "../../tools/command_options.ts";
import { startWorkers } from "./command.ts";

const USAGE =
  "node --import tsx tests/torture/workers/rolling_reload.ts --requests 1000000 --runtime deno";

const values = readOptions(USAGE, {
  requests: { type: "string", default: "100000" },
  clients: { type: "string", default: "48" },
  workers: { type: "string", default: "2" },
  runtime: { type: "string", default: "node" },
  pause: { type: "string" },
  kill: { type: "boolean", default: false },
});
const total = wholeNumber("requests", values.requests);
/** The time between two disturbances. */
const pauseMs = 1000 * Number(values.pause ?? (values.kill ? 1 : 1.5));

const APP = `
let served = 0;
export default function* app(environ, startResponse) {
  const body = process.pid + " " + ++served + " " + environ.QUERY_STRING;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (served % 7 === 0) yield environ.cogen.core.events.Sleep(0.002);
  yield body;
}
`;

interface Counts {
  sent: number;
  answered: number;
  lost: string[];
  /** Lost on a connection of a worker that was killed. */
  killed: number;
  connections: number;
}

const counts: Counts = { sent: 0, answered: 0, lost: [], killed: 0, connections: 0 };
const seen = new Map<string, number>();
const killed = new Set<string>();
let port = 0;
let shown = 0;

type Kind = "busy" | "pausing" | "single";

/** One client: a request after the other, until enough were sent. */
async function client(kind: Kind): Promise<void> {
  let connection: Connection | undefined;
  while (counts.sent < total) {
    if (kind === "pausing") {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000));
    }
    if (connection?.isOpen !== true) connection = await Connection.open();
    const token = `r${++counts.sent}`;
    const fault = await connection.ask(token, kind === "single");
    if (fault === undefined) {
      counts.answered++;
      continue;
    }
    if (connection.pid === "" ? killed.size > 0 : killed.has(connection.pid)) counts.killed++;
    else counts.lost.push(`${kind} ${token}, worker ${connection.pid}: ${fault}`);
  }
  connection?.end();
}

class Connection {
  static open(): Promise<Connection> {
    counts.connections++;
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  /** The worker of this connection. */
  pid = "";
  isOpen = true;
  readonly #socket: Socket;
  #text = "";
  #settle: (fault: string | undefined) => void = () => {};
  #token = "";

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    const gone = (how: string) => {
      this.isOpen = false;
      this.#settle(`${how} after ${JSON.stringify(this.#text)}`);
    };
    socket.removeAllListeners("error");
    socket.on("error", (error) => gone(error.message));
    socket.on("end", () => gone("the connection was closed"));
    socket.on("data", (text: string) => {
      this.#text += text;
      this.#read();
    });
  }

  ask(token: string, isLast: boolean): Promise<string | undefined> {
    this.#token = token;
    this.#text = "";
    const close = isLast ? "Connection: close\r\n" : "";
    return new Promise((resolve) => {
      this.#settle = resolve;
      this.#socket.write(`GET /?${token} HTTP/1.1\r\nHost: a\r\n${close}\r\n`);
    });
  }

  end(): void {
    this.isOpen = false;
    this.#settle = () => {};
    this.#socket.destroy();
  }

  #read(): void {
    const end = this.#text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#text.slice(0, end);
    const chunk = /^([0-9a-f]+)\r\n/.exec(this.#text.slice(end + 4));
    if (chunk === null || !this.#text.endsWith("0\r\n\r\n")) return;
    const size = parseInt(chunk[1] as string, 16);
    const body = this.#text.slice(end + 4 + chunk[0].length).slice(0, size);
    const [pid = "", , token] = body.split(" ");
    this.pid = pid;
    seen.set(pid, (seen.get(pid) ?? 0) + 1);
    const settle = this.#settle;
    this.#settle = () => {};
    if (/^connection: close/im.test(head)) this.end();
    settle(
      head.startsWith("HTTP/1.1 200 OK\r\n") && token === this.#token ? undefined : this.#text,
    );
  }
}

/** Replaces or kills workers until the clients have ended. */
async function disturb(supervisor: number, isOver: () => boolean): Promise<number> {
  let times = 0;
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    if (isOver()) break;
    const pid = [...seen.keys()].at(-1);
    seen.clear();
    if (!values.kill) process.kill(supervisor, "SIGHUP");
    else if (pid !== undefined && !killed.has(pid)) {
      killed.add(pid);
      process.kill(Number(pid), "SIGKILL");
    }
    times++;
  }
  return times;
}

/** Tells how far the run is, each time that a tenth of the requests has been sent. */
function showProgress(): void {
  const tenth = Math.floor(10 * counts.sent / total);
  if (tenth > shown) console.error(`${10 * tenth} %: ${counts.lost.length} lost or broken`);
  shown = Math.max(tenth, shown);
}

const runtime = chosenRuntime(values.runtime);
const server = await startWorkers(runtime, APP, ["-w", values.workers], (text) => {
  // Each reload says a line; only what is unusual is shown.
  const usual = /SIGHUP: the workers are replaced|all workers are replaced|has crashed: SIGKILL/;
  for (const line of text.split("\n")) {
    if (line !== "" && !usual.test(line)) console.error(line);
  }
});
port = server.port;
try {
  let isOver = false;
  const began = Date.now();
  const disturbing = disturb(server.pid, () => isOver);
  const kinds: Kind[] = Array.from(
    { length: wholeNumber("clients", values.clients) },
    (_, index) => {
      return index % 4 === 1 ? "pausing" : index % 8 === 2 ? "single" : "busy";
    },
  );
  const progress = setInterval(showProgress, 1000);
  await Promise.all(kinds.map(client));
  clearInterval(progress);
  isOver = true;
  const seconds = (Date.now() - began) / 1000;
  const times = await disturbing;
  const { sent, answered, lost, connections } = counts;
  console.log(
    `${runtime.name} ${runtime.version}: ${answered} of ${sent} requests answered in ` +
      `${seconds.toFixed(1)} s, on ${connections} connections; ${times} times ` +
      `${values.kill ? "a worker was killed" : "SIGHUP"}; ${lost.length} lost or broken, ` +
      `${counts.killed} lost with a killed worker`,
  );
  for (const line of lost.slice(0, 10)) console.log(`  ${line}`);
  process.exitCode = lost.length === 0 && answered + counts.killed === sent ? 0 : 1;
} finally {
  console.log(`the command ended with ${await server.stop()}`);
}
