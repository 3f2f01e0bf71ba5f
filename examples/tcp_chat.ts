/**
 * A chat by lines, without HTTP. Each connection has one coroutine that reads and one that writes. The
 * messages go through a publish/subscribe queue; a client that reads too slowly misses the oldest ones.
 *
 *     node --import tsx examples/tcp_chat.ts      and then, several times: nc 127.0.0.1 8008
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  Accept,
  Acceptor,
  type Adapter,
  type Coroutine,
  type Listener,
  PublishSubscribeQueue,
  readline,
  runtimeAdapter,
  Scheduler,
  scope,
  Send,
  SendAll,
  type SocketStream,
} from "../mod.ts";
import type { ListenAddress } from "../src/socket/mod.ts";

type Room = PublishSubscribeQueue<string>;

const MAX_LINE = 1000;
const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Reads the next line, without its line feed; `undefined` after the last line. */
function* ask(stream: SocketStream): Coroutine<string | undefined> {
  const line = yield* readline(stream, MAX_LINE, { timeout: -1 });
  return line.length === 0 ? undefined : decoder.decode(line).trimEnd();
}

/** Sends all messages of a room to a client, from the message with the index `from` on. */
function* hear(stream: SocketStream, room: Room, from: number): Coroutine<void> {
  yield* room.subscribe(undefined, { from });
  for (;;) {
    const messages = yield* room.fetch();
    yield* SendAll(stream, encoder.encode(messages.map((message) => `${message}\n`).join("")));
  }
}

function* talk(stream: SocketStream, room: Room): Coroutine<void> {
  yield* Send(stream, "Your name?\n");
  const name = yield* ask(stream);
  if (name === undefined) return;
  yield* scope(function* (children) {
    children.add(hear, stream, room, room.next); // the child starts later: without `from`, it would miss the message with its own name
    yield* room.publish(`* ${name} has come`);
    for (let line = yield* ask(stream); line !== undefined; line = yield* ask(stream)) {
      yield* room.publish(`${name}: ${line}`);
    }
  });
  yield* room.publish(`* ${name} has gone`);
}

function* visit(stream: SocketStream, room: Room): Coroutine<void> {
  try {
    yield* talk(stream, room);
    stream.endWrite();
  } catch {
    stream.destroy(); // the connection broke, or a line was too long
  }
}

function* acceptAll(acceptor: Acceptor, scheduler: Scheduler): Coroutine<void> {
  const room: Room = new PublishSubscribeQueue({ capacity: 100, slowConsumer: "drop-oldest" });
  for (;;) scheduler.add(visit, yield* Accept(acceptor, { timeout: -1 }), room);
}

/** Listens, and puts all clients into one room. */
export function serveChat(adapter: Adapter, address: ListenAddress): Promise<Listener> {
  const scheduler = new Scheduler({ clock: adapter.clock });
  const acceptor = new Acceptor();
  scheduler.add(acceptAll, acceptor, scheduler);
  return adapter.listen(address, {}, acceptor.accept);
}

if (fileURLToPath(import.meta.url) === process.argv[1]) {
  await serveChat(await runtimeAdapter(), { host: "127.0.0.1", port: 8008 });
  console.log("Chatting on 127.0.0.1:8008. Ctrl-C ends it.");
}
