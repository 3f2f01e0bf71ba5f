/**
 * The part `faults`: every fault at every byte, then several faults at once at random.
 *
 * @module
 */

import { EFFECTS } from "./faulty_socket.ts";
import type { ConnectionFault } from "./faulty_adapter.ts";
import { everyFault, FaultStage, randomFault, undisturbedBytes } from "./faults.ts";
import { collect, countAlive } from "../garbage.ts";
import type { Course, Part } from "../part.ts";
import { type Scenario, SCENARIOS } from "./scenarios.ts";

/** The connections of one server, after which its requests must be garbage. */
const BATCH = 2000;
/** The requests that the stack of the engine may still name. */
const MAX_ALIVE = 3;
/** The most connections that fail at the same time. */
const MAX_BESIDE = 4;

type Meeting = readonly [Scenario, ConnectionFault | undefined];

/** Runs meetings on one server after the other, and sums their counts. */
class Stages {
  connections = 0;
  answered = 0;
  requests = 0;
  mostAlive = 0;
  readonly #course: Course;
  #stage: FaultStage | undefined;

  constructor(course: Course) {
    this.#course = course;
  }

  async run(meetings: readonly Meeting[]): Promise<void> {
    const stage = this.#stage ??= await FaultStage.open();
    const complaints = stage.run(meetings);
    if (complaints.length > 0) {
      const faults = meetings.map(([{ name }, fault]) => `${name} ${JSON.stringify(fault)}`);
      this.#course.broken(`${faults.join(" beside ")}: ${complaints.join("; ")}`);
    }
    if (complaints.length > 0 || stage.connections >= BATCH) await this.end();
  }

  /** Ends the server, and looks for its requests in memory. */
  async end(): Promise<void> {
    const stage = this.#stage;
    this.#stage = undefined;
    if (stage === undefined) return;
    this.connections += stage.connections;
    this.answered += stage.answered;
    this.requests += stage.ends.called;
    const hasCollected = await collect();
    const alive = countAlive(stage.environs);
    if (hasCollected) this.mostAlive = Math.max(this.mostAlive, alive);
    if (hasCollected && alive > MAX_ALIVE) this.#course.broken(`${alive} requests are in memory`);
    for (const complaint of await stage.close()) this.#course.broken(complaint);
  }
}

/** Every fault at every byte of every conversation, in memory. */
export const faultsPart: Part = {
  name: "faults",
  share: 3,
  async run(course) {
    const stages = new Stages(course);
    const lengths = new Map<Scenario, number>();
    for (const scenario of SCENARIOS) {
      const outBytes = await undisturbedBytes(scenario);
      lengths.set(scenario, outBytes);
      for (const effect of EFFECTS) {
        for (const fault of everyFault(scenario, outBytes, effect)) {
          await stages.run([[scenario, fault]]);
        }
      }
    }
    await stages.end();
    course.figure(
      `${stages.connections} connections, ${SCENARIOS.length} conversations, ${EFFECTS.length} faults at every byte; ` +
        `${stages.requests} requests, ${stages.answered} conversations answered in full, ` +
        `at most ${stages.mostAlive} requests in memory afterwards`,
    );
    const random = new Stages(course);
    while (!course.isOver() || random.connections === 0) {
      for (let round = 0; round < BATCH / MAX_BESIDE; round++) {
        await random.run(Array.from({ length: 1 + course.random.below(MAX_BESIDE) }, () => {
          const scenario = course.random.pick(SCENARIOS);
          return [scenario, randomFault(course.random, scenario, lengths.get(scenario) ?? 0)];
        }));
      }
      await random.end();
    }
    course.figure(
      `${random.connections} connections with random faults, up to ${MAX_BESIDE} at once; ` +
        `${random.requests} requests, ${random.answered} answered in full`,
    );
  },
};
