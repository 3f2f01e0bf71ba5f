/** llhttp, reading the requests of a whole connection. */

import { runLlhttp } from "./llhttp.ts";
import { isLast, type ReadConnection } from "./reading.ts";

/** Reads with llhttp; it knows no limits but its caller's. */
export const readWithLlhttp: ReadConnection = (bytes) => {
  const { messages, refusal } = runLlhttp(bytes, { type: "request", isLast });
  return { messages: messages.map(({ status: _, ...message }) => message), refusal };
};
