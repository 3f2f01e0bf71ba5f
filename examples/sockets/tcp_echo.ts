/**
 * An echo server without HTTP: a coroutine for each connection.
 *
 *     node --import tsx examples/sockets/tcp_echo.ts      and then: nc 127.0.0.1 8007
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  Accept,
  Acceptor,
  type Adapter,
  type Coroutine,
  type Listener,
  Recv,
  runtimeAdapter,
  Scheduler,
  SendAll,
  type SocketStream,
} from "../../mod.ts";
import type { ListenAddress } from "../../src/socket/mod.ts";

function* echo(stream: SocketStream): Coroutine<void> {
  try {
    for (;;) {
      const bytes = yield* Recv(stream, 16_384, { timeout: 60 });
      if (bytes.length === 0) return stream.endWrite();
      yield* SendAll(stream, bytes, { timeout: 60 });
    }
  } catch {
    stream.destroy(); // the client has gone, or has been silent for a minute
  }
}

function* acceptAll(acceptor: Acceptor, scheduler: Scheduler): Coroutine<void> {
  for (;;) scheduler.add(echo, yield* Accept(acceptor, { timeout: -1 }));
}

/** Listens, and echoes the bytes of each connection until the listener is closed. */
export function serveEcho(adapter: Adapter, address: ListenAddress): Promise<Listener> {
  const scheduler = new Scheduler({ clock: adapter.clock });
  const acceptor = new Acceptor();
  scheduler.add(acceptAll, acceptor, scheduler);
  return adapter.listen(address, {}, acceptor.accept);
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  await serveEcho(await runtimeAdapter(), { host: "127.0.0.1", port: 8007 });
  console.log("Echoing on 127.0.0.1:8007. Ctrl-C ends it.");
}
