/**
 * Bytes as they are, on a connection of their own.
 *
 * `client.ts` calls this.
 *
 * @module
 */

import { checkNames, checkOption, optionError } from "../coroutine/mod.ts";
import { decodeLatin1, joinBytes, latin1Bytes } from "../socket/mod.ts";
import type { ServerUnderTest } from "./server_under_test.ts";

/** The answer of {@linkcode TestClient.raw}. */
export interface RawAnswer {
  /** All bytes up to the end of the connection. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same as latin-1. */
  readonly text: string;
}

/** Sends bytes, and waits until the server ends the connection. */
export async function sendRaw(
  { connections, time }: Pick<ServerUnderTest, "connections" | "time">,
  bytes: string | Uint8Array,
  options: { readonly end?: boolean },
): Promise<RawAnswer> {
  if (typeof bytes !== "string" && !(bytes instanceof Uint8Array)) {
    throw optionError("The bytes of raw", bytes, "a Uint8Array, or a latin-1 string");
  }
  options = checkNames("The options of raw", options, ["end"], {
    complaint: "Unknown option of raw",
  });
  checkOption("end of raw", options.end, "boolean");
  const pieces: Uint8Array[] = [];
  const socket = connections.connect();
  socket.begin((piece) => void pieces.push(piece), undefined);
  socket.send(typeof bytes === "string" ? latin1Bytes(bytes) : bytes);
  if (options.end === true) socket.end("fin");
  await time.until("the end of the connection", () => socket.ended || socket.closed);
  if (!socket.closed) socket.end("reset");
  const whole = joinBytes(pieces);
  return { bytes: whole, text: decodeLatin1(whole, 0, whole.length) };
}
