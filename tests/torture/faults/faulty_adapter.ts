/**
 * An adapter around another one, whose accepted sockets fail as planned.
 *
 * It works around a network in memory and around the sockets of a runtime alike.
 *
 * @module
 */

import { ManualClock } from "../../../src/coroutine/mod.ts";
import type { Adapter, Socket } from "../../../src/socket/mod.ts";
import { type Fault, FaultySocket, InjectedFault } from "./faulty_socket.ts";

/** The jump of the effect `leap`, in milliseconds. */
const LEAP_MS = 3_600_000;

/** A manual clock that can also jump, as after a pause of the machine: timers on the way do not run. */
export class LeapingClock extends ManualClock {
  #leaptMs = 0;

  /** Whether the clock has jumped. */
  get hasLeapt(): boolean {
    return this.#leaptMs > 0;
  }

  /** Jumps by an hour. */
  leap(): void {
    this.#leaptMs += LEAP_MS;
  }

  override now(): number {
    return super.now() + this.#leaptMs;
  }
}

/** The ways in which an accept fails: the socket is dead on arrival, it breaks at once, or it throws. */
export const ACCEPT_FAILURES = ["dead", "broken", "throws"] as const;

/** A fault of a new connection. */
export type ConnectionFault = Fault | { readonly accept: typeof ACCEPT_FAILURES[number] };

/** The plan of one connection. */
export interface ConnectionPlan {
  readonly fault: ConnectionFault | undefined;
  /** Told when the connection is accepted. */
  accepted?(): void;
}

/** The adapter, and the source of its faults. */
export interface FaultyAdapter {
  readonly adapter: Adapter;
  /** The plan of the next connection; without one, the connection has no fault. */
  next: ConnectionPlan | undefined;
}

/**
 * Makes the adapter.
 *
 * @param inner The adapter whose sockets fail.
 * @param leap Makes the clock jump.
 * @param log Takes the lines of the error log.
 */
export function faultyAdapter(
  inner: Adapter,
  leap: () => void,
  log: (line: string) => void,
): FaultyAdapter {
  const host = { clock: inner.clock, log, leap };
  const faulty: FaultyAdapter = {
    next: undefined,
    adapter: {
      name: inner.name,
      clock: inner.clock,
      latin1: (bytes, start, end) => inner.latin1(bytes, start, end),
      hostName: () => inner.hostName(),
      log,
      files: inner.files,
      listen: (address, options, accept) =>
        inner.listen(address, options, (socket) => {
          const plan = faulty.next;
          faulty.next = undefined;
          plan?.accepted?.();
          const fault = plan?.fault;
          const planned = fault === undefined || "accept" in fault ? undefined : fault;
          const wrapped = new FaultySocket(host, socket, planned);
          if (fault !== undefined && "accept" in fault) {
            failAccept(fault.accept, wrapped, socket, host.clock);
          }
          wrapped.start(accept);
          return wrapped;
        }),
    },
  };
  return faulty;
}

function failAccept(
  how: typeof ACCEPT_FAILURES[number],
  socket: FaultySocket,
  inner: Socket,
  clock: Adapter["clock"],
): void {
  const error = new InjectedFault("The accept failed");
  if (how === "dead") socket.destroy();
  else if (how === "broken") {
    clock.defer(() => {
      socket.onClose(error);
      inner.destroy();
    });
  } else {
    const broken: Partial<Socket> = {
      pauseReading: () => {
        throw error;
      },
      write: () => {
        throw error;
      },
    };
    Object.assign(socket, broken);
  }
}
