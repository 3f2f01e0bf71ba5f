/** How much memory this process takes while something goes on. */

import process from "node:process";

/** The resident set of this process, in bytes. */
export function residentBytes(): number {
  return process.memoryUsage().rss;
}

/** Looks at the memory again and again, and keeps the most that it has seen. */
export class MemoryWatch {
  readonly before: number = residentBytes();
  most: number = this.before;
  readonly #timer = setInterval(() => this.look(), 10);

  look(): void {
    this.most = Math.max(this.most, residentBytes());
  }

  /** Ends it, and gives by how many bytes the memory has grown at most. */
  end(): number {
    clearInterval(this.#timer);
    this.look();
    return this.most - this.before;
  }

  /** For a report: the most, and how it was before, in megabytes. */
  toString(): string {
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(0);
    return `peak RSS ${megabytes(this.most)} MB, ${megabytes(this.before)} MB before`;
  }
}
