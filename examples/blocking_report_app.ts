/** The app of `blocking_report.ts`, which runs in threads. */

import type { BlockingApp } from "../src/blocking/mod.ts";

/** Runs in a thread: it blocks while it computes, and while its client reads slowly. */
export const report: BlockingApp = function* (environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const limit = Number(environ.QUERY_STRING || "1000");
  for (let number = 2, found = 0; number < limit; number++) {
    if (isPrime(number) && ++found % 1000 === 0) yield `prime ${found} is ${number}\n`;
  }
  return "done\n";
};

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return true;
}
