/**
 * The protocol between the benchmark and a server, over standard input and output. The server reports its
 * port, and, when it is asked, its CPU time or the end of a collection. It ends when the benchmark ends. The
 * command line names the app.
 *
 * @module
 */

import process from "node:process";
import type { AppName } from "../workloads/content.ts";

/** The number of requests that the hello app has answered. A client cannot know it while it sends. */
export const counter = { served: 0 };

/** Returns the app that the command line names. */
export function askedApp<App>(apps: Readonly<Partial<Record<AppName, App>>>): App {
  const name = process.argv[2] as AppName;
  const app = apps[name];
  if (app === undefined) throw new TypeError(`There is no app called ${name} in this server`);
  return app;
}

/** Returns the path of the file that the `file100m` app sends. */
export function askedFile(): string {
  return process.argv[3] ?? "";
}

/** Reports the port, and answers questions from then on. */
export function announce(port: number): void {
  process.stdin.setEncoding("utf8");
  process.stdin.on("data", (text: string) => {
    for (const word of text.split("\n")) answer(word);
  });
  process.stdin.on("end", () => process.exit());
  console.log(`port ${port}`);
}

function answer(word: string): void {
  if (word === "cpu") {
    const { user, system } = process.cpuUsage();
    console.log(`cpu ${user + system}`);
  } else if (word === "served") {
    const { user, system } = process.cpuUsage();
    console.log(`served ${counter.served} ${user + system}`);
  } else if (word === "gc") {
    collectGarbage();
    console.log("gc 1");
  }
}

/** Collects garbage, if the runtime offers it. */
function collectGarbage(): void {
  const host = globalThis as { gc?: () => void; Bun?: { gc(now: boolean): void } };
  if (host.Bun !== undefined) host.Bun.gc(true);
  else host.gc?.();
}
