/**
 * The interface of a load generator: `wrk` if it is installed, otherwise a small client of this repository.
 *
 * @module
 */

/** The requests and their receiver. */
export interface Target {
  readonly port: number;
  /** One request, byte for byte. */
  readonly request: string;
  readonly depth: number;
  readonly connections: number;
  /**
   * Whether failed connections are opened again, because the system refuses some of thousands that
   * begin at once.
   */
  readonly mayFail?: boolean;
}

/**
 * The figures of a load. Latencies are in microseconds, from the sending of a batch to the end of
 * an answer.
 */
export interface LoadFigures {
  /** The number of answered requests; 0 if no answer came in time. */
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

export interface Load {
  /** The name in the report. */
  readonly name: string;
  /**
   * Sends requests for about `seconds`. The promise rejects when a connection or an answer fails.
   *
   * @param stop Ends the load early, if this generator can.
   */
  run(target: Target, seconds: number, stop?: AbortSignal): Promise<LoadFigures>;
}
