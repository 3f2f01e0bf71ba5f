/** The memory that this process takes during a transfer. */

import process from "node:process";

/** The resident set of this process, in bytes. */
export function residentBytes(): number {
  return process.memoryUsage().rss;
}

/** Reads the memory every 10 ms, and keeps the largest figure. */
export class MemoryWatch {
  readonly before: number = residentBytes();
  most: number = this.before;
  readonly #timer = setInterval(() => this.look(), 10);

  look(): void {
    this.most = Math.max(this.most, residentBytes());
  }

  /** Ends the watch. Returns the largest growth of the memory, in bytes. */
  end(): number {
    clearInterval(this.#timer);
    this.look();
    return this.most - this.before;
  }

  /** Makes a text for a report: the largest figure and the first one, in megabytes. */
  toString(): string {
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
    return `peak RSS ${megabytes(this.most)} MB, ${megabytes(this.before)} MB before`;
  }
}
