/** HTTP over pairs of `Duplex` streams of Node, within one process. */

import { type Duplex, duplexPair } from "node:stream";
import { type Adapter, type Address, runtimeAdapter } from "../../mod.ts";
import { formatAddress, listenError, type OpenHandler } from "../../src/socket/mod.ts";
import { PipedSocket, type PipeOptions } from "../../src/socket/mod.ts";

/** Begins a connection over a stream. */
export function begin(stream: Duplex, open: OpenHandler, options?: PipeOptions): void {
  const [end, cut, resume] = [() => stream.end(), () => stream.destroy(), () => stream.resume()];
  const pipe = { send: (bytes: Uint8Array) => stream.write(bytes), end, cut, resume };
  const socket = new PipedSocket(pipe, options);
  socket.start(open);
  stream.on("data", (bytes) => void (socket.receive(bytes) || stream.pause()));
  stream.on("end", () => socket.receiveEnd()).on("drain", () => socket.drain());
  stream.on("error", (error) => socket.close(error)).on("close", () => socket.close());
}

/** Makes an adapter that serves the streams which its `connect` makes. */
export async function duplexAdapter(): Promise<Adapter & { connect(open: OpenHandler): void }> {
  let accept: ((stream: Duplex) => void) | undefined;
  const listen: Adapter["listen"] = (address, { tls, log = console.error }, open) => {
    const reason = tls ? "a stream has no TLS" : accept && "it is in use";
    if (reason) return Promise.reject(listenError(address, reason));
    const local: Address = { family: "unix", path: formatAddress(address) };
    accept = (stream) => begin(stream, open, { local, log });
    const close = () => Promise.resolve(accept = undefined);
    return Promise.resolve({ address: local, close, ref() {}, unref() {} });
  };
  const connect = (open: OpenHandler) => {
    if (accept === undefined) throw new Error("No code listens");
    const [mine, theirs] = duplexPair();
    const isOver = () => mine.readableEnded && theirs.readableEnded;
    mine.on("close", () => isOver() || theirs.destroy(new Error("The peer has left")));
    theirs.on("close", () => isOver() || mine.destroy(new Error("The peer has left")));
    accept(theirs);
    begin(mine, open);
  };
  const { clock, latin1, hostName, log } = await runtimeAdapter();
  return { name: "duplex", clock, latin1, hostName, log, listen, connect };
}
