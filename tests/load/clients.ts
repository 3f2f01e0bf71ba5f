/**
 * Clients that send one request after another on one connection until the server ends it, and keep
 * account: of each request, whether its response has come, wholly or in part.
 */

import { parseResponses, type TextResponse } from "../support/http_text.ts";
import type { TcpClient } from "../support/tcp.ts";

/** What became of the requests of one client. */
export interface Account {
  /** Requests that were answered in full, by their ids. */
  readonly answered: string[];
  /** Requests of which nothing has come, as the server ended the connection first. */
  readonly refused: string[];
  /** What must not be: half responses, wrong bodies, resets. */
  readonly complaints: string[];
}

/** A kind of request: its text, and what its response has to be. */
export interface Kind {
  readonly name: string;
  /** How many requests are sent at once, before their responses have come. */
  readonly depth?: number;
  request(id: string): string;
  expected(id: string): string;
}

/** Sends requests of one kind until the server ends the connection. */
export async function hammer(client: TcpClient, kind: Kind, name: string): Promise<Account> {
  const account: Account = { answered: [], refused: [], complaints: [] };
  for (let round = 0; !isOver(client); round++) {
    const ids = Array.from({ length: kind.depth ?? 1 }, (_, index) => `${name}.${round}.${index}`);
    client.text = "";
    client.send(ids.map((id) => kind.request(id)).join(""));
    client.stream.resume();
    await client.until(`the answers to ${ids}`, () => {
      return isOver(client) || client.text.includes(`${ids.at(-1)}>`) && isComplete(client.text);
    });
    settle(account, kind, ids, responsesIn(client.text));
  }
  // Only who waits for the end of it sees a reset that follows the server's FIN.
  client.stream.end();
  await client.until("the end of both sides", () => client.closed);
  if (client.error !== undefined) account.complaints.push(`${kind.name} ${name}: ${client.error}`);
  return account;
}

function isOver(client: TcpClient): boolean {
  return client.ended || client.closed || client.error !== undefined;
}

function isComplete(text: string): boolean {
  return responsesIn(text).every(({ complete }) => complete);
}

/** All that have come; a head that has not come wholly counts as an incomplete response. */
function responsesIn(text: string): TextResponse[] {
  try {
    return parseResponses(text);
  } catch {
    const status = `cut: ${text}`;
    return [{ status, headers: {}, body: text, chunks: [], complete: false }];
  }
}

function settle(
  { answered, refused, complaints }: Account,
  kind: Kind,
  ids: readonly string[],
  responses: readonly TextResponse[],
): void {
  for (const [index, id] of ids.entries()) {
    const response = responses[index];
    if (response === undefined) refused.push(id);
    else if (response.complete && response.body === kind.expected(id)) answered.push(id);
    else {
      const { status, complete, body } = response;
      complaints.push(`${kind.name} ${id}: ${status}, ${complete ? "complete" : "cut"}: ${body}`);
    }
  }
}
