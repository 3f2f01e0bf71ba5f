/** The site of the examples: all of them behind one address, with a page that shows how they interleave. */

import type { Mounts, WSGIApp } from "../../mod.ts";
import { eventStream } from "../../src/sse/mod.ts";
import { chat } from "../chat.ts";
import { chatRoom } from "../chat_room.ts";
import { chatSocket } from "../chat_socket.ts";
import { counter } from "../counter.ts";
import { crowd } from "../crowd.ts";
import { echo } from "../echo.ts";
import { events } from "../events.ts";
import { files } from "../files.ts";
import { hello } from "../hello.ts";
import { jsonStream } from "../json_stream.ts";
import { Live } from "./live.ts";
import { serveWhenMain } from "../main.ts";
import { shout } from "../middleware.ts";
import { pages } from "./pages.ts";
import { slow } from "../slow.ts";
import { digests } from "../trailers.ts";
import { upload } from "../upload.ts";
import { patientApp, signalApp, waitApp } from "../wait_signal.ts";
import { webSockets } from "../web_socket.ts";

const live = new Live();
const roomOf = chatRoom();

/** The first page shows the steps of these apps. */
const shown: Mounts = {
  ...{ "/hello": hello, "/counter": counter, "/slow": slow, "/echo": echo },
  ...{ "/wait": waitApp, "/patient": patientApp, "/signal": signalApp },
  ...shout,
  ...digests,
  ...upload,
  ...jsonStream,
  ...chat(roomOf),
  ...events(),
};

const watched = Object.entries(shown).map(([path, app]): [string, WSGIApp] => [
  path,
  live.watch(app),
]);

export const site: Mounts = {
  "/": pages,
  ...Object.fromEntries(watched),
  "/live": (environ, startResponse) => eventStream(environ, startResponse, live.channelOf(environ)),
  ...crowd((name, environ) => live.begin(name, environ)),
  ...chatSocket(roomOf),
  ...webSockets,
  ...files,
};

await serveWhenMain(import.meta, site);
