/**
 * A scripted scenario with waits, time-outs, disconnects, signals and queue hand-overs. It writes a log, whose
 * lines have the same order on every runtime.
 *
 * The seed makes the script. The network is in memory, and the clock moves only as the script says.
 *
 * @module
 */

import { OperationTimeout, Queue, Signal, Sleep, WaitForSignal } from "../../mod.ts";
import type { AppYield, Environ, WSGIApp } from "../../src/wsgi/mod.ts";
import { Random } from "../fuzz/random.ts";
import { get, serving, type TestClient } from "../support/serving.ts";

const ACTS = ["sleep", "signal", "tell", "put", "get", "promise"] as const;
const STEPS = 60;
const MAX_CLIENTS = 8;

/** Makes the app. It notes the beginning, each wait and the end of each request. */
function noting(note: (line: string) => void, queue: Queue<string>): WSGIApp {
  return function* (environ, startResponse): Generator<AppYield, string, unknown> {
    const [, act, id] = environ.PATH_INFO.split("/") as [string, typeof ACTS[number], string];
    note(`${id} begins to ${act}`);
    let end = "is cancelled";
    try {
      const result = yield* perform(act, id, environ, queue);
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      end = `ends with ${result}`;
      return result;
    } catch (error) {
      if (!(error instanceof OperationTimeout)) throw error;
      startResponse("504 Gateway Timeout", [["Content-Type", "text/plain"]]);
      end = "times out";
      return "late";
    } finally {
      note(`${id} ${end}`);
    }
  };
}

function* perform(
  act: typeof ACTS[number],
  id: string,
  { cogen }: Environ,
  queue: Queue<string>,
): Generator<AppYield, string, unknown> {
  const number = Number(id);
  const ms = 10 * (1 + number % 7);
  switch (act) {
    case "sleep":
      yield* cogen.wait(Sleep({ milliseconds: ms }));
      return "sleep";
    case "signal":
      return `signal ${yield* cogen.wait(WaitForSignal("news", { timeout: ms / 1000 }))}`;
    case "tell":
      return `told ${yield* cogen.wait(Signal("news", id))}`;
    case "put":
      yield* cogen.wait(queue.put(id, { timeout: ms / 1000 }));
      return "put";
    case "get":
      return `got ${yield* cogen.wait(queue.get({ timeout: ms / 1000 }))}`;
    case "promise":
      yield* cogen.wait(Sleep({ milliseconds: ms }));
      yield Promise.resolve();
      return "promise";
  }
}

/**
 * Runs the script of a seed.
 *
 * @returns The log: one line for each event.
 */
export async function scriptedLog(seed: number): Promise<string[]> {
  const random = new Random(seed);
  const lines: string[] = [];
  const queue = new Queue<string>(1);
  const stage = await serving(noting((line) => void lines.push(line), queue));
  const clients: TestClient[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (clients.length < MAX_CLIENTS || random.onceIn(3)) {
      clients.push(stage.connect());
    }
    const client = random.pick(clients);
    if (random.onceIn(10)) {
      lines.push(`${step} client leaves`);
      client.destroy();
      clients.splice(clients.indexOf(client), 1);
    } else client.send(get(`/${random.pick(ACTS)}/${step}`));
    await stage.settle(random.below(4) * 5);
  }
  await stage.settle(1000);
  lines.push(`answers ${clients.map((client) => client.received().length).join(" ")}`);
  await stage.finish();
  return lines;
}
