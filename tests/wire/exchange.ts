/** One client over a real socket: says something, ends its side, and hears all that comes. */

import { connect } from "node:net";

const PATIENCE = 10_000;

/** Sends `bytes` to a server on loopback, and gives what it answers until it closes, as latin-1. */
export function exchange(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = "";
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => {
      socket.end(bytes);
    });
    socket.setTimeout(PATIENCE, () => socket.destroy(new Error(`No end after ${heard}`)));
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => void (heard += text));
    socket.on("end", () => resolve(heard));
    socket.on("error", reject);
  });
}
