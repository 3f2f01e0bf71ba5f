/**
 * The server of the parts `traffic` and `slowhttptest`, in a process of its own.
 *
 * The questions are `listen`, answered with the port; `figures`, answered with the memory and the counts of the
 * server; `collect`, the same after a collection of garbage; and `close`.
 *
 * @module
 */

import process from "node:process";
import { serve, type ServeOptions, type WSGIServer } from "../../../mod.ts";
import { answerQuestions, type Question } from "../child.ts";
import { collect, heapBytes } from "../garbage.ts";
import { FAULT, trafficApp } from "./traffic_app.ts";

/** The memory and the counts of the server. */
export interface Figures {
  readonly rss: number;
  readonly heap: number;
  readonly connections: number;
  readonly activeRequests: number;
  readonly tasks: number;
  readonly served: number;
  /** The lines of the log since the last figures, without those about apps that fail on purpose. */
  readonly log: readonly string[];
}

interface ServerQuestion extends Question {
  /** Options of the server, for `listen`. */
  readonly options?: Partial<ServeOptions>;
}

let server: WSGIServer | undefined;
let log: string[] = [];

function figures(): Figures {
  const counts = (server as WSGIServer).stats();
  const lines = log.filter((line) => !line.includes(FAULT));
  log = [];
  return {
    rss: process.memoryUsage().rss,
    heap: heapBytes(),
    connections: counts.connections,
    activeRequests: counts.activeRequests,
    tasks: counts.scheduler.tasks,
    served: counts.servedRequests,
    log: lines.slice(0, 5),
  };
}

await answerQuestions<ServerQuestion>(async ({ question, options }) => {
  switch (question) {
    case "listen":
      server = await serve({
        bindAddr: ["127.0.0.1", 0],
        log: (line) => void log.push(line),
        ...options,
        wsgiApp: trafficApp,
      });
      return { port: Number(new URL(server.url).port) };
    case "collect":
      await collect();
      return figures();
    case "close":
      await server?.shutdown({ grace: 5 });
      return figures();
    default:
      return figures();
  }
});
