/**
 * The clients of `storm.ts`, in a process of their own: all of them connect at once.
 *
 * The question is `storm`, which is answered once each client has got its response or has lost its connection.
 *
 * @module
 */

import type { Socket } from "node:net";
import { answerQuestions } from "../child.ts";
import { connectFrom } from "../connecting.ts";

interface Job {
  readonly question: "storm";
  readonly port: number;
  readonly host: string;
  readonly count: number;
}

/** The ends of the clients: the number of clients for each body, and for each fault. */
export interface Fates {
  readonly bodies: Record<string, number>;
  readonly faults: Record<string, number>;
}

const sockets: Socket[] = [];

/** Sends one request. Resolves with the body of the response, or with a fault. */
async function ask(
  port: number,
  localAddress: string,
): Promise<{ body: string } | { fault: string }> {
  let socket: Socket;
  try {
    socket = await connectFrom({ port, localAddress });
  } catch (error) {
    return { fault: `not connected: ${(error as Error & { code?: string }).code}` };
  }
  sockets.push(socket);
  socket.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
  return await new Promise((resolve) => {
    let text = "";
    socket.on("data", (piece: string) => {
      text += piece;
      const [, length, body = ""] = /content-length: (\d+)[^]*?\r\n\r\n([^]*)$/i.exec(text) ?? [];
      if (length !== undefined && body.length >= Number(length)) resolve({ body });
    });
    socket.on("error", ({ code }: Error & { code?: string }) => resolve({ fault: String(code) }));
    socket.on("close", () => resolve({ fault: `closed after ${text.length} characters` }));
  });
}

await answerQuestions<Job>(async ({ port, host, count }) => {
  const bodies: Record<string, number> = {};
  const faults: Record<string, number> = {};
  const ends = await Promise.all(Array.from({ length: count }, () => ask(port, host)));
  for (const end of ends) {
    const [counts, name] = "body" in end ? [bodies, end.body] : [faults, end.fault];
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return { bodies, faults } satisfies Fates;
});
for (const socket of sockets) socket.destroy();
