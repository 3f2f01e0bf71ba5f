/** A long computation in steps of a few milliseconds: other requests run between the steps. A shutdown ends it. */

import type { Environ, StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";

const END = 2_000_000;
const STEP = 20_000;

/** Counts primes. Each value is the end of a step, and the number of primes below it. */
export function* primes(): Generator<readonly [below: number, count: number], void, unknown> {
  let count = 0;
  for (let from = 2; from < END; from += STEP) {
    for (let n = from; n < from + STEP; n++) if (isPrime(n)) count++;
    yield [from + STEP, count];
  }
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

export function* slow(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  for (const [below, count] of primes()) {
    if (environ.cogen.stopping.aborted) return "The server stops.\n";
    yield `${count} primes below ${below}\n`;
  }
}

await serveWhenMain(import.meta, slow);
