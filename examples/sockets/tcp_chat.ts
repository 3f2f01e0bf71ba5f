/**
 * A chat by lines, without HTTP. Each connection has one coroutine that reads and one that writes. The
 * messages go through a publish/subscribe queue; a client that reads too slowly misses the oldest ones.
 *
 *     node --import tsx examples/sockets/tcp_chat.ts      and then, several times: nc 127.0.0.1 8008
 */

import * as cogen from "../../mod.ts";
import type { ListenAddress } from "../../src/socket/mod.ts";
import { isMain } from "../main.ts";
import { readLine, sendLines } from "./tcp_lines.ts";

type Room = cogen.PublishSubscribeQueue<string>;

/** Sends all messages of a room to a client, from the message with the index `from` on. */
function* hear(stream: cogen.SocketStream, room: Room, from: number): cogen.Coroutine<void> {
  yield* room.subscribe(undefined, { from });
  for (;;) yield* sendLines(stream, yield* room.fetch());
}

function* talk(stream: cogen.SocketStream, room: Room): cogen.Coroutine<void> {
  try {
    yield* sendLines(stream, ["Your name?"]);
    const name = yield* readLine(stream);
    if (name === undefined) return stream.endWrite();
    yield* cogen.scope(function* (children) {
      // The child starts later: without `from`, it would miss the message with its own name.
      children.add(hear, stream, room, room.next);
      yield* room.publish(`* ${name} has come`);
      for (let line; (line = yield* readLine(stream)) !== undefined;) {
        yield* room.publish(`${name}: ${line}`);
      }
    });
    yield* room.publish(`* ${name} has gone`);
    stream.endWrite();
  } catch {
    stream.destroy(); // the connection broke, or a line was too long
  }
}

/** Listens, and puts all clients into one room. */
export function serveChat(adapter: cogen.Adapter, address: ListenAddress) {
  const scheduler = new cogen.Scheduler({ clock: adapter.clock });
  const acceptor = new cogen.Acceptor();
  const room: Room = new cogen.PublishSubscribeQueue({
    capacity: 100,
    slowConsumer: "drop-oldest",
  });
  scheduler.add(function* () {
    for (;;) scheduler.add(talk, yield* cogen.Accept(acceptor, { timeout: -1 }), room);
  });
  return adapter.listen(address, {}, acceptor.accept);
}

if (isMain(import.meta)) {
  await serveChat(await cogen.runtimeAdapter(), { host: "127.0.0.1", port: 8008 });
  console.log("Chatting on 127.0.0.1:8008. Ctrl-C ends it.");
}
