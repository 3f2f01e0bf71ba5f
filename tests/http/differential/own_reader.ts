/** The parser of this repository as a reader of a whole connection. */

import { ProtocolError, type RequestHead, RequestParser } from "../../../src/http/mod.ts";
import { latin1Text } from "../transcript.ts";
import { isLast, type ReadConnection, type ReadMessage } from "./reading.ts";

/** Reads with `RequestParser`. */
export const readWithOwn: ReadConnection = (bytes, limits) => {
  const parser = new RequestParser({ limits });
  parser.push(bytes);
  parser.end();
  const messages: ReadMessage[] = [];
  try {
    for (;;) {
      const head = parser.next();
      if (head.type !== "request") return { messages, refusal: undefined };
      const message = readMessage(parser, head);
      messages.push(message);
      if (isLast(message)) return { messages, refusal: undefined };
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { messages, refusal: error.message };
  }
};

function readMessage(parser: RequestParser, head: RequestHead): ReadMessage {
  const { method, target, fields, keepAlive } = head;
  let body = "";
  for (;;) {
    const event = parser.next();
    if (event.type === "data") body += latin1Text(event.bytes);
    if (event.type !== "end") continue;
    return { method, target, fields, body, trailers: event.trailers, keepAlive };
  }
}
