/**
 * The clients of the part `suspended` over TCP, in a process of their own.
 *
 * The questions are `connect`, which is answered once each client has sent its request, and `answers`, which is
 * answered once each client has got its response or has lost its connection.
 *
 * @module
 */

import type { Socket } from "node:net";
import { answerQuestions } from "./child.ts";
import { connectFrom } from "./connecting.ts";
import { isRight } from "./suspended.ts";

interface Job {
  readonly question: "connect" | "answers";
  readonly port: number;
  readonly count: number;
  /** The address of the clients. */
  readonly host?: string;
  /** The value that each answer has after the path, if the server sends one. */
  readonly token?: string;
}

/** The connections that are opened at a time: more might overflow the listen backlog. */
const AT_A_TIME = 200;
/** Wrong answers that are told. */
const MAX_TOLD = 5;

const sockets: Socket[] = [];
const responses: Promise<string>[] = [];

async function join(port: number, localAddress: string): Promise<void> {
  const socket = await connectFrom({ port, localAddress });
  socket.write(`GET /${responses.length} HTTP/1.1\r\nHost: test\r\n\r\n`);
  responses.push(responseOn(socket));
  sockets.push(socket);
}

/** The response, whose `Content-Length` tells its end; or a part of it, if the connection ends before. */
function responseOn(socket: Socket): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    socket.on("close", () => resolve(text));
    socket.on("data", (piece: string) => {
      text += piece;
      const end = text.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1]);
      if (end > 0 && text.length >= end + 4 + length) resolve(text);
    });
  });
}

await answerQuestions<Job>(async ({ question, port, count, host = "127.0.0.1", token }) => {
  if (question === "connect") {
    while (sockets.length < count) {
      const more = Math.min(AT_A_TIME, count - sockets.length);
      await Promise.all(Array.from({ length: more }, () => join(port, host)));
    }
    return {};
  }
  const texts = await Promise.all(responses);
  const value = token === undefined ? "" : ` ${token}`;
  const wrong = texts.filter((text, index) => !isRight(text, `/${index}${value}`));
  return { right: texts.length - wrong.length, wrong: wrong.slice(0, MAX_TOLD) };
});
for (const socket of sockets) socket.destroy();
