/**
 * The adapter for Node: sockets of `node:net` and `node:tls` behind the engine's socket interface.
 *
 * Node offers streams that push their bytes, buffer writes, and reset connections. It has TLS, Unix
 * sockets, and files.
 *
 * The traps: a paused stream does not report the peer's FIN, so a paused socket reads a little
 * ahead (`Inbound`) and then probes with empty writes. The `end` of a stream half-closes only with
 * `allowHalfOpen`. Each read through a stream allocates 64 KB, so sockets without TLS do not read
 * through the stream.
 *
 * The adapter keeps the contract under Bun, too. Under Deno it has the gaps that
 * `tests/contract/node_test.ts` names, and TLS takes a reset for a FIN.
 *
 * - `node/listen.ts`: listeners, and socket files of crashed processes
 * - `node/accepted.ts`: connections that one process accepts and another one serves
 * - `node/adapter.ts`: the adapter; it loads the files for TLS and for dialling when they are needed
 * - `node/dial.ts`: outgoing connections; the Bun adapter uses them, too
 * - `node/socket.ts`: one connection
 * - `node/reads.ts`: reads into one shared buffer
 * - `node/tls.ts`: encryption, with `node/preamble.ts`: plain bytes before a handshake
 *
 * @module
 */

export { type AcceptedStream, acceptStreams, streamOpener } from "./node/accepted.ts";
export { nodeAdapter } from "./node/adapter.ts";
export type { DiallingAdapter } from "../src/socket/mod.ts";
