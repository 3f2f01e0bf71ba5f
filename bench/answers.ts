/**
 * Whether a server answers a workload as it has to. Checked before anything is timed: a server that
 * answers something else is not comparable.
 *
 * @module
 */

import { connect } from "node:net";
import type { Answer, Workload } from "./workloads.ts";

/** A server that has not answered by then never will. */
const ANSWER_MILLISECONDS = 5_000;

/** The server does not give the answer that the workload asks for. */
export class WrongAnswer extends Error {
  override readonly name = "WrongAnswer";
}

interface ReceivedAnswer extends Answer {
  readonly date: string;
  /** Where the next answer begins. */
  readonly end: number;
}

/**
 * Sends one batch of `workload` to a server, and compares what comes back.
 *
 * @throws {WrongAnswer} When one is not as expected, or does not come.
 */
export async function checkAnswers(port: number, workload: Workload): Promise<void> {
  const text = await exchange(port, workload);
  let end = 0;
  for (let count = 0; count < workload.depth; count++) {
    const answer = readAnswer(text, end) as ReceivedAnswer;
    compare(answer, workload.answer);
    end = answer.end;
  }
  if (end < text.length) throw new WrongAnswer(`unasked bytes: ${JSON.stringify(text.slice(end))}`);
}

function compare(answer: ReceivedAnswer, expected: Answer): void {
  for (const key of ["status", "contentType", "body"] as const) {
    if (answer[key] === expected[key]) continue;
    const [got, wanted] = [JSON.stringify(answer[key]), JSON.stringify(expected[key])];
    throw new WrongAnswer(`${key} is ${got}, expected ${wanted}`);
  }
  if (answer.date === "") throw new WrongAnswer("there is no Date");
}

/** Resolves with what was answered once that is as many answers as were asked for. */
function exchange(port: number, { request, depth }: Workload): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(request.repeat(depth), "latin1"));
    const fail = (reason: string) => {
      socket.destroy();
      reject(new WrongAnswer(`${reason}; so far: ${JSON.stringify(text.slice(0, 500))}`));
    };
    socket.setEncoding("latin1");
    socket.setTimeout(ANSWER_MILLISECONDS, () => fail("no whole answer came"));
    socket.on("error", (error) => fail(error.message));
    socket.on("end", () => fail("the connection was closed"));
    socket.on("data", (part: string) => {
      text += part;
      if (countAnswers(text) < depth) return;
      socket.destroy();
      resolve(text);
    });
  });
}

function countAnswers(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) {
    const answer = readAnswer(text, at);
    if (answer === undefined) break;
    at = answer.end;
  }
  return count;
}

/** Reads the answer that begins at `start`; `undefined` when it has not come wholly. */
function readAnswer(text: string, start: number): ReceivedAnswer | undefined {
  const headEnd = text.indexOf("\r\n\r\n", start);
  if (headEnd < 0) return undefined;
  const head = text.slice(start, headEnd);
  const body = field(head, "Transfer-Encoding") === "chunked"
    ? readChunks(text, headEnd + 4)
    : readSized(text, headEnd + 4, Number(field(head, "Content-Length")));
  return body && {
    status: Number(head.split(" ", 2)[1]),
    contentType: field(head, "Content-Type"),
    date: field(head, "Date"),
    ...body,
  };
}

function field(head: string, name: string): string {
  return new RegExp(`^${name}: *(.*?)\\r?$`, "im").exec(head)?.[1] ?? "";
}

interface Body {
  readonly body: string;
  readonly end: number;
}

function readSized(text: string, start: number, length: number): Body | undefined {
  const end = start + length;
  return end <= text.length ? { body: text.slice(start, end), end } : undefined;
}

function readChunks(text: string, start: number): Body | undefined {
  let body = "";
  for (let at = start;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = parseInt(text.slice(at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (lineEnd < 0 || !(end <= text.length)) return undefined;
    if (size === 0) return { body, end };
    body += text.slice(lineEnd + 2, end - 2);
    at = end;
  }
}
