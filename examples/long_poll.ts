/**
 * A chat by long polling: a request for messages waits for the next message, up to half a minute. Each
 * waiting request is a suspended generator, so thousands of them cost little. When a shutdown of the server
 * begins, all of them are answered at once.
 */

import {
  type Environ,
  race,
  Signal,
  Sleep,
  type StartResponse,
  WaitForSignal,
  type WSGIApp,
} from "../mod.ts";
import { serveWhenMain } from "./main.ts";

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Chat</title>
<form><input name="text" autocomplete="off" autofocus maxlength="1000"> <button>Say</button></form>
<ul></ul>
<script type="module">
  const say = document.querySelector("form");
  say.onsubmit = async (event) => {
    event.preventDefault();
    await fetch("say", { method: "POST", body: say.text.value });
    say.reset();
  };
  for (let since = 0;;) {
    const response = await fetch("messages?" + since);
    const { messages, next } = await response.json();
    for (const message of messages) {
      const item = document.createElement("li");
      item.textContent = message;
      document.querySelector("ul").append(item);
    }
    since = next;
  }
</script>
</html>
`;

/**
 * The largest number of messages in memory. A client that has missed more messages gets the last
 * ones.
 */
const MAX_MESSAGES = 100;
const MAX_MESSAGE_BYTES = 1000;
/** The longest wait. It is short, so that proxies do not give the request up. */
const WAIT_SECONDS = 30;

/** Makes a chat room with its own messages. */
export function chatRoom(): WSGIApp {
  const messages: string[] = [];
  /** The number of all messages so far. */
  let said = 0;

  function* say(environ: Environ, startResponse: StartResponse) {
    const body = yield* environ["wsgi.input"].read(MAX_MESSAGE_BYTES);
    messages.push(new TextDecoder().decode(body));
    said++;
    if (messages.length > MAX_MESSAGES) messages.shift();
    yield* environ.cogen.wait(Signal(messages));
    startResponse("204 No Content", []);
  }

  function* listen(environ: Environ, startResponse: StartResponse) {
    const since = Number(environ.QUERY_STRING) || 0;
    if (since >= said) {
      const news = WaitForSignal(messages);
      const { cogen } = environ;
      yield* cogen.wait(race([news, Sleep(WAIT_SECONDS), cogen.untilStopping()]));
    }
    const fresh = said > since ? messages.slice(-(said - since)) : [];
    startResponse("200 OK", [["Content-Type", "application/json"], ["Cache-Control", "no-store"]]);
    yield JSON.stringify({ messages: fresh, next: said });
  }

  function* page(_environ: Environ, startResponse: StartResponse) {
    startResponse("200 OK", [["Content-Type", "text/html; charset=utf-8"]]);
    yield PAGE;
  }

  return (environ, startResponse) => {
    const { REQUEST_METHOD: method, PATH_INFO: path } = environ;
    if (method === "POST" && path === "/say") return say(environ, startResponse);
    if (path === "/messages") return listen(environ, startResponse);
    return page(environ, startResponse);
  };
}

await serveWhenMain(import.meta, chatRoom());
