/**
 * A load on `cogen-wsgi --workers` while its workers are replaced: `--requests N` requests, and SIGHUP again and
 * again. No request may be lost or broken. With `--kill`, workers are killed instead, and only requests on
 * connections of a killed worker may be lost.
 *
 *     node --import tsx tests/torture/load/rolling_reload.ts --requests 1000000 --runtime node|currentNode|deno|bun
 *
 * The clients are of three kinds: busy ones, clients that pause up to a second between two requests, and
 * clients with a connection for each request. It is no part of `npm test`, because it takes minutes.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { tsxLoader } from "../../tools/runtimes.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    clients: { type: "string", default: "48" },
    workers: { type: "string", default: "2" },
    command: { type: "string", default: process.execPath },
    kill: { type: "boolean", default: false },
  },
});
const total = Number(values.requests);

const APP = `
let served = 0;
export default function* app(environ, startResponse) {
  const body = process.pid + " " + ++served + " " + environ.QUERY_STRING;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (served % 7 === 0) yield environ.cogen.core.events.Sleep(0.002);
  yield body;
}
`;

/** The command of the runtime, up to the program. */
function runtimeWords(): string[] {
  const { command } = values;
  if (/deno$/.test(command)) {
    const config = fileURLToPath(new URL("../../../deno.json", import.meta.url));
    return [
      command,
      "run",
      "-N",
      "-R",
      "-E",
      "--allow-run",
      "--no-check",
      "--no-lock",
      "--config",
      config,
    ];
  }
  return /bun$|node26$/.test(command) ? [command] : [command, "--import", tsxLoader()];
}

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
async function disturb(server: ChildProcess, isOver: () => boolean): Promise<number> {
  let times = 0;
  while (!isOver()) {
    await new Promise((resolve) => setTimeout(resolve, values.kill ? 1000 : 1500));
    if (isOver()) break;
    const pid = [...seen.keys()].at(-1);
    seen.clear();
    if (!values.kill) process.kill(server.pid as number, "SIGHUP");
    else if (pid !== undefined && !killed.has(pid)) {
      killed.add(pid);
      process.kill(Number(pid), "SIGKILL");
    }
    times++;
  }
  return times;
}

const folder = mkdtempSync(join(tmpdir(), "rolling-"));
writeFileSync(join(folder, "app.mjs"), APP);
const program = fileURLToPath(new URL("../../../src/cli/bin.ts", import.meta.url));
const [command = "", ...words] = runtimeWords();
const args = [...words, program, "app.mjs", "-p", "0", "-w", values.workers];
const server = spawn(command, args, { cwd: folder, stdio: ["ignore", "inherit", "pipe"] });
const ended = new Promise<string>((resolve) => {
  server.on("exit", (code, signal) => resolve(String(signal ?? code)));
});
try {
  let errors = "";
  await new Promise<void>((resolve, reject) => {
    void ended.then(() => reject(new Error(errors)));
    server.stderr.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
      if (!values.kill) process.stderr.write(text);
      const found = /127\.0\.0\.1:(\d+)/.exec(errors);
      if (found !== null) resolve();
      port ||= Number(found?.[1] ?? 0);
    });
  });
  let isOver = false;
  const began = Date.now();
  const disturbing = disturb(server, () => isOver);
  const kinds: Kind[] = Array.from({ length: Number(values.clients) }, (_, index) => {
    return index % 4 === 1 ? "pausing" : index % 8 === 2 ? "single" : "busy";
  });
  await Promise.all(kinds.map(client));
  isOver = true;
  const seconds = (Date.now() - began) / 1000;
  const times = await disturbing;
  const { sent, answered, lost, connections } = counts;
  console.log(
    `${command}: ${answered} of ${sent} requests answered in ${
      seconds.toFixed(1)
    } s, on ${connections} ` +
      `connections; ${times} times ${values.kill ? "a worker was killed" : "SIGHUP"}; ` +
      `${lost.length} lost or broken, ${counts.killed} lost with a killed worker`,
  );
  for (const line of lost.slice(0, 10)) console.log(`  ${line}`);
  process.exitCode = lost.length === 0 && answered + counts.killed === sent ? 0 : 1;
} finally {
  server.kill("SIGTERM");
  console.log(`the command ended with ${await ended}`);
  rmSync(folder, { recursive: true });
}
