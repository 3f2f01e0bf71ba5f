/**
 * What sends the requests: `wrk` where it is installed, else a small client of our own.
 *
 * @module
 */

/** What is sent, and to whom. */
export interface Target {
  readonly port: number;
  /** One request, byte for byte. */
  readonly request: string;
  readonly depth: number;
  readonly connections: number;
  /** Connections may fail, and are made anew: those of thousands at once that the system turned away. */
  readonly mayFail?: boolean;
}

/** Latencies are in microseconds: from sending a batch to the end of an answer. */
export interface LoadFigures {
  /** 0 if no answer came in time. */
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface Load {
  /** For the report. */
  readonly name: string;
  /**
   * Sends requests for about so long. Rejects when a connection or an answer fails.
   *
   * @param stop Ends it before its time, if this kind of load can.
   */
  run(target: Target, seconds: number, stop?: AbortSignal): Promise<LoadFigures>;
}
