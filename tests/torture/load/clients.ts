/**
 * Clients that send one request after another on one connection until the server ends the
 * connection. They keep an account of each request: its response has come as a whole, in part, or
 * not at all.
 */

import { parseResponses, type TextResponse } from "../../support/http_text.ts";
import type { TcpClient } from "../../support/tcp.ts";

/** The outcome of the requests of one client. */
export interface Account {
  /** The ids of the requests that were answered in full. */
  readonly answered: string[];
  /** The ids of the requests without an answer, because the server ended the connection first. */
  readonly refused: string[];
  /** The errors: half responses, wrong bodies, resets. */
  readonly complaints: string[];
}

/** A kind of request: its text, and the expected end of its response. */
export interface Kind {
  readonly name: string;
  /**
   * The number of requests that are sent at once, before their responses have come. The default is
   * 1.
   */
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
  // A reset may follow the server's FIN. The client sees it only if it waits for the close.
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

/**
 * Reads all responses that have come. A head that is not complete counts as an incomplete response.
 */
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
