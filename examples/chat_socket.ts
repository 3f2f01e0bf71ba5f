/** The chat of `chat.ts` by WebSocket as well. Each waiting socket is a suspended generator, as each poll is. */

import { type Environ, HTTPException, type Mounts, race } from "../mod.ts";
import { acceptWebSocket } from "../src/websocket/mod.ts";
import { chat } from "./chat.ts";
import { type ChatRoom, chatRoom } from "./chat_room.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page } from "./site/pages.ts";

const REFUSED = 1008;

/** Makes the app of a room. `?after=ID` is the place of a client that comes back. */
export function chatSocket(roomOf: (environ: Environ) => ChatRoom): Mounts {
  function* app(environ: Environ) {
    const socket = acceptWebSocket(environ);
    const room = roomOf(environ);
    const { channel } = room;
    yield* environ.cogen.wait(channel.ready());
    let seen = new URLSearchParams(environ.QUERY_STRING).get("after") ?? undefined;
    for (;;) {
      const missed = channel.eventsAfter(seen);
      if (missed.stale || missed.events.length > 0) yield* socket.send(JSON.stringify(missed));
      seen = missed.lastId;
      const waits = race([socket.receive(), channel.newsAfter(seen)]);
      const message = yield* environ.cogen.wait(waits);
      if (typeof message === "string") {
        // At a shutdown, the other pages have left: the browser sends the message to the next server.
        if (environ.cogen.isStopping) continue;
        try {
          room.say(message);
        } catch (error) {
          if (!(error instanceof HTTPException)) throw error;
          return void (yield* socket.close(REFUSED, "Expected JSON with key, name and text"));
        }
      } else if (socket.end !== undefined) return;
    }
  }
  return { "/ws/chat": app };
}

const roomOf = chatRoom();
await serveWhenMain(import.meta, {
  ...alone(page("chat.html")),
  ...chat(roomOf),
  ...chatSocket(roomOf),
});
