/** llhttp as a reader of the requests of a whole connection. */

import { runLlhttp } from "./llhttp.ts";
import { isLast, type ReadConnection } from "./reading.ts";

/** Reads with llhttp, which has no limits of its own. */
export const readWithLlhttp: ReadConnection = (bytes) => {
  const { messages, refusal } = runLlhttp(bytes, { type: "request", isLast });
  return { messages: messages.map(({ status: _, ...message }) => message), refusal };
};
