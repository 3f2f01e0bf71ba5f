/**
 * One request of an app in a thread: the body that the server reads.
 *
 * The generator waits for a thread, and then for each call of the thread, and answers it. So the client's full
 * window stops the generator at a block, and the thread waits for the answer.
 *
 * The app of `blocking.ts` returns this.
 *
 * @module
 */

import { until } from "../coroutine/mod.ts";
import {
  type AppYield,
  type BodyReader,
  type Environ,
  type HeaderList,
  ServerReadable,
  type StartResponse,
  type WSGIInput,
} from "../wsgi/mod.ts";
import { postEnviron } from "./post_environ.ts";
import { BlockingThreadDied } from "./errors.ts";
import { type Call, Job, textOf } from "./job.ts";
import type { Pool, Ticket } from "./pool.ts";
import { ANSWER, CALL, MAX_BYTES } from "./protocol.ts";

/** The response of an app in a thread. */
export class ThreadResponse extends ServerReadable {
  readonly #pool: Pool;
  readonly #environ: Environ;
  readonly #startResponse: StartResponse;
  readonly #ticket: Ticket;
  #job: Job | undefined;
  /** The pieces of the request body, and the rest of the last one. */
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(
    pool: Pool,
    environ: Environ,
    startResponse: StartResponse,
    { ticket, deadlineMs }: { readonly ticket: Ticket; readonly deadlineMs: number },
  ) {
    // The type of a body's generator has no last block, but the server takes one.
    super((reader) => this.#run(deadlineMs, reader) as Generator<AppYield, void, unknown>);
    this.#ticket = ticket;
    this.#pool = pool;
    this.#environ = environ;
    this.#startResponse = startResponse;
  }

  /** Waits until the thread is free: the server calls this after the response. */
  close(): Promise<void> | undefined {
    if (this.#job === undefined) this.#pool.leave(this.#ticket);
    return this.#job?.ended;
  }

  *#run(deadlineMs: number, reader?: BodyReader) {
    const ticket = this.#ticket;
    const { cogen } = this.#environ;
    try {
      const thread = yield* cogen.wait(until(ticket.thread));
      if (thread.state === "ended") {
        throw new BlockingThreadDied("The thread has ended while it was free");
      }
      this.#pool.counts.served++;
      const host = {
        clock: cogen.scheduler.clock,
        report: (error: unknown) => cogen.report(error),
        log: (text: string) => this.#environ["wsgi.errors"].write(text),
        expired: () => void this.#pool.counts.expired++,
      };
      const job = this.#job = new Job(thread, host, deadlineMs);
      // Only the server's own input has `takeWhole`.
      const input: Partial<WSGIInput> = this.#environ["wsgi.input"];
      const beginning = {
        body: input.takeWhole?.(input[Symbol.asyncIterator], MAX_BYTES),
        mayJoin: reader?.isOwn?.(this.#startResponse) === true,
      };
      thread.begin(job, beginning, (post) => postEnviron(this.#environ, post));
      return yield* this.#serve(job, reader);
    } finally {
      this.#job?.abandon();
    }
  }

  /** Answers the calls; returns the last block. */
  *#serve(job: Job, reader?: BodyReader): Generator<AppYield, Uint8Array | undefined, unknown> {
    const { cogen } = this.#environ;
    for (;;) {
      const call: Call = yield* cogen.wait(until(job.next()));
      switch (call.kind) {
        case CALL.start:
          this.#start(job, call);
          break;
        case CALL.block:
          if (call.argument >= 0) reader?.announceLength(call.argument);
          try {
            yield call.bytes;
            job.answer();
          } catch (error) {
            job.refuse(error);
          }
          break;
        case CALL.read:
          yield* this.#read(job);
          break;
        case CALL.fail: {
          const error = job.errorOf(call);
          job.answer();
          // The `close()` of the app comes before the response to its failure.
          yield* cogen.wait(until(job.ended));
          throw error;
        }
        case CALL.whole: {
          const [status, headers] = headOf(call.bytes.subarray(0, call.argument));
          this.#startResponse(status, headers);
          return call.bytes.length > call.argument ? call.bytes.subarray(call.argument) : undefined;
        }
        case CALL.end:
          job.answer();
          return call.bytes.length > 0 ? call.bytes : undefined;
      }
    }
  }

  #start(job: Job, { argument, bytes }: Call): void {
    const excInfo = argument === 1 ? new Error("excInfo of the thread") : undefined;
    try {
      const [status, headers] = headOf(bytes);
      this.#startResponse(status, headers, excInfo);
      job.answer();
    } catch (error) {
      if (error === excInfo) job.answer(ANSWER.rethrow);
      else job.refuse(error);
    }
  }

  /** Gives the thread the next bytes of the request body, as they arrive. */
  *#read(job: Job): Generator<AppYield, void, unknown> {
    try {
      if (this.#rest.length === 0) {
        this.#pieces ??= this.#environ["wsgi.input"][Symbol.asyncIterator]();
        const piece = Promise.race([this.#pieces.next(), job.expired]);
        const step = yield* this.#environ.cogen.wait(until(piece));
        if (!step.done) this.#rest = step.value;
      }
      const piece = this.#rest.subarray(0, MAX_BYTES);
      this.#rest = this.#rest.subarray(piece.length);
      job.answer(ANSWER.ok, piece);
    } catch (error) {
      // The deadline has answered the call already.
      if (error !== job.failure) job.refuse(error);
    }
  }
}

function headOf(bytes: Uint8Array<ArrayBuffer>): [string, HeaderList] {
  return JSON.parse(textOf(bytes)) as [string, HeaderList];
}
