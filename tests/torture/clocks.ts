/**
 * The part `clocks`: under load, the time of day jumps by up to ten years, forward and back; the monotone clock
 * jumps by up to eight hours, as after a sleep of the machine, or stands still while timers run.
 *
 * After each round: no exception has escaped, no deadline is lost and no turn follows another without an end, the
 * server counts nothing, no duration of a log is below 0, each `Date` is at most two seconds old, and sleeping
 * coroutines have woken in the order of their times, none too early.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { ManualClock, type Scheduler, Sleep } from "../../src/coroutine/mod.ts";
import { accessLog, type AccessLogEntry } from "../../src/middleware/mod.ts";
import { WSGIServer } from "../../src/server/mod.ts";
import { decodeLatin1, type Socket } from "../../src/socket/mod.ts";
import type { Random } from "../fuzz/random.ts";
import { leftBehind } from "./faults/left.ts";
import { type Ends, SCENARIOS, tortureApp } from "./faults/scenarios.ts";
import type { Course, Part } from "./part.ts";

const ADDRESS = { host: "127.0.0.1", port: 80 };
const HOUR_MS = 3_600_000;
const YEAR_MS = 365 * 24 * HOUR_MS;
/** The steps of a round; at most one connection begins in each. */
const STEPS = 40;
const SLEEPERS = 20;
/** The time after which every deadline of the server has passed, in milliseconds of the clock. */
const ALL_DEADLINES_MS = 300_000;
/** The turns at one time after which the server does not come to rest. */
const MAX_TURNS = 20_000;
/** A `Date` is made once a second. */
const DATE_AGE_MS = 2000;
/** Lines of the log that a late deadline causes. */
const EXPECTED_LINE = /timed out|took too long|ClientDisconnected|halfClosed|The app was closed/;

/** A clock that jumps, or stands still while its timers run. */
class UnsteadyClock extends ManualClock {
  #offsetMs = 0;
  #stoppedMs: number | undefined;

  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  stop(): void {
    this.#stoppedMs ??= this.now();
  }

  /** Goes on, from the time at which the clock stopped. */
  go(): void {
    if (this.#stoppedMs === undefined) return;
    this.#offsetMs = this.#stoppedMs - super.now();
    this.#stoppedMs = undefined;
  }

  override now(): number {
    return this.#stoppedMs ?? super.now() + this.#offsetMs;
  }

  /** The time that timers count, without jumps and stops. */
  get timersMs(): number {
    return super.now();
  }
}

/** The time of day of this process, which jumps. Its readings are kept. */
class TimeOfDay {
  readonly #readings: { readonly atMs: number; readonly time: number }[] = [];
  readonly #clock: UnsteadyClock;
  readonly #original = Date;
  #offsetMs: number;

  constructor(clock: UnsteadyClock) {
    this.#clock = clock;
    this.#offsetMs = Date.now();
    const now = () => this.now();
    const original = Date;
    globalThis.Date = class extends original {
      constructor(...args: [] | [number]) {
        super(...(args.length === 0 ? [now()] : args) as [number]);
      }
      static override now(): number {
        return now();
      }
    } as DateConstructor;
  }

  now(): number {
    const time = Math.floor(this.#offsetMs + this.#clock.timersMs);
    this.#readings.push({ atMs: this.#clock.timersMs, time });
    return time;
  }

  /** Whether this was the time of day at a reading of the last two seconds. */
  isRecent(time: number): boolean {
    const since = this.#clock.timersMs - DATE_AGE_MS;
    const recent = this.#readings.filter(({ atMs }) => atMs >= since);
    return recent.some((reading) => Math.floor(reading.time / 1000) * 1000 === time);
  }

  jump(ms: number): void {
    this.#offsetMs += ms;
  }

  restore(): void {
    globalThis.Date = this.#original;
  }
}

/** A client that reads all, and ends when the server does. */
class Client {
  /** The values of `Date` that have come, and those among them that are wrong. */
  dates = 0;
  readonly wrongDates: string[] = [];
  readonly socket: Socket;
  readonly #day: TimeOfDay;

  constructor(day: TimeOfDay, connect: (client: Client) => Socket) {
    this.#day = day;
    this.socket = connect(this);
  }

  onData(bytes: Uint8Array): void {
    const text = decodeLatin1(bytes, 0, bytes.length);
    for (const [, date = ""] of text.matchAll(/^Date: (.*)\r$/gm)) {
      this.dates++;
      if (!this.#day.isRecent(Date.parse(date))) this.wrongDates.push(date);
    }
  }

  onEnd(): void {
    this.socket.endWrite();
  }

  onDrain(): void {}
  onClose(): void {}
}

/** The account of some rounds. */
export interface ClocksTally {
  connections: number;
  jumps: number;
  sleeps: number;
  /** The values of `Date` in responses. */
  dates: number;
  readonly broken: string[];
}

/** Runs rounds with jumps at random moments. */
export async function unsteadyClocks(random: Random, rounds: number): Promise<ClocksTally> {
  const tally: ClocksTally = { connections: 0, jumps: 0, sleeps: 0, dates: 0, broken: [] };
  for (let round = 0; round < rounds && tally.broken.length < 10; round++) {
    await runRound(random, tally);
  }
  return tally;
}

async function runRound(random: Random, tally: ClocksTally): Promise<void> {
  const clock = new UnsteadyClock();
  const day = new TimeOfDay(clock);
  try {
    await underJumps(random, tally, clock, day);
  } finally {
    day.restore();
  }
}

async function underJumps(
  random: Random,
  tally: ClocksTally,
  clock: UnsteadyClock,
  day: TimeOfDay,
): Promise<void> {
  const log: string[] = [];
  const entries: AccessLogEntry[] = [];
  const note = (line: string) => void log.push(line);
  const network = memoryNetwork({ clock, log: note });
  const ends: Ends = { called: 0, closed: 0, finished: 0, begun: 0, ended: 0 };
  const format = (entry: AccessLogEntry) => {
    entries.push(entry);
    return "";
  };
  const server = new WSGIServer({
    wsgiApp: accessLog(tortureApp(ends), () => {}, { format }),
    bindAddr: [ADDRESS.host, ADDRESS.port],
    adapter: network.adapter,
    log: note,
  });
  await server.listen();
  const woken = sleepers(server.scheduler, clock, random);
  const clients: Client[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (random.onceIn(2)) {
      const client = new Client(day, (it) => network.connect(ADDRESS, () => it));
      const { bytes } = random.pick(SCENARIOS);
      // Some clients send a part, so that their deadlines have to pass.
      client.socket.write(
        bytes.slice(0, random.onceIn(4) ? random.below(bytes.length) : undefined),
      );
      clients.push(client);
    }
    tally.jumps += jumpAtRandom(random, clock, day);
    clock.advance(random.below(1500));
  }
  clock.go();
  clock.advance(ALL_DEADLINES_MS);
  const broken = [...judgeSleepers(woken), ...judgeLogs(log, entries)];
  for (const { wrongDates } of clients) {
    for (const date of wrongDates) broken.push(`a response has Date: ${date}`);
  }
  if (!comesToRest(clock)) broken.push("the turns do not end");
  for (const { socket } of clients) socket.destroy();
  clock.advance(1000);
  broken.push(...leftBehind(server, ends));
  const closing = server.close();
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
    clock.advance(1000);
  }
  await closing;
  if (!clock.idle) broken.push("a timer or a turn is left");
  tally.connections += clients.length;
  tally.dates += clients.reduce((sum, { dates }) => sum + dates, 0);
  tally.sleeps += SLEEPERS;
  tally.broken.push(...broken);
}

/** Lets one of the clocks jump, or none. Returns the number of jumps. */
function jumpAtRandom(random: Random, clock: UnsteadyClock, day: TimeOfDay): number {
  const choice = random.below(12);
  if (choice === 0) clock.jump(random.below(8 * HOUR_MS));
  else if (choice === 1) clock.jump(random.below(2000));
  else if (choice === 2) clock.stop();
  else if (choice === 3) clock.go();
  else if (choice === 4) day.jump(random.below(20 * YEAR_MS) - 10 * YEAR_MS);
  else if (choice === 5) day.jump(random.below(4000) - 2000);
  return choice <= 5 ? 1 : 0;
}

/** A coroutine that sleeps: the time at which it must wake, and the time at which it did. */
interface Sleeper {
  readonly dueMs: number;
  readonly wokeMs: number;
}

/** Adds coroutines that sleep. Returns the list of those that have woken, in their order. */
function sleepers(scheduler: Scheduler, clock: UnsteadyClock, random: Random): Sleeper[] {
  const woken: Sleeper[] = [];
  for (let count = 0; count < SLEEPERS; count++) {
    const ms = random.below(60_000);
    scheduler.add(function* sleeper() {
      const dueMs = clock.now() + ms;
      yield* Sleep({ milliseconds: ms });
      woken.push({ dueMs, wokeMs: clock.now() });
    });
  }
  return woken;
}

function judgeSleepers(woken: readonly Sleeper[]): string[] {
  const broken: string[] = [];
  if (woken.length !== SLEEPERS) broken.push(`${woken.length} of ${SLEEPERS} sleepers have woken`);
  for (const [index, { dueMs, wokeMs }] of woken.entries()) {
    if (wokeMs < dueMs) broken.push(`a sleeper has woken ${dueMs - wokeMs} ms too early`);
    if (dueMs < (woken[index - 1]?.dueMs ?? 0)) broken.push("a sleeper has overtaken another one");
  }
  return broken;
}

function judgeLogs(log: readonly string[], entries: readonly AccessLogEntry[]): string[] {
  const broken = log.filter((line) => !EXPECTED_LINE.test(line)).map((line) =>
    `the log has: ${line}`
  );
  for (const { milliseconds, firstByteMilliseconds = 0, date } of entries) {
    const isRight = milliseconds >= firstByteMilliseconds && firstByteMilliseconds >= 0 &&
      !Number.isNaN(date.getTime());
    if (!isRight) {
      broken.push(`an entry has ${firstByteMilliseconds} ms, ${milliseconds} ms and ${date}`);
    }
  }
  return broken;
}

/** Whether the turns at the present time end. */
function comesToRest(clock: UnsteadyClock): boolean {
  for (let turn = 0; turn < MAX_TURNS; turn++) if (!clock.turn()) return true;
  return false;
}

/** Clocks that jump and stand still. */
export const clocksPart: Part = {
  name: "clocks",
  share: 0.5,
  async run(course: Course): Promise<void> {
    const sum = { connections: 0, jumps: 0, sleeps: 0, dates: 0 };
    while (!course.isOver() || sum.connections === 0) {
      const tally = await unsteadyClocks(course.random, 10);
      for (const text of tally.broken) course.broken(text);
      sum.connections += tally.connections;
      sum.jumps += tally.jumps;
      sum.sleeps += tally.sleeps;
      sum.dates += tally.dates;
    }
    course.figure(
      `${sum.connections} connections and ${sum.sleeps} sleeping coroutines beside ${sum.jumps} jumps; ${sum.dates} values of Date`,
    );
  },
};
