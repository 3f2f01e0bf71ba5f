/**
 * Ten slow generators at once, as coroutines of one request. Browsers open at most six connections to a server,
 * so ten requests of one page would not run together.
 */

import { type Environ, type Mounts, Queue, type StartResponse } from "../mod.ts";
import { serveWhenMain } from "./main.ts";
import { primes } from "./slow.ts";

const SIZE = 10;

/** Hears of the beginning of a generator, and gives the function that hears of its steps. */
type Note = (name: string, environ: Environ) => (kind: "block" | "end") => void;

/** Makes the app. Each line of its answer is the number of generators that still run. */
export function crowd(note: Note, work: () => Iterable<unknown> = primes): Mounts {
  function* app(environ: Environ, startResponse: StartResponse) {
    const { cogen } = environ;
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    const ended = new Queue<number>();
    const run = function* (number: number) {
      const step = note(`generator ${number}`, environ);
      try {
        for (const _ of work()) {
          step("block");
          yield;
          if (cogen.stopping.aborted) return;
        }
      } finally {
        step("end");
        ended.putNowait(number);
      }
    };
    const tasks = Array.from({ length: SIZE }, (_, at) => cogen.scheduler.add(run, at + 1));
    try {
      for (let left = SIZE; left > 0;) {
        yield `${left}\n`;
        yield* cogen.wait(ended.get());
        left--;
      }
    } finally {
      for (const task of tasks) task.cancel();
    }
    yield "0\n";
  }
  return { "/crowd": app };
}

await serveWhenMain(import.meta, crowd(() => () => {}));
