/**
 * The part `sockets`: the faults of the part `faults` around the sockets of the runtime, with clients over TCP.
 *
 * The clock is real, so it cannot jump, the deadlines of the server are short, and many connections fail at
 * the same time. After each crowd, the server counts nothing and each app has ended once.
 *
 * @module
 */

import { connect } from "node:net";
import { serve, type WSGIServer } from "../../../mod.ts";
import type { Random } from "../../fuzz/random.ts";
import { runtimeAdapter } from "../../support/runtime_adapter.ts";
import { eventually, RUNTIME } from "../../support/tcp.ts";
import { randomFault, undisturbedBytes } from "./faults.ts";
import { type ConnectionFault, type FaultyAdapter, faultyAdapter } from "./faulty_adapter.ts";
import { leftBehind } from "./left.ts";
import type { Course, Part } from "../part.ts";
import { judge } from "./reading.ts";
import { type Ends, type Scenario, SCENARIOS, tortureApp } from "./scenarios.ts";

/** The connections of a crowd: half of them fail. */
const CROWD = 200;
/** The deadlines of the server in seconds: longer than an undisturbed conversation, shorter than a fault. */
const TIMEOUTS = {
  head: 8,
  body: 8,
  write: 8,
  idle: 8,
  linger: 8,
  request: 8,
  close: 8,
  halfClosed: 8,
};
/** The time in which a crowd must have ended, in milliseconds. */
const LIMIT_MS = 120_000;
/** The time after which a client gives up, in milliseconds: far longer than all deadlines together. */
const CLIENT_MS = 40_000;
/** Lines of the log that a fault may cause. */
const EXPECTED_LINE =
  /timed out|took too long|InjectedFault|ClientDisconnected|halfClosed|The app was closed/;

/** The bytes that a client over TCP has got when its connection has ended. */
interface Outcome {
  readonly pieces: readonly Uint8Array[];
  readonly hasEnd: boolean;
  /** Whether the server had not ended the connection long after its deadlines. */
  readonly isLate: boolean;
}

/** A request line of no bytes: servers skip it (RFC 9112 §2.2). */
const EMPTY_LINE = "\r\n";

/**
 * Sends the bytes of a conversation, reads all, and closes once the server has ended.
 *
 * Node 20 tells of an end in place of a reset, if the reset comes together with the last bytes. A write tells which
 * of the two it was: after a reset, it fails.
 */
function converse(port: number, { bytes }: Scenario): Promise<Outcome> {
  return new Promise((resolve) => {
    const pieces: Uint8Array[] = [];
    let hasEnd = false;
    let isLate = false;
    const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
    socket.on("connect", () => socket.write(bytes.slice()));
    socket.on("data", (piece: Uint8Array) => void pieces.push(piece));
    socket.on("end", () => {
      socket.write(EMPTY_LINE, (error) => {
        hasEnd = !error;
        socket.end();
      });
    });
    socket.on("error", () => {});
    const timer = setTimeout(() => {
      isLate = true;
      socket.destroy();
    }, CLIENT_MS);
    socket.on("close", () => {
      clearTimeout(timer);
      resolve({ pieces, hasEnd, isLate });
    });
  });
}

/** A server on the sockets of the runtime, whose connections fail as planned. */
interface Stage {
  readonly server: WSGIServer;
  readonly faulty: FaultyAdapter;
  readonly ends: Ends;
  readonly log: string[];
}

async function openStage(): Promise<Stage> {
  const ends: Ends = { called: 0, closed: 0, finished: 0, begun: 0, ended: 0 };
  const log: string[] = [];
  const note = (line: string) => void log.push(line);
  const faulty = faultyAdapter(await runtimeAdapter(), () => {}, note);
  const server = await serve({
    wsgiApp: tortureApp(ends),
    bindAddr: ["127.0.0.1", 0],
    adapter: faulty.adapter,
    timeouts: TIMEOUTS,
    log: note,
  });
  return { server, faulty, ends, log };
}

/** Plans a fault. A clock that is real cannot jump. */
function planFault(
  random: Random,
  scenario: Scenario,
  outBytes: number,
): ConnectionFault | undefined {
  if (random.onceIn(2)) return undefined;
  const fault = randomFault(random, scenario, outBytes);
  return fault !== undefined && "effect" in fault && fault.effect === "leap" ? undefined : fault;
}

/** Lets a crowd converse at the same time. Returns the number of conversations that were answered in full. */
async function runCrowd(
  stage: Stage,
  course: Course,
  lengths: ReadonlyMap<Scenario, number>,
): Promise<number> {
  const port = Number(new URL(stage.server.url).port);
  const conversations: Promise<boolean>[] = [];
  const scenarios = [...lengths.keys()];
  for (let index = 0; index < CROWD; index++) {
    const scenario = course.random.pick(scenarios);
    const fault = planFault(course.random, scenario, lengths.get(scenario) ?? 0);
    let isAccepted = false;
    stage.faulty.next = { fault, accepted: () => void (isAccepted = true) };
    conversations.push(
      converse(port, scenario).then(({ pieces, hasEnd, isLate }) => {
        const judged = judge(scenario, pieces, hasEnd);
        const isWhole = judged === (scenario.bodies.length || 1);
        const name = `${scenario.name} ${JSON.stringify(fault)}`;
        // A WebSocket may be silent: its pings find a dead client, after a longer time.
        if (isLate && scenario.bodies.length > 0) {
          course.broken(`${name}: the server has not ended the connection`);
        }
        if (typeof judged === "string") course.broken(`${name}: ${judged}`);
        else if (fault === undefined && !isWhole) course.broken(`${name}: no whole answer`);
        return isWhole;
      }),
    );
    // A fault belongs to the next accept, so the connections are accepted one after the other.
    await eventually("the accept", () => isAccepted, LIMIT_MS);
  }
  const whole = (await Promise.all(conversations)).filter((isWhole) => isWhole).length;
  await eventually("no connection", () => isQuiet(stage.server), LIMIT_MS);
  checkLeft(stage, course);
  return whole;
}

function isQuiet(server: WSGIServer): boolean {
  const { connections, activeRequests, scheduler } = server.stats();
  return connections + activeRequests + scheduler.tasks === 0;
}

/** Finds everything that a crowd has left behind. */
function checkLeft({ server, ends, log }: Stage, course: Course): void {
  for (const text of leftBehind(server, ends)) course.broken(text);
  for (const line of log.splice(0)) {
    if (!EXPECTED_LINE.test(line)) course.broken(`the log has: ${line}`);
  }
}

/** Faults around real sockets. */
export const socketsPart: Part = {
  name: "sockets",
  share: 1,
  async run(course: Course): Promise<void> {
    const lengths = new Map<Scenario, number>();
    for (const scenario of SCENARIOS) {
      // Deno has no reset, so a client of HTTP/1.0 cannot tell a part of a response from the whole.
      if (scenario.name === "old client" && RUNTIME.startsWith("deno")) continue;
      lengths.set(scenario, await undisturbedBytes(scenario));
    }
    const stage = await openStage();
    let connections = 0;
    let whole = 0;
    while (!course.isOver() || connections === 0) {
      whole += await runCrowd(stage, course, lengths);
      connections += CROWD;
    }
    await stage.server.close();
    course.figure(
      `${connections} connections over TCP, up to ${CROWD} at once, half of them with a fault; ` +
        `${stage.ends.called} requests, ${whole} conversations answered in full`,
    );
  },
};
