/**
 * The part `paused`: the processes of two servers are stopped, as with their container or their virtual machine.
 * The pause is longer than their deadlines. The clients go on meanwhile, and each gets its whole answer afterwards.
 *
 * @module
 */

import process from "node:process";
import { requestText } from "../../support/serving.ts";
import { TcpClient } from "../../support/tcp.ts";
import { CERT, KEY } from "../../support/tls_fixtures.ts";
import { Child } from "../child.ts";
import type { Course, Part } from "../part.ts";
import { HalfHandshake } from "./half_handshake.ts";
import { quietFigures } from "./quiet.ts";

/** The deadlines of the server, in seconds. */
const TIMEOUTS = { head: 5, body: 5, idle: 5, write: 5 };
/** TLS of the second server. */
const TLS = { cert: CERT, key: KEY, handshakeTimeout: 5 };
/** The time for which the servers are stopped: all deadlines pass, and some checks of them. */
const PAUSE_MS = 8000;
/** The clients of each kind. */
const CLIENTS = 50;
const BODY = "the body of a request";

/** The bytes that a client sends before the pause and during it. */
interface Kind {
  readonly before: string;
  readonly meanwhile: string;
  /** The number of answers in the end. */
  readonly answers: number;
  /** Whether the client ends its side. */
  readonly ends?: boolean;
}

const HELLO = requestText("GET", "/hello");
const ECHO = requestText("POST", "/echo", [`Content-Length: ${BODY.length}`]) + BODY;

/** The bytes of two requests, of which the first `at` come before the pause. */
function cutAt(at: number, text: string): Kind {
  return { before: text.slice(0, at), meanwhile: text.slice(at) + HELLO, answers: 2 };
}

const KINDS: Readonly<Record<string, Kind>> = {
  "half a head": cutAt(20, HELLO),
  "half a body": cutAt(ECHO.length - 10, ECHO),
  "an idle connection": { before: HELLO, meanwhile: HELLO, answers: 2 },
  "a connection without a request": { before: "", meanwhile: HELLO, answers: 1 },
  "a pipeline and an end": { before: "", meanwhile: HELLO.repeat(20), answers: 20, ends: true },
};

/** A server in a process of its own. */
interface Server {
  readonly child: Child;
  readonly port: number;
}

async function listen(options: object): Promise<Server> {
  const child = new Child(new URL("traffic_server.ts", import.meta.url));
  const { port } = await child.ask<{ port: number }>("listen", { options });
  return { child, port };
}

/** Lets the clients of each kind live through a pause. Gives the number of clients. */
async function pauseOnce(plain: Server, secure: Server, course: Course): Promise<number> {
  const address = { family: "IPv4", host: "127.0.0.1", port: plain.port } as const;
  const clients: [string, Kind, TcpClient][] = [];
  for (const [name, kind] of Object.entries(KINDS)) {
    for (let count = 0; count < CLIENTS; count++) {
      const client = await TcpClient.open({ address });
      client.send(kind.before);
      clients.push([name, kind, client]);
    }
  }
  const handshakes = await Promise.all(
    Array.from({ length: CLIENTS }, () => HalfHandshake.begin(secure.port)),
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (const { child } of [plain, secure]) child.pause();
  for (const [, kind, client] of clients) {
    client.send(kind.meanwhile);
    if (kind.ends) client.leave("ends");
  }
  for (const handshake of handshakes) handshake.goOn(HELLO);
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  for (const { child } of [plain, secure]) child.goOn();
  const lost: Record<string, number> = {};
  await Promise.all(clients.map(async ([name, { answers }, client]) => {
    const came = () => client.text.split("HTTP/1.1 200 OK").length - 1;
    const isDone = () => came() >= answers || client.closed;
    await client.until(`${answers} answers for ${name}`, isDone).catch(() => {});
    if (came() !== answers) lost[name] = (lost[name] ?? 0) + 1;
    client.leave("closes");
  }));
  for (const answer of await Promise.all(handshakes.map((handshake) => handshake.answer))) {
    if (!answer.startsWith("HTTP/1.1 200 OK")) {
      lost["half a handshake"] = (lost["half a handshake"] ?? 0) + 1;
    }
  }
  for (const [name, count] of Object.entries(lost)) {
    course.broken(`${count} of ${CLIENTS} clients with ${name} have lost answers`);
  }
  return clients.length + handshakes.length;
}

export const pausedPart: Part = {
  name: "paused",
  share: 2,
  async run(course: Course): Promise<void> {
    if (process.platform === "win32") return course.figure("no process can be stopped on Windows");
    const plain = await listen({ timeouts: TIMEOUTS });
    const secure = await listen({ timeouts: TIMEOUTS, tls: TLS });
    try {
      let clients = 0;
      let pauses = 0;
      do {
        clients += await pauseOnce(plain, secure, course);
        pauses++;
      } while (!course.isOver());
      for (const { child } of [plain, secure]) {
        const { log } = await quietFigures(child);
        if (log.length > 0) course.broken(`The log has ${log.join("; ")}`);
      }
      course.figure(`${pauses} pauses of ${PAUSE_MS / 1000} s, ${clients} clients`);
    } finally {
      await Promise.all([plain.child.end(), secure.child.end()]);
    }
  },
};
