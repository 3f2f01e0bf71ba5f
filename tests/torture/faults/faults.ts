/**
 * Faults at every point: each conversation runs once for each fault at each byte of each direction, over a
 * network in memory and on a clock that only the run moves. Then, until the time is over, several
 * connections fail at once at random places.
 *
 * After each connection: the server counts nothing, each app has ended once, the client took no part of a
 * response for the whole, and the log has no error of the engine.
 *
 * @module
 */

import { memoryNetwork } from "../../../adapters/memory.ts";
import { WSGIServer } from "../../../src/server/mod.ts";
import type { Socket } from "../../../src/socket/mod.ts";
import type { Environ } from "../../../src/wsgi/mod.ts";
import type { Random } from "../../fuzz/random.ts";
import {
  ACCEPT_FAILURES,
  type ConnectionFault,
  type FaultyAdapter,
  faultyAdapter,
  LeapingClock,
} from "./faulty_adapter.ts";
import { EFFECTS, type Fault } from "./faulty_socket.ts";
import { leftBehind } from "./left.ts";
import { judge } from "./reading.ts";
import { type Ends, type Scenario, tortureApp } from "./scenarios.ts";

/** The time after which every deadline of the server has passed, in milliseconds of the clock. */
const ALL_DEADLINES_MS = 200_000;
/** The time in which an undisturbed conversation ends. */
const SHORT_MS = 10_000;
const ADDRESS = { host: "127.0.0.1", port: 80 };
/** Lines of the log that a fault may cause: a deadline, and the error of a write. */
const EXPECTED_LINE = /timed out|InjectedFault|ClientDisconnected|halfClosed/;
/** The line of an app whose time to end was in the jump of the clock. */
const LINE_AFTER_LEAP = /The app was closed and has not ended in /;

/** A connection of a client that reads all, and closes once the server has ended. */
class Client {
  readonly pieces: Uint8Array[] = [];
  hasEnd = false;
  isClosed = false;
  readonly socket: Socket;

  constructor(connect: (client: Client) => Socket) {
    this.socket = connect(this);
  }

  onData(bytes: Uint8Array): void {
    this.pieces.push(bytes);
  }

  onEnd(): void {
    this.hasEnd = true;
    this.socket.endWrite();
  }

  onDrain(): void {}

  onClose(): void {
    this.isClosed = true;
  }
}

/** A server whose connections fail as planned. */
export class FaultStage {
  readonly ends: Ends = { called: 0, closed: 0, finished: 0, begun: 0, ended: 0 };
  readonly clock: LeapingClock = new LeapingClock();
  /** The environs of all requests, which must be garbage once they have ended. */
  readonly environs: WeakRef<Environ>[] = [];
  /** The number of connections so far, and of those with all their answers. */
  connections = 0;
  answered = 0;
  readonly #log: string[] = [];
  readonly #faulty: FaultyAdapter;
  readonly #connect: (client: Client) => Socket;
  readonly #server: WSGIServer;

  private constructor() {
    const log = (line: string) => void this.#log.push(line);
    const network = memoryNetwork({ clock: this.clock, log, window: 256 });
    this.#connect = (client) => network.connect(ADDRESS, () => client);
    this.#faulty = faultyAdapter(network.adapter, () => this.clock.leap(), log);
    this.#server = new WSGIServer({
      wsgiApp: tortureApp(this.ends, (environ) => void this.environs.push(new WeakRef(environ))),
      bindAddr: [ADDRESS.host, ADDRESS.port],
      adapter: this.#faulty.adapter,
      log,
    });
  }

  static async open(): Promise<FaultStage> {
    const stage = new FaultStage();
    await stage.#server.listen();
    return stage;
  }

  /**
   * Runs connections beside each other until they have ended.
   *
   * @returns The broken promises, in words.
   */
  run(meetings: readonly (readonly [Scenario, ConnectionFault | undefined])[]): string[] {
    const clients: Client[] = [];
    for (const [scenario, fault] of meetings) {
      this.#faulty.next = { fault };
      const client = new Client(this.#connect);
      clients.push(client);
      client.socket.write(scenario.bytes.slice());
      this.clock.turn();
    }
    this.clock.advance(SHORT_MS);
    if (!this.clock.idle) this.clock.advance(ALL_DEADLINES_MS);
    const complaints = meetings.flatMap(([scenario, fault], index) => {
      const { pieces, hasEnd } = clients[index] as Client;
      const judged = judge(scenario, pieces, hasEnd);
      this.connections++;
      if (typeof judged === "string") return [judged];
      const wanted = scenario.bodies.length || 1;
      if (judged === wanted) this.answered++;
      return fault === undefined && judged < wanted ? [`${scenario.name}: no answer`] : [];
    });
    complaints.push(...this.#left());
    for (const client of clients) client.socket.destroy();
    this.clock.advance(0);
    return complaints;
  }

  /** The bytes that the server has sent so far. */
  get sentBytes(): number {
    return this.#server.stats().sentBytes;
  }

  /** Ends the server. Returns the broken promises. */
  async close(): Promise<string[]> {
    const closing = this.#server.close();
    for (let turn = 0; turn < 20; turn++) {
      await Promise.resolve();
      this.clock.advance(100);
    }
    await closing;
    return this.clock.idle ? [] : ["a timer or a turn is left after the close"];
  }

  /** Finds everything that an ended connection has left behind. */
  #left(): string[] {
    const left = leftBehind(this.#server, this.ends);
    if (!this.clock.idle) left.push("a timer or a turn is left");
    for (const line of this.#log.splice(0)) {
      const isOfLeap = this.clock.hasLeapt && LINE_AFTER_LEAP.test(line);
      if (!isOfLeap && !EXPECTED_LINE.test(line)) left.push(`the log has: ${line}`);
    }
    return left;
  }
}

/** Gives each fault of one effect for a conversation: at each byte of each direction. */
export function* everyFault(
  { bytes }: Scenario,
  outBytes: number,
  effect: Fault["effect"],
): Generator<Fault, void, unknown> {
  for (let at = 0; effect !== "throw" && at <= bytes.length; at++) yield { side: "in", at, effect };
  for (let at = 0; at <= outBytes; at++) yield { side: "out", at, effect };
}

/** Makes a random fault. */
export function randomFault(
  random: Random,
  { bytes }: Scenario,
  outBytes: number,
): ConnectionFault | undefined {
  if (random.onceIn(20)) return undefined;
  if (random.onceIn(20)) return { accept: random.pick(ACCEPT_FAILURES) };
  const effect = random.pick(EFFECTS);
  const side = effect !== "throw" && random.onceIn(2) ? "in" : "out";
  return { side, at: random.below((side === "in" ? bytes.length : outBytes) + 1), effect };
}

/**
 * Measures an undisturbed conversation.
 *
 * @returns The number of bytes that the server sends.
 */
export async function undisturbedBytes(scenario: Scenario): Promise<number> {
  const stage = await FaultStage.open();
  const complaints = stage.run([[scenario, undefined]]);
  if (complaints.length > 0) throw new Error(`Without a fault: ${complaints.join("; ")}`);
  await stage.close();
  return stage.sentBytes;
}
