/**
 * The file or the stream to which a log is written.
 *
 * @module
 */

import * as fs from "node:fs";
import * as timers from "node:timers";

/** The file or the stream of a log, and the event loop. */
export interface LogDevice {
  /**
   * Opens the file for lines at its end; gives the descriptor of a stream.
   *
   * @throws The error of the system.
   */
  open(): number;
  /** Closes a descriptor that `open` has given. A stream stays open. */
  close(descriptor: number): void;
  /** The length of a write that the system does not mix with those of other processes, in bytes. */
  readonly maxWholeBytes: number;
  /** Writes a part of the bytes at least, and calls `done` later. */
  write(descriptor: number, bytes: Uint8Array, done: WriteDone): void;
  /**
   * Writes at once, while the process ends.
   *
   * @throws The error of the system.
   */
  writeNow(descriptor: number, bytes: Uint8Array): void;
  /** Calls `job` after the present events, or after a time. */
  later(job: () => void, milliseconds?: number): void;
}

/** Takes the result of a write: its error, or the number of bytes that it took. */
export type WriteDone = (error: unknown, written: number) => void;

/** The writes to a pipe that have at most this many bytes are not mixed with those of other processes. */
const PIPE_BYTES = 4096;

/**
 * The device of a log: a file, or a stream of the process by the number of its descriptor.
 *
 * The trap: `process.stdout` waits for a pipe that is not read, and its error ends the process. A write to the
 * descriptor does neither.
 */
export function logDevice(place: string | number): LogDevice {
  const isFile = typeof place === "string";
  return {
    maxWholeBytes: isFile ? Infinity : PIPE_BYTES,
    open: () => isFile ? fs.openSync(place, "a") : place,
    close: (descriptor) => isFile && fs.close(descriptor, () => {}),
    write(descriptor, bytes, done) {
      fs.write(descriptor, bytes, 0, bytes.length, null, (error, written) => done(error, written));
    },
    writeNow: (descriptor, bytes) => void fs.writeSync(descriptor, bytes),
    later(job, milliseconds) {
      if (milliseconds === undefined) timers.setImmediate(job);
      else timers.setTimeout(job, milliseconds);
    },
  };
}
