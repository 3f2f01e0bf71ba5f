/**
 * What the benchmark and a server say to each other over standard input and output: the server tells
 * its port, and its CPU time or that it has collected garbage whenever it is asked; it ends when the
 * benchmark has gone. Which app to run stands on the command line.
 *
 * @module
 */

import process from "node:process";
import type { AppName } from "../workloads/content.ts";

/** How many requests the hello app has answered: what a client cannot tell while it sends. */
export const counter = { served: 0 };

/** The app that this server is to run. */
export function askedApp<App>(apps: Readonly<Partial<Record<AppName, App>>>): App {
  const name = process.argv[2] as AppName;
  const app = apps[name];
  if (app === undefined) throw new TypeError(`There is no app called ${name} in this server`);
  return app;
}

/** The file that the `file100m` app is to send. */
export function askedFile(): string {
  return process.argv[3] ?? "";
}

/** Tells where the server listens, and answers from then on. */
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

/** Where a runtime was not told to offer it, memory is measured without. */
function collectGarbage(): void {
  const host = globalThis as { gc?: () => void; Bun?: { gc(now: boolean): void } };
  if (host.Bun !== undefined) host.Bun.gc(true);
  else host.gc?.();
}
