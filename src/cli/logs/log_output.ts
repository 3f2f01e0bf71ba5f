/**
 * The output of a log: a file, or a stream of the process.
 *
 * The lines of one turn of the event loop leave in one write, and one write is on its way at a time. So a pipe
 * that is not read stops no request, and the memory is bounded: lines beyond the bound are dropped and counted.
 * A full disk or a closed pipe drops lines as well. The beginning of such a time is told once, and its end
 * with the count.
 *
 * The trap: a write that fails may have taken a part of a line. The next write then begins with a newline.
 *
 * `logs.ts` makes the outputs.
 *
 * @module
 */

import type { LogDevice } from "../host/mod.ts";

/** At most this many characters wait. */
const MAX_HELD = 1_048_576;
/** The time after which a pipe without room is tried again, in milliseconds. */
const RETRY_MS = 20;

/** Takes the news of an output that drops lines: an error, or a count of dropped lines. */
export interface LogTroubles {
  /** The first line is dropped. */
  dropping(reason: unknown): void;
  /** Lines are taken again. */
  dropped(lines: number): void;
}

/** The bytes on their way. */
interface Batch {
  readonly descriptor: number;
  readonly bytes: Uint8Array;
  at: number;
}

/** The reason of a drop if the output is too slow. */
export const TOO_SLOW = "it takes no more lines";

/** One log. */
export class LogOutput {
  readonly #device: LogDevice;
  readonly #troubles: LogTroubles;
  #descriptor: number;
  #lines: string[] = [];
  /** The number of characters in `#lines`. */
  #held = 0;
  /** `planned`: a write begins after the present events. */
  #state: "idle" | "planned" | "writing" = "idle";
  /** The number of lines that were dropped and are not told yet. */
  #dropped = 0;
  /** Whether the last byte that was taken is in the middle of a line. */
  #isMidLine = false;
  /** The descriptor that {@linkcode reopen} has replaced, while bytes for it are on their way. */
  #retired: number[] = [];
  #waiters: (() => void)[] = [];

  /**
   * Opens the output.
   *
   * @throws The error of the system.
   */
  constructor(device: LogDevice, troubles: LogTroubles) {
    this.#device = device;
    this.#troubles = troubles;
    this.#descriptor = device.open();
  }

  /** Takes an entry of one line or more, without a newline at its end. Never throws. */
  write(entry: string): void {
    if (this.#held > 0 && this.#held + entry.length > MAX_HELD) return this.#drop(1, TOO_SLOW);
    this.#lines.push(entry);
    this.#held += entry.length + 1;
    if (this.#state !== "idle") return;
    this.#state = "planned";
    this.#device.later(() => this.#begin());
  }

  /**
   * Opens the file again, because another program has moved it away. The lines that are on their way go to the
   * old file.
   *
   * @throws The error of the system; the old file stays open.
   */
  reopen(): void {
    const opened = this.#device.open();
    if (this.#state === "writing") this.#retired.push(this.#descriptor);
    else this.#device.close(this.#descriptor);
    this.#descriptor = opened;
    this.#isMidLine = false;
  }

  /** Resolves when all lines are written or dropped. */
  flushed(): Promise<void> {
    if (this.#state === "idle") return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Writes the lines that wait at once, because the process ends. Never throws. */
  writeNow(): void {
    if (this.#state === "writing" || this.#lines.length === 0) return;
    try {
      while (this.#lines.length > 0) {
        this.#device.writeNow(this.#descriptor, this.#takeLines());
      }
    } catch {
      // The process ends, and the output cannot be written.
    }
  }

  #begin(): void {
    if (this.#lines.length === 0) return this.#rest();
    this.#state = "writing";
    this.#continue({ descriptor: this.#descriptor, bytes: this.#takeLines(), at: 0 });
  }

  /** Takes as many lines as one write may have, and one at least. */
  #takeLines(): Uint8Array {
    let length = 0;
    let count = 0;
    for (const line of this.#lines) {
      if (count > 0 && length + line.length >= this.#device.maxWholeBytes) break;
      length += line.length + 1;
      count++;
    }
    const lines = this.#lines.splice(0, count);
    this.#held -= length;
    return utf8.encode(`${this.#isMidLine ? "\n" : ""}${lines.join("\n")}\n`);
  }

  #continue(batch: Batch): void {
    this.#device.write(batch.descriptor, batch.bytes.subarray(batch.at), (error, written) => {
      if (isBusy(error)) return this.#device.later(() => this.#continue(batch), RETRY_MS);
      if (error) {
        this.#isMidLine = batch.descriptor === this.#descriptor &&
          (batch.at === 0 ? this.#isMidLine : batch.bytes[batch.at - 1] !== NEWLINE);
        this.#drop(countLines(batch), error);
        return this.#end();
      }
      batch.at += written;
      if (batch.at < batch.bytes.length) return this.#continue(batch);
      if (batch.descriptor === this.#descriptor) this.#isMidLine = false;
      this.#tellDropped();
      this.#end();
    });
  }

  #end(): void {
    for (const descriptor of this.#retired.splice(0)) this.#device.close(descriptor);
    this.#begin();
  }

  #rest(): void {
    this.#state = "idle";
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #drop(lines: number, reason: unknown): void {
    if (lines === 0) return;
    const isFirst = this.#dropped === 0;
    this.#dropped += lines;
    if (isFirst) this.#troubles.dropping(reason);
  }

  #tellDropped(): void {
    const lines = this.#dropped;
    this.#dropped = 0;
    if (lines > 0) this.#troubles.dropped(lines);
  }
}

const NEWLINE = 10;
const utf8 = new TextEncoder();

/** Counts the lines that were not taken whole. The next write begins with a newline that is missing. */
function countLines({ bytes, at }: Batch): number {
  let lines = bytes[at] === NEWLINE ? -1 : 0;
  for (const byte of bytes.subarray(at)) if (byte === NEWLINE) lines++;
  return lines;
}

/** Whether a pipe has no room at present. */
function isBusy(error: unknown): boolean {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  return code === "EAGAIN" || code === "EINTR" || name === "WouldBlock";
}
