/**
 * Honest clients beside those of an attack.
 *
 * @module
 */

import { Connection, type Place } from "./traffic_clients.ts";

/** The pause of an honest client between two requests. */
const PAUSE_MS = 5;

/**
 * Asks for a small answer again and again, each time on a connection of its own.
 *
 * @returns The times of the requests in milliseconds, in order of size.
 * @throws {Error} For a wrong answer.
 */
export async function honestTimes(place: Place, isOver: () => boolean): Promise<number[]> {
  const times: number[] = [];
  while (!isOver()) {
    const began = performance.now();
    const connection = await Connection.open(place);
    await connection.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
    const { status } = await connection.response();
    if (status !== 200) throw new Error(`The status ${status}`);
    connection.leave("close");
    times.push(performance.now() - began);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return times.sort((one, other) => one - other);
}

/** The time of a share of the requests, as text in milliseconds. */
export function timeAt(times: readonly number[], share: number): string {
  return (times[Math.floor((times.length - 1) * share)] ?? NaN).toFixed(1);
}
