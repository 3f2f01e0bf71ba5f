/** Workers that are no processes, and time that the test moves. */

import type { AcceptedStream } from "../../../adapters/node.ts";
import { CommandFailure } from "../../../src/cli/failure.ts";
import type { FromWorker, ToWorker } from "../../../src/cli/workers/messages.ts";
import type { ProcessEvents } from "../../../src/cli/workers/supervised_worker.ts";
import { Supervisor, type SupervisorOptions } from "../../../src/cli/workers/supervisor.ts";
import { setTimerInParts } from "../../../src/coroutine/clock.ts";
import { ManualClock } from "../../../src/coroutine/mod.ts";

/** A process that the test plays. */
export class FakeProcess {
  readonly name: string;
  readonly id: number;
  readonly events: ProcessEvents;
  readonly sent: ToWorker[] = [];
  isKilled = false;

  constructor(name: string, id: number, events: ProcessEvents) {
    this.name = name;
    this.id = id;
    this.events = events;
  }

  send(message: ToWorker, _stream?: AcceptedStream): void {
    this.sent.push(message);
  }

  kill(): void {
    this.isKilled = true;
  }

  say(message: FromWorker): void {
    this.events.message(message);
  }

  end(how = "exit code 0"): void {
    this.events.ended(how);
  }

  /** The types of the messages so far. */
  get types(): string[] {
    return this.sent.map(({ type }) => type);
  }
}

/** A supervisor in a world of the test's own. */
export class Stage {
  readonly clock: ManualClock = new ManualClock();
  readonly processes: FakeProcess[] = [];
  readonly lines: string[] = [];
  readonly supervisor: Supervisor;

  constructor(options: Partial<SupervisorOptions> = {}) {
    this.supervisor = new Supervisor({
      start: (name, events) => {
        const made = new FakeProcess(name, this.processes.length + 1, events);
        this.processes.push(made);
        return made;
      },
      after: (seconds, job) =>
        seconds === Infinity ? () => {} : this.clock.setTimer(seconds * 1000, job),
      afterInParts: (seconds, job) => setTimerInParts(this.clock, seconds * 1000, job),
      now: () => this.clock.now() / 1000,
      say: (line) => void this.lines.push(line),
      sayFailure: ({ message }) => void this.lines.push(message),
    }, {
      ...{ workers: 2, grace: 10, timeout: 30, maxWaiting: 32_768 },
      listen: () => Promise.resolve([]),
      ...options,
    });
  }

  /** The last process that was started. */
  get last(): FakeProcess {
    return this.processes.at(-1) as FakeProcess;
  }

  /** Starts the supervisor with workers that serve. */
  async serving(): Promise<FakeProcess[]> {
    const begun = this.supervisor.begin();
    this.last.say({ type: "ready" });
    await begun;
    for (const process of this.processes.slice(1)) process.say({ type: "ready" });
    return [...this.processes];
  }

  /** Offers a connection, and tells whether its descriptor was closed here. */
  offer(): { closed: boolean } {
    const stream = { closed: false, destroy: () => stream.closed = true };
    this.supervisor.connections.offer(stream, 0);
    return stream;
  }
}

/** The failure of an app that cannot be loaded. */
export const FAILED: FromWorker = {
  type: "failed",
  code: 4,
  message: "cannot load app.ts",
  detail: undefined,
};

/** Lets the promises that are settled call their listeners. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

export { CommandFailure };
