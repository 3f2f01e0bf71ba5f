/** HTTP over a `MessagePort`, such as that of a worker. Each connection is a port of its own. */

import { type Adapter, type Address, runtimeAdapter } from "../../mod.ts";
import { formatAddress, listenError, type OpenHandler } from "../../src/socket/mod.ts";
import { PipedSocket, type PipeOptions } from "../../src/socket/mod.ts";

/** Begins a connection. A message is bytes, the number of bytes that were read, "end" or "cut". */
function begin(port: MessagePort, open: OpenHandler, options?: PipeOptions): void {
  let [sent, read] = [0, 0]; // bytes without confirmation
  const send = (bytes: Uint8Array) => (port.postMessage(bytes), sent += bytes.length) < 65_536;
  const confirm = () => void (port.postMessage(read), read = 0);
  const end = () => port.postMessage("end");
  const pipe = { send, end, cut: () => cut(port), close: () => port.close(), resume: confirm };
  const socket = new PipedSocket(pipe, options);
  socket.start(open);
  port.onmessage = ({ data }) => {
    if (data === "end") return socket.receiveEnd();
    if (data === "cut") return socket.close(new Error("The peer has cut the connection"));
    if (typeof data === "number") return (sent -= data) < 65_536 && socket.drain();
    read += data.length;
    if (socket.receive(data, true)) confirm();
  };
}

const cut = (port: MessagePort) => void (port.postMessage("cut"), port.close());

/** Connects to the adapter at the other end of `port`. */
export function connectByPort(port: MessagePort, open: OpenHandler): void {
  const { port1, port2 } = new MessageChannel();
  port.postMessage(port2, [port2]);
  begin(port1, open);
}

/** Makes an adapter that serves the connections of {@linkcode connectByPort}. */
export async function portAdapter(port: MessagePort): Promise<Adapter> {
  let accept: ((connection: MessagePort) => void) | undefined;
  port.onmessage = ({ data }) => (accept ?? cut)(data);
  const listen: Adapter["listen"] = (address, { tls, log = console.error }, open) => {
    const reason = tls ? "a port has no TLS" : accept && "the port is in use";
    if (reason) return Promise.reject(listenError(address, reason));
    const local: Address = { family: "unix", path: formatAddress(address) };
    accept = (connection) => begin(connection, open, { local, log });
    const close = () => Promise.resolve(accept = undefined);
    return Promise.resolve({ address: local, close, ref() {}, unref() {} });
  };
  const { clock, latin1, hostName, log } = await runtimeAdapter();
  return { name: "port", clock, latin1, hostName, log, listen };
}
