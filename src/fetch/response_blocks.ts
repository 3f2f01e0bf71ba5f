/**
 * The blocks of a response whose body is a stream.
 *
 * The server asks for the next block when the client's window has room, and not before: a slow client slows
 * the stream down. An iterator made by hand in place of an async generator, because `return()` of a generator
 * waits for the piece that is being read: here it cancels the stream at once.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

import type { Environ } from "../wsgi/mod.ts";
import type { BodyStream } from "./whole_body.ts";

type Block = Uint8Array<ArrayBuffer> | string;
type Step = IteratorResult<Block, undefined>;

const DONE: Step = { done: true, value: undefined };

/** An iterator over the pieces of a stream. */
export class ResponseBlocks implements AsyncIterableIterator<Block, undefined> {
  readonly #reader: BodyStream["reader"];
  readonly #environ: Environ;
  readonly #pieces: unknown[];
  #reading: BodyStream["reading"];

  /**
   * @param stream The stream.
   * @param environ The environ of the request.
   */
  constructor({ reader, pieces, reading }: BodyStream, environ: Environ) {
    this.#reader = reader;
    this.#pieces = [...pieces];
    this.#reading = reading;
    this.#environ = environ;
  }

  /** Reads the next piece that is not empty. */
  async next(): Promise<Step> {
    for (;;) {
      if (this.#pieces.length === 0) {
        const step = await (this.#reading ?? this.#reader.read());
        this.#reading = undefined;
        if (step.done === true) return DONE;
        this.#pieces.push(step.value);
      }
      const block = blockOf(this.#pieces.shift());
      if (block.length > 0) return { done: false, value: block };
    }
  }

  /**
   * Cancels the stream: the client has left, or wants no body. The end of the cancelling is not awaited: that
   * of a copied stream waits for the other copy.
   */
  return(): Promise<Step> {
    const { cogen } = this.#environ;
    const reason: unknown = cogen.signal.aborted ? cogen.signal.reason : undefined;
    this.#reader.cancel(reason).catch((error) => cogen.report(error));
    return Promise.resolve(DONE);
  }

  /** Gives itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** The piece of a stream as a block: bytes of any view, or a string. */
function blockOf(piece: unknown): Block {
  if (piece instanceof Uint8Array) return piece as Uint8Array<ArrayBuffer>;
  if (typeof piece === "string") return piece;
  if (piece instanceof ArrayBuffer) return new Uint8Array(piece);
  if (ArrayBuffer.isView(piece)) {
    return new Uint8Array(piece.buffer as ArrayBuffer, piece.byteOffset, piece.byteLength);
  }
  const kind = piece === null ? "null" : typeof piece;
  throw new TypeError(`Cannot send ${kind} from the stream of a response: expected a Uint8Array`);
}
