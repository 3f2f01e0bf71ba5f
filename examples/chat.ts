/**
 * A chat with a page, by long polling and by Server-Sent Events. `chat_socket.ts` adds WebSocket.
 *
 * A waiting request is a suspended generator. When the server shuts down, all of them are answered at once.
 */

import { type Environ, type Mounts, race, Sleep, type StartResponse } from "../mod.ts";
import { eventStream } from "../src/sse/mod.ts";
import { type ChatRoom, chatRoom } from "./chat_room.ts";
import { serveWhenMain } from "./main.ts";
import { alone, page } from "./site/pages.ts";

/** The longest wait of a poll. It is short, so that proxies do not give the request up. */
const POLL_SECONDS = 25;
const MAX_BYTES = 8192;

/** Makes the apps of a room; by default, of one that all processes share. */
export function chat(roomOf: (environ: Environ) => ChatRoom = chatRoom()): Mounts {
  /** `POST` of a message. At a shutdown, the other pages have left, so the browser sends it again later. */
  function* say(environ: Environ, startResponse: StartResponse) {
    const body = yield* environ["wsgi.input"].read(MAX_BYTES);
    if (environ.cogen.isStopping) return void startResponse("503 Service Unavailable", []);
    roomOf(environ).say(new TextDecoder().decode(body));
    startResponse("204 No Content", []);
  }

  /** `?after=ID`: the messages after an id, as soon as there are any; with `&now`, at once. */
  function* poll(environ: Environ, startResponse: StartResponse) {
    const { cogen, QUERY_STRING } = environ;
    const { channel } = roomOf(environ);
    const query = new URLSearchParams(QUERY_STRING);
    const after = query.get("after") ?? undefined;
    const isAtOnce = after === undefined || query.has("now");
    const news = isAtOnce ? channel.ready() : channel.newsAfter(after);
    yield* cogen.wait(race([news, Sleep(POLL_SECONDS), cogen.untilStopping()]));
    startResponse("200 OK", [["Content-Type", "application/json"], ["Cache-Control", "no-store"]]);
    return JSON.stringify(channel.eventsAfter(after));
  }

  function stream(environ: Environ, startResponse: StartResponse) {
    const after = new URLSearchParams(environ.QUERY_STRING).get("after") ?? undefined;
    const messages = roomOf(environ).channel.subscribe({ after, history: Infinity });
    return eventStream(environ, startResponse, messages, { retry: 1, spread: 2 });
  }

  return {
    "/chat": page("chat.html"),
    "/chat/messages": say,
    "/chat/poll": poll,
    "/chat/events": stream,
  };
}

await serveWhenMain(import.meta, { ...alone(page("chat.html")), ...chat() });
