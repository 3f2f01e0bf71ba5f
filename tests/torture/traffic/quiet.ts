/**
 * The figures of a server that all clients have left.
 *
 * @module
 */

import { eventually } from "../../support/tcp.ts";
import type { Child } from "../child.ts";
import type { Figures } from "./traffic_server.ts";

/** The time in which the server must notice that all clients have left. */
const QUIET_MS = 60_000;

/** The figures of the server after a collection, once it counts nothing. */
export async function quietFigures(server: Child): Promise<Figures> {
  await eventually("no connection is left", async () => {
    const { connections, activeRequests, tasks } = await server.ask<Figures>("figures");
    return connections + activeRequests + tasks === 0;
  }, QUIET_MS);
  return await server.ask<Figures>("collect");
}
