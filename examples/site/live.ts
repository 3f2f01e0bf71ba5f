/**
 * A middleware that makes the interleaving visible: it tells a channel of each step of each request.
 *
 * A step is the time at which an app yields a block, begins to wait, or goes on. The steps of a tenth of a second,
 * at most 400, are one event. They are collected for a client that watches; a worker cannot know those of others.
 */

import { type Block, type Environ, passThrough, Sleep, type WSGIApp } from "../../mod.ts";
import { EventChannel } from "../../src/sse/mod.ts";
import { ServerReadable } from "../../src/wsgi/mod.ts";
import { shared } from "../shared.ts";

type Kind = "begin" | "block" | "wait" | "resume" | "end";

const MAX_STEPS = 400;
const BATCH_SECONDS = 0.1;

export class Live {
  readonly channelOf = shared((bus) => new EventChannel({ bus, name: "live" }));
  #steps: (readonly [generator: string, kind: Kind, time: number, ...name: string[]])[] = [];

  watch(app: WSGIApp): WSGIApp {
    return (environ, startResponse) => {
      const { cogen, REQUEST_METHOD, SCRIPT_NAME, PATH_INFO } = environ;
      const note = this.begin(`${REQUEST_METHOD} ${SCRIPT_NAME}${PATH_INFO}`, environ);
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
  begin(name: string, environ: Environ): (kind: Kind) => void {
    const generator = Math.random().toString(36).slice(2);
    const channel = this.channelOf(environ);
    const note = (kind: Kind, ...name: string[]) => {
      if (channel.subscribers === 0 && !environ["wsgi.multiprocess"]) return;
      if (this.#steps.length === 0) environ.cogen.scheduler.add(() => this.#tell(channel));
      if (this.#steps.length >= MAX_STEPS && (kind === "block" || kind === "resume")) return;
      this.#steps.push([generator, kind, Date.now(), ...name]);
    };
    note("begin", name);
    return note;
  }

  *#tell(channel: EventChannel) {
    yield* Sleep(BATCH_SECONDS);
    const steps = this.#steps;
    this.#steps = [];
    channel.publish(JSON.stringify({ now: Date.now(), steps }));
  }
}
