/**
 * The greedy clients of the part `greedy`, in a process of their own.
 *
 * The questions are `attack`, answered once all clients are connected; `sent`, answered with the bytes that the
 * system has taken from them and the connections that the server has ended; and `leave`.
 *
 * @module
 */

import { answerQuestions } from "../child.ts";
import { GreedyClient } from "./greedy_client.ts";
import { GREEDY_KINDS, type GreedyKind } from "./greedy_kinds.ts";

interface Job {
  readonly question: "attack" | "sent" | "leave";
  readonly port: number;
  readonly isEncrypted: boolean;
  readonly kind: string;
  readonly count: number;
}

const clients: GreedyClient[] = [];

await answerQuestions<Job>(async ({ question, port, isEncrypted, kind, count }) => {
  switch (question) {
    case "attack":
      await Promise.all(Array.from({ length: count }, () => {
        const client = new GreedyClient({ port, isEncrypted }, GREEDY_KINDS[kind] as GreedyKind);
        clients.push(client);
        return client.begun;
      }));
      return {};
    case "sent":
      return {
        bytes: clients.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
        cut: clients.reduce((sum, { cut }) => sum + cut, 0),
      };
    case "leave":
      for (const client of clients.splice(0)) client.leave();
      return {};
  }
});
