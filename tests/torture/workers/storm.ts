/**
 * A storm of connections on `cogen-wsgi --workers`: `--connections N` clients connect at once, send one request
 * each, and stay. It prints the number of answers of each worker, the faults, and the time to the last answer.
 *
 * @module
 */

import process from "node:process";
import { eventually } from "../../support/tcp.ts";
import { chosenRuntime, readOptions, wholeNumber } from "../../tools/command_options.ts";
import { Child } from "../child.ts";
import { descriptorLimit, OTHER_DESCRIPTORS } from "../suspended.ts";
import { childrenOf, residentBytesOf, startWorkers } from "./command.ts";
import type { Fates } from "./storm_clients.ts";

/** The clients of one process. */
const CLIENTS_OF_PROCESS = 5000;

const USAGE =
  "node --import tsx tests/torture/workers/storm.ts --connections 20000 --workers 4 --runtime deno";

const values = readOptions(USAGE, {
  connections: { type: "string", default: "20000" },
  workers: { type: "string", default: "4" },
  runtime: { type: "string", default: "node" },
});
const count = wholeNumber("connections", values.connections);
const workers = wholeNumber("workers", values.workers);

const APP = `
export default function* app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return String(process.pid);
}
`;

const ofProcess = descriptorLimit() - OTHER_DESCRIPTORS;
if (count / workers > ofProcess) {
  console.error(`A process has ${ofProcess} connections here: use more --workers`);
  process.exit(2);
}
const runtime = chosenRuntime(values.runtime);
const words = [
  ...["-w", values.workers, "--max-connections", String(ofProcess)],
  ...["--idle-timeout", "1h"],
];
const server = await startWorkers(runtime, APP, words, (text) => process.stderr.write(text));
const groups = Array.from({ length: Math.ceil(count / CLIENTS_OF_PROCESS) }, (_, index) => ({
  host: `127.0.0.${index + 2}`,
  count: Math.min(CLIENTS_OF_PROCESS, count - index * CLIENTS_OF_PROCESS),
  child: new Child(new URL("storm_clients.ts", import.meta.url)),
}));
try {
  const { port } = server;
  await eventually("all workers serve", () => childrenOf(server.pid).length === workers, 60_000);
  await Promise.all(groups.map(({ child, host }) => child.ask("storm", { port, host, count: 0 })));
  const began = performance.now();
  const fates = await Promise.all(groups.map(({ child, host, count }) => {
    return child.ask<Fates>("storm", { port, host, count });
  }));
  const seconds = ((performance.now() - began) / 1000).toFixed(2);
  const bodies = sum(fates.map(({ bodies }) => bodies));
  const faults = sum(fates.map(({ faults }) => faults));
  const shares = Object.values(bodies);
  const answered = shares.reduce((total, share) => total + share, 0);
  console.log(
    `${runtime.name} ${runtime.version}: ${count} connections at once over ${workers} workers; ` +
      `${answered} answered, by the workers ${shares.join(", ")}; the last after ${seconds} s; ` +
      `faults ${JSON.stringify(faults)}; supervisor ` +
      `${(residentBytesOf(server.pid) / 2 ** 20).toFixed(0)} MiB`,
  );
  if (answered !== count) process.exitCode = 1;
} finally {
  await Promise.all(groups.map(({ child }) => child.end()));
  console.log(`the command ended with ${await server.stop()}`);
}

function sum(counts: readonly Record<string, number>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [name, value] of counts.flatMap((one) => Object.entries(one))) {
    total[name] = (total[name] ?? 0) + value;
  }
  return total;
}
