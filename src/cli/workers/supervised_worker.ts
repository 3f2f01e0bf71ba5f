/**
 * A worker as the supervisor sees it: its process, its state, its place.
 *
 * `supervisor.ts` makes these, and changes their state.
 *
 * @module
 */

import type { AcceptedStream } from "../../../adapters/node.ts";
import type { CommandFailure } from "../failure.ts";
import type { Source } from "../status/gather.ts";
import type { Ask } from "../status/recorders.ts";
import { type BusChannel, busChannel } from "./bus_channel.ts";
import type { Taker } from "./hand_over.ts";
import type { FromWorker, Load, ToWorker } from "./messages.ts";

/** The process of a worker. */
export interface WorkerProcess {
  readonly id: number | undefined;
  send(message: ToWorker, stream?: AcceptedStream): void;
  /** Ends the process at once. */
  kill(): void;
}

/** The events of a process. */
export interface ProcessEvents {
  message(message: FromWorker): void;
  /** The process has ended, and no message follows. */
  ended(how: string): void;
}

/** The place of a worker, which outlives it. */
export interface Place {
  readonly name: string;
  /** The worker that serves, or the first one, which loads. */
  worker: Worker | undefined;
  /** The worker that loads in order to replace `worker`. */
  next: Worker | undefined;
  /** The crashes in a row. */
  crashes: number;
  cancelStart: (() => void) | undefined;
}

/** A worker, as the supervisor sees it. */
export class Worker implements Taker, Source {
  readonly place: Place;
  readonly readyOrEnded: Promise<void>;
  state: "loading" | "ready" | "ending" | "gone" = "loading";
  load: Load = { connections: 0, requests: 0 };
  /** The number of pings in a row that have no answer. */
  unanswered = 0;
  /** The time of the state `ready`, in seconds; `Infinity` before. */
  readyAt: number = Infinity;
  /** The reason for which the app could not be loaded, as the worker has told it. */
  failure: CommandFailure | undefined;
  running!: WorkerProcess;
  /** Cancels the timer that kills a worker which takes too long to load, or to end. */
  cancelKill: (() => void) | undefined;
  /** The channel of the bus to this worker. */
  readonly bus: BusChannel = busChannel((message) => this.send({ type: "bus", message }));
  /** Ends the service of the channel; set if the supervisor has the bus. */
  closeChannel: (() => void) | undefined;
  settle!: () => void;

  constructor(place: Place) {
    this.place = place;
    this.readyOrEnded = new Promise((resolve) => this.settle = resolve);
  }

  get mayTake(): boolean {
    return this.state === "ready";
  }

  get title(): string {
    return `worker ${this.place.name} (process ${this.running.id ?? "unknown"})`;
  }

  send(message: ToWorker, stream?: AcceptedStream): void {
    this.running.send(message, stream);
  }

  ask(question: Ask): void {
    this.send(question);
  }
}
