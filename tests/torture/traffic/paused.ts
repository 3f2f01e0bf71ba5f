/**
 * The part `paused`: the process of a server is stopped, as with its container or its virtual machine, for longer
 * than its deadlines. The clients go on meanwhile, and each gets its whole answer afterwards.
 *
 * @module
 */

import process from "node:process";
import { requestText } from "../../support/serving.ts";
import { TcpClient } from "../../support/tcp.ts";
import { Child } from "../child.ts";
import type { Course, Part } from "../part.ts";
import { quietFigures } from "./quiet.ts";

/** The deadlines of the server, in seconds. */
const TIMEOUTS = { head: 5, body: 5, idle: 5, write: 5 };
/** The time for which the server is stopped: all deadlines pass, and some checks of them. */
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

/** Lets the clients of each kind live through a pause. Gives the number of clients. */
async function pauseOnce(server: Child, port: number, course: Course): Promise<number> {
  const address = { family: "IPv4", host: "127.0.0.1", port } as const;
  const clients: [string, Kind, TcpClient][] = [];
  for (const [name, kind] of Object.entries(KINDS)) {
    for (let count = 0; count < CLIENTS; count++) {
      const client = await TcpClient.open({ address });
      client.send(kind.before);
      clients.push([name, kind, client]);
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  server.pause();
  for (const [, kind, client] of clients) {
    client.send(kind.meanwhile);
    if (kind.ends) client.leave("ends");
  }
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  server.goOn();
  const lost: Record<string, number> = {};
  await Promise.all(clients.map(async ([name, { answers }, client]) => {
    const came = () => client.text.split("HTTP/1.1 200 OK").length - 1;
    const isDone = () => came() >= answers || client.closed;
    await client.until(`${answers} answers for ${name}`, isDone).catch(() => {});
    if (came() !== answers) lost[name] = (lost[name] ?? 0) + 1;
    client.leave("closes");
  }));
  for (const [name, count] of Object.entries(lost)) {
    course.broken(`${count} of ${CLIENTS} clients with ${name} have lost answers`);
  }
  return clients.length;
}

export const pausedPart: Part = {
  name: "paused",
  share: 2,
  async run(course: Course): Promise<void> {
    if (process.platform === "win32") return course.figure("no process can be stopped on Windows");
    const server = new Child(new URL("traffic_server.ts", import.meta.url));
    try {
      const { port } = await server.ask<{ port: number }>("listen", {
        options: { timeouts: TIMEOUTS },
      });
      let clients = 0;
      let pauses = 0;
      do {
        clients += await pauseOnce(server, port, course);
        pauses++;
      } while (!course.isOver());
      const { log } = await quietFigures(server);
      if (log.length > 0) course.broken(`The log has ${log.join("; ")}`);
      course.figure(`${pauses} pauses of ${PAUSE_MS / 1000} s, ${clients} clients`);
    } finally {
      await server.end();
    }
  },
};
