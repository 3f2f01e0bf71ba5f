/**
 * The resources that ended connections have left behind.
 *
 * @module
 */

import type { WSGIServer } from "../../../src/server/mod.ts";
import type { Ends } from "./scenarios.ts";

/** Tells of each count of the server that is not zero, and of the apps that have not ended once. */
export function leftBehind(server: WSGIServer, ends: Ends): string[] {
  const { connections, activeRequests, connectionStates, openFiles, scheduler } = server.stats();
  const counts = { connections, activeRequests, openFiles, ...scheduler, ...connectionStates };
  const left = Object.entries(counts).filter(([, count]) => count !== 0)
    .map(([name, count]) => `${name} is ${count}`);
  const { called, closed, finished, begun, ended } = ends;
  if (closed !== called) left.push(`${called} apps, but ${closed} calls of close()`);
  if (finished !== called) left.push(`${called} apps, but ${finished} calls of onFinished`);
  if (begun !== ended) left.push(`${begun} generators, but ${ended} runs of finally`);
  return left;
}
