/** A long computation in steps of a few milliseconds: other requests run between the steps. A shutdown ends it. */

import type { Environ, StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";

const END = 2_000_000;
const STEP = 20_000;

export function* slow(environ: Environ, startResponse: StartResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  let primes = 0;
  for (let from = 2; from < END; from += STEP) {
    for (let n = from; n < from + STEP; n++) if (isPrime(n)) primes++;
    if (environ.cogen.stopping.aborted) return `The server stops.\n`;
    yield `${primes} primes below ${from + STEP}\n`;
  }
}

function isPrime(n: number): boolean {
  for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
  return true;
}

await serveWhenMain(import.meta, slow);
