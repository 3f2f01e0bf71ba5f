/**
 * What the benchmark and a server say to each other over standard input and output: the server tells
 * its port, and its CPU time whenever it is asked; it ends when the benchmark has gone.
 *
 * @module
 */

import process from "node:process";

/** Tells where the server listens, and answers from then on. */
export function announce(port: number): void {
  process.stdin.on("data", () => {
    const { user, system } = process.cpuUsage();
    console.log(`cpu ${user + system}`);
  });
  process.stdin.on("end", () => process.exit());
  console.log(`port ${port}`);
}
