/** A socket stream with the test as its peer, on a scheduler with a manual clock. */

import type { ByteSocket, Operation, Task } from "../../../src/coroutine/mod.ts";
import { StreamConnection } from "../../../src/coroutine/sockets/socket_stream.ts";
import { type Stage, stage } from "../../support/scheduling.ts";

export interface StreamStage extends Stage {
  readonly stream: StreamConnection;
  /** The calls of the socket's methods, in order, such as `write abc`. */
  readonly calls: string[];
  /** Adds a coroutine that performs an operation, and runs it until it waits or ends. */
  perform<T>(operation: Operation<T>): Task<T>;
  /** Lets latin-1 bytes arrive. */
  arrives(data: string): void;
  /** Sets whether each write of the socket returns `false`. */
  setSocketFull(full: boolean): void;
}

export function streamStage(): StreamStage {
  const inner = stage();
  const calls: string[] = [];
  let socketFull = false;
  const socket: ByteSocket = {
    write: (bytes) => {
      calls.push(`write ${typeof bytes === "string" ? bytes : text(bytes)}`);
      return !socketFull;
    },
    endWrite: () => void calls.push("endWrite"),
    destroy: () => void calls.push("destroy"),
    pauseReading: () => void calls.push("pause"),
    resumeReading: () => void calls.push("resume"),
  };
  const stream = new StreamConnection(socket);
  return {
    ...inner,
    stream,
    calls,
    perform<T>(operation: Operation<T>): Task<T> {
      const task = inner.scheduler.add(function* () {
        return yield* operation;
      });
      inner.run();
      return task;
    },
    arrives(data) {
      stream.onData(bytes(data));
      inner.run();
    },
    setSocketFull(full) {
      socketFull = full;
    },
  };
}

/** The bytes of a latin-1 string. */
export function bytes(data: string): Uint8Array {
  return Uint8Array.from(data, (character) => character.charCodeAt(0));
}

/** The latin-1 string of bytes; empty for no bytes. */
export function text(data: Uint8Array | undefined): string {
  return String.fromCharCode(...data ?? []);
}
