/**
 * The counts of a server that no open connection can tell: past responses, bytes, deadlines and delays.
 *
 * The strategy: a request costs one increment here. The bytes of a connection are added when the
 * connection ends; until then, {@linkcode statsOf} asks the connection itself.
 *
 * {@linkcode Connections} calls this.
 *
 * @module
 */

import type { Files, OpenFile } from "../../socket/mod.ts";
import { DEFAULT_TIMEOUTS, type TimeoutsMs } from "../timeouts.ts";

/** The parts of a connection that has ended. */
export interface EndedConnection {
  readonly receivedBytes: number;
  readonly output: { readonly sentBytes: number };
  /** Whether the server has ended the connection at once. */
  readonly wasCut: boolean;
}

/** The counts of one server since it was made. */
export class Tally {
  /** The number of responses of each `responseKind`. */
  readonly responses: number[] = [0, 0, 0, 0, 0, 0, 0];
  /** The number of deadlines that have passed, by phase. */
  readonly timeouts: Record<keyof TimeoutsMs, number> = { ...NO_TIMEOUTS };
  /** The bytes of connections that have ended. */
  receivedBytes = 0;
  /** The bytes of connections that have ended. */
  sentBytes = 0;
  /** The number of connections that the server has ended at once. */
  cutConnections = 0;
  /** The number of connections that have ended during a shutdown and were not cut. */
  drainedConnections = 0;
  /** The number of files that apps have opened through the adapter and not closed. */
  openFiles = 0;
  /** The delay of the last check of the deadlines, in milliseconds. */
  loopDelayMs = 0;
  /** The longest such delay. */
  maxLoopDelayMs = 0;

  /** Counts a connection that has ended. */
  closed(connection: EndedConnection, isStopping: boolean): void {
    this.receivedBytes += connection.receivedBytes;
    this.sentBytes += connection.output.sentBytes;
    if (connection.wasCut) this.cutConnections++;
    else if (isStopping) this.drainedConnections++;
  }

  /** Notes the delay of a check: the event loop was busy for that time. */
  delayed(delayMs: number): void {
    this.loopDelayMs = Math.max(0, delayMs);
    this.maxLoopDelayMs = Math.max(this.maxLoopDelayMs, delayMs);
  }

  /** Counts the open files of a file system. */
  counting(files: Files | undefined): Files | undefined {
    return files && new CountedFiles(files, this);
  }
}

const NO_TIMEOUTS = Object.fromEntries(
  Object.keys(DEFAULT_TIMEOUTS).map((phase) => [phase, 0]),
) as Record<keyof TimeoutsMs, number>;

/** A file system that counts its open files. */
class CountedFiles implements Files {
  readonly position?: NonNullable<Files["position"]>;
  readonly #files: Files;
  readonly #tally: Tally;

  constructor(files: Files, tally: Tally) {
    this.#files = files;
    this.#tally = tally;
    // An app may have added a member of this name to all objects.
    if (typeof files.position === "function") this.position = files.position.bind(files);
  }

  async open(path: string): Promise<OpenFile> {
    const file = await this.#files.open(path);
    this.#tally.openFiles++;
    return new CountedFile(file, this.#tally);
  }

  realPath(path: string): Promise<string> {
    return this.#files.realPath(path);
  }
}

class CountedFile implements OpenFile {
  readonly size: number;
  readonly modified: number;
  readonly changed: number | undefined;
  readonly #file: OpenFile;
  readonly #tally: Tally;
  /** Becomes true with the first call of `close`. */
  #isClosed = false;

  constructor(file: OpenFile, tally: Tally) {
    this.#file = file;
    this.#tally = tally;
    this.size = file.size;
    this.modified = file.modified;
    this.changed = file.changed;
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#file.read(into, position);
  }

  async close(): Promise<void> {
    const isFirst = !this.#isClosed;
    this.#isClosed = true;
    try {
      await this.#file.close();
    } finally {
      if (isFirst) this.#tally.openFiles--;
    }
  }
}
