/**
 * Long polls that many workers hold, woken by one signal of the bus: `--connections N` over `--workers N`.
 *
 * It prints the time in which the clients connect, the memory of the supervisor and of the workers before and
 * while the requests wait, the number that the signal has woken, and the time from the signal to the last byte.
 * Each answer has the path of its request and the value of the signal, which is chosen at random: all of them are
 * compared with both.
 *
 * The clients are in processes of their own, with 127.0.0.2, 127.0.0.3 and so on as their addresses: the system
 * has 28,000 ports for an address. A process may have as many connections as it has descriptors, so a number that
 * does not fit is refused. The figures of processes are those of Linux.
 *
 * @module
 */

import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { eventually } from "../../support/tcp.ts";
import { chosenRuntime, readOptions, wholeNumber } from "../../tools/command_options.ts";
import { Child } from "../child.ts";
import { descriptorLimit, OTHER_DESCRIPTORS } from "../suspended.ts";
import { childrenOf, residentBytesOf, startWorkers, type WorkersCommand } from "./command.ts";

/** The most connections from one address, so that the system finds a port quickly. */
const CLIENTS_OF_ADDRESS = 20_000;
/** The connections that each group opens at a time, so that no client waits long for its worker. */
const STEP = 500;
/** The time in which all requests must wait, or must be answered. */
const LIMIT_MS = 600_000;
const MIB = 2 ** 20;

const USAGE =
  "node --import tsx tests/torture/workers/held_polls.ts --connections 100000 --workers 6 --runtime bun";

const values = readOptions(USAGE, {
  connections: { type: "string", default: "10000" },
  workers: { type: "string", default: "2" },
  runtime: { type: "string", default: "node" },
  bus: { type: "string" },
});
const count = wholeNumber("connections", values.connections);
const workers = wholeNumber("workers", values.workers);

const APP = `
export default function* app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const { bus } = environ.cogen;
  if (environ.PATH_INFO === "/signal") {
    return String(yield* bus.signal("go", { token: environ.QUERY_STRING }));
  }
  const { token } = yield* bus.waitForSignal("go");
  return "woken " + environ.PATH_INFO + " " + token;
}
`;

const ofProcess = Math.min(CLIENTS_OF_ADDRESS, descriptorLimit() - OTHER_DESCRIPTORS);
if (count / workers > ofProcess) {
  console.error(`A process has ${ofProcess} connections here: use more --workers`);
  process.exit(2);
}
const runtime = chosenRuntime(values.runtime);
const words = [
  ...["-w", values.workers, "--max-connections", String(ofProcess)],
  // A client of a busy machine may be late with its request.
  ...["--status", "unix:status.sock", "--idle-timeout", "1h"],
  ...(values.bus === undefined ? [] : ["--bus", values.bus]),
];
const server = await startWorkers(runtime, APP, words, (text) => process.stderr.write(text));
const groups = Array.from({ length: Math.ceil(count / ofProcess) }, (_, index) => ({
  host: `127.0.0.${index + 2}`,
  count: Math.min(ofProcess, count - index * ofProcess),
  child: new Child(new URL("../suspended_clients.ts", import.meta.url)),
}));
try {
  await measure();
} finally {
  await Promise.all(groups.map(({ child }) => child.end()));
  console.log(`the command ended with ${await server.stop()}`);
}

async function measure(): Promise<void> {
  const { port } = server;
  await eventually("all workers serve", () => childrenOf(server.pid).length === workers, LIMIT_MS);
  const before = memory();
  const began = performance.now();
  for (let step = STEP; step < ofProcess + STEP; step += STEP) {
    const counts = groups.map((group) => Math.min(step, group.count));
    await Promise.all(groups.map(({ child, host }, index) => {
      return child.ask("connect", { port, host, count: counts[index] });
    }));
    const all = counts.reduce((sum, one) => sum + one, 0);
    await eventually("all requests wait", async () => await waiting(server) >= all, LIMIT_MS);
  }
  const connected = performance.now();
  const held = memory();
  const token = randomUUID();
  const answers = groups.map(({ child }) =>
    child.ask<{ right: number; wrong: string[] }>("answers", { token }).then((answer) => ({
      ...answer,
      at: performance.now(),
    }))
  );
  const signalled = performance.now();
  const woken = await get({ host: "127.0.0.1", port, path: `/signal?${token}` });
  const told = performance.now();
  const all = await Promise.all(answers);
  const right = all.reduce((sum, answer) => sum + answer.right, 0);
  const last = Math.max(...all.map(({ at }) => at));
  for (const text of all.flatMap(({ wrong }) => wrong)) console.log(`wrong: ${text}`);
  const seconds = (from: number, to: number) => `${((to - from) / 1000).toFixed(2)} s`;
  console.log(
    `${runtime.name} ${runtime.version}: ${count} long polls over ${workers} workers, from ` +
      `${groups.length} addresses, connected in ${seconds(began, connected)}`,
  );
  console.log(
    `${woken === "undefined" ? "an unknown number" : woken} woken by one signal, known after ` +
      `${seconds(signalled, told)}; ${right} answered, the last after ${seconds(signalled, last)}`,
  );
  const mib = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
  const each = (held.workers - before.workers) / count / 1024;
  console.log(
    `resident memory: workers ${mib(before.workers)}, then ${mib(held.workers)} ` +
      `(${each.toFixed(1)} KiB for each request that waits); supervisor ` +
      `${mib(before.supervisor)}, then ${mib(held.supervisor)}`,
  );
  if (right !== count) process.exitCode = 1;
}

function memory(): { readonly supervisor: number; readonly workers: number } {
  const sizes = childrenOf(server.pid).map(residentBytesOf);
  return {
    supervisor: residentBytesOf(server.pid),
    workers: sizes.reduce((sum, size) => sum + size, 0),
  };
}

/** The number of requests that wait, by the metrics of all workers. */
async function waiting({ folder }: WorkersCommand): Promise<number> {
  const text = await get({ socketPath: join(folder, "status.sock"), path: "/metrics" });
  return Number(/^http_server_active_requests(?:\{.*\})? (\d+)$/m.exec(text)?.[1] ?? 0);
}

function get(
  target: { host?: string; port?: number; socketPath?: string; path: string },
): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => text += piece);
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject).end();
  });
}
