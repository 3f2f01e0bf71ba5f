/** A client over a real socket: sends bytes, ends its side, and collects the answer. */

import { connect } from "node:net";

/** The longest wait between two parts of an answer. */
const MAX_SILENCE_MS = 300_000;

/** Sends `bytes` to a server on loopback. Resolves to the answer, up to the close, as latin-1. */
export function exchange(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.end(bytes);
    });
    socket.setTimeout(MAX_SILENCE_MS, () => socket.destroy(new Error(`No end after ${heard}`)));
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => void (heard += text));
    socket.on("end", () => resolve(heard));
    socket.on("error", reject);
  });
}
