/**
 * The promises that the contract checks, in the words of the interfaces: a member, and a sentence of its
 * comment. A failure of a check quotes its promise.
 *
 * A test compares these texts with the comments of `src/socket/socket.ts` and of the files that it re-exports.
 *
 * @module
 */

/** Each promise: the member that makes it, a colon, and its words. */
export const PROMISES = {
  order:
    "ByteSocket.write: Sends bytes in order, without the delay of Nagle's algorithm; a string stands for its latin-1 bytes (no character above U+00FF).",
  dropsNothing:
    "ByteSocket.write: While the connection is open, the socket drops no bytes, not even those of a write after `false`.",
  backpressure:
    "ByteSocket.write: A socket whose peer does not read returns `false` before 64 MB have been written.",
  afterTheEnd:
    "ByteSocket.write: Bytes written to a connection that has ended, or after `endWrite`, are dropped, and the result is `true`.",
  drain:
    "SocketHandler.onDrain: The socket has room again. This is called only after a `write` that returned `false`, and after each of them unless the connection ends.",
  expectLittle: "ByteSocket.expectLittle: The socket reads as before if more bytes come.",
  holdsBytes:
    "Socket.holdsBytes: Whether the socket keeps a reference to any written bytes, which therefore must not change yet.",
  halfClose:
    "ByteSocket.endWrite: Half-closes: sends a FIN after all written bytes. Reading goes on. Once the peer has ended its side, too, `onClose` follows, without an error.",
  end:
    "SocketHandler.onEnd: The peer has sent its FIN, and no `onData` follows. The peer may still be reading, so writing goes on. Called at most once, also while a write is stalled.",
  destroy:
    "ByteSocket.destroy: Closes both directions at once, also while a write is stalled. `onClose` follows, without an error and as the only event. A second call has no effect.",
  reset:
    "Socket.reset: Closes both directions at once, and lets the peer know that the connection was cut: by a TCP RST. `onClose` follows.",
  pause: "ByteSocket.pauseReading: Stops `onData` until `resumeReading`.",
  readAhead:
    "ByteSocket.pauseReading: The adapter may read ahead a bounded number of bytes: with the buffers of the kernel, fewer than 24 MB.",
  pausedEnd:
    "ByteSocket.pauseReading: Bytes that were read ahead of an end are then delivered at once, followed by `onEnd`.",
  close:
    "SocketHandler.onClose: This is the last callback and is called exactly once, with an error if the peer or the network broke the connection.",
  afterClose: "ByteSocket: After `onClose` its methods have no effect.",
  noReentry: "SocketHandler: No callback runs inside a call of the socket's own methods.",
  resetError: "Socket: `onClose` then has an error.",
  vanishing:
    "Socket: A peer that resets is noticed within 100 ms, also while the connection is idle, while reading is paused and while a write is stalled.",
  failure:
    "SocketHandler: If a callback throws, the adapter logs the error and destroys the socket; the process goes on.",
  accept:
    "Adapter.listen: Listens, and calls `accept` once for each connection, before any event of it.",
  refusal:
    "Adapter.listen: An error that `accept` throws ends its connection only; a socket that `accept` destroys has no event except `onClose`.",
  remote: "Socket.remote: The peer's end; the path of a Unix client is empty.",
  local: "Socket.local: This end; the path of a Unix client is empty.",
  encrypted: "Socket.encrypted: Whether the bytes travel encrypted (TLS).",
  boundAddress: "Listener.address: The address in use, with the port that was picked for port 0.",
  cannotBind:
    "Adapter.listen: Rejects with an `Error` whose message names the address, if it cannot be bound.",
  cannotEncrypt:
    "ListenOptions.tls: Encrypts every connection; plain text if absent. An adapter that cannot encrypt must reject.",
  closeListener:
    "Listener.close: Stops accepting; open connections stay. Resolves when the address is free again, and the file of a Unix socket removed. A second call is harmless.",
  ref: "Listener.ref: Lets this listener keep the process alive, as it does by default.",
  dial: "Adapter.dial: Resolves after `open` was called.",
  dialled: "Adapter.dial: A dialled `Socket` keeps the promises of an accepted one.",
  cannotDial:
    "Adapter.dial: Rejects with an `Error` whose message names the address, if the connection fails.",
  dialCause: "Adapter.dial: Its `cause` is the runtime's error.",
  abortedDial:
    "Adapter.dial: An abort of `signal` ends the attempt: `open` is not called any more, and the promise rejects with the signal's reason. A connection that is made nevertheless is closed.",
  lateAbort: "Adapter.dial: After `open` was called, an abort changes nothing.",
  busyTurns:
    "Adapter.clock: The runtime must still serve the network while every turn defers a further turn.",
  defer:
    "Clock.defer: Calls `turn` once, as soon as the host's event loop has polled for input and output.",
  soon:
    "Clock.soon: Calls `turn` once, in a microtask: as soon as the code that runs now has ended.",
  now: "Clock.now: Monotonic time in milliseconds, from any origin.",
  delay: "Clock.setTimer: Calls `turn` once, `delay` milliseconds from now.",
  hostName: "Adapter.hostName: The name of this machine, which is the default of `SERVER_NAME`.",
  timer: "Clock.setTimer: The returned function cancels the timer. Every delay is allowed",
  latin1:
    "Adapter.latin1: Each byte is the character of the same number, also from 0x80 to 0x9F, where `TextDecoder` would decode windows-1252.",
  equals: "Adapter.equals: an adapter has it only if its runtime compares faster than a loop.",
} as const;
