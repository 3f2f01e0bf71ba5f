/**
 * A middleware that makes the interleaving visible: it tells a channel of each step of each request.
 *
 * A step is the time at which an app yields a block, begins to wait, or goes on. The steps of a tenth of a
 * second are one event. Without a client that watches, nothing is collected.
 */

import { type Block, passThrough, type Scheduler, Sleep, type WSGIApp } from "../mod.ts";
import { EventChannel } from "../src/sse/mod.ts";
import { ServerReadable } from "../src/wsgi/mod.ts";

type Kind = "begin" | "block" | "wait" | "resume" | "end";

/** The most steps in one event. Further steps are left out. */
const MAX_STEPS = 400;
const BATCH_SECONDS = 0.1;

export class Live {
  readonly channel: EventChannel = new EventChannel({ history: { count: 10 } });
  #steps: (readonly [generator: number, kind: Kind, time: number, ...name: string[]])[] = [];
  #begun = 0;

  watch(app: WSGIApp): WSGIApp {
    return (environ, startResponse) => {
      const { cogen, REQUEST_METHOD, SCRIPT_NAME, PATH_INFO } = environ;
      const note = this.begin(`${REQUEST_METHOD} ${SCRIPT_NAME}${PATH_INFO}`, cogen.scheduler);
      cogen.onFinished(() => note("end"));
      const block = function* (block: Block) {
        note("block");
        yield block;
      };
      const wait = function* () {
        note("wait");
      };
      const stage = { keepsBlocks: true, block, wait, resume: () => note("resume") };
      const run = () => app(environ, startResponse);
      return new ServerReadable((reader) => passThrough(run, cogen, stage, reader));
    };
  }

  /** Tells of the beginning of a generator, and makes the function that tells of its steps. */
  begin(name: string, scheduler: Scheduler): (kind: Kind) => void {
    const number = ++this.#begun;
    const note = (kind: Kind, ...name: string[]) => {
      if (this.channel.subscribers === 0) return;
      if (this.#steps.length === 0) scheduler.add(() => this.#tell());
      if (this.#steps.length >= MAX_STEPS && (kind === "block" || kind === "resume")) return;
      this.#steps.push([number, kind, Math.round(performance.now()), ...name]);
    };
    note("begin", name);
    return note;
  }

  *#tell() {
    yield* Sleep(BATCH_SECONDS);
    const steps = this.#steps;
    this.#steps = [];
    this.channel.publish(JSON.stringify({ now: Math.round(performance.now()), steps }));
  }
}
