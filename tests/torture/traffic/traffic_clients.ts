/**
 * The clients of the part `traffic`. Each has one kind, and judges all bytes that it gets.
 *
 * A client leaves in the middle of a response, or of a request, only if its kind says so.
 *
 * @module
 */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { joinBytes } from "../../../src/socket/mod.ts";
import { ResponseReader } from "../../../src/testing/response_reader.ts";
import { handshakeFields } from "../../../src/testing/web_socket.ts";
import { encodeFrame, MessageReader } from "../../../src/websocket/mod.ts";
import type { Random } from "../../fuzz/random.ts";
import { STREAM } from "./traffic_app.ts";

/** The largest upload and the largest message of a WebSocket, in bytes. */
const MAX_UPLOAD = 256 * 1024;
const MAX_MESSAGE = 32 * 1024;
/** The requests that a client of the kind `pipeline` sends at once. */
const DEPTH = 16;
const MASK = Uint8Array.of(1, 2, 3, 4);

/** The end of a connection that a client did not expect. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The place of a server on this machine. */
export interface Place {
  readonly port: number;
  /** Whether the server speaks TLS. */
  readonly isEncrypted?: boolean;
}

/** Connects to a server. `opened` is called once bytes may be sent. */
export function dial({ port, isEncrypted = false }: Place, opened: () => void): Socket {
  const to = { host: "127.0.0.1", port };
  return isEncrypted
    ? connectTls({ ...to, rejectUnauthorized: false }, opened)
    : connect(to, opened);
}

/** A connection whose bytes are asked for. */
export class Connection {
  readonly #socket: Socket;
  #pieces: Uint8Array[] = [];
  #isOver = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (bytes: Uint8Array) => {
      this.#pieces.push(bytes);
      socket.pause();
      this.#wake();
    });
    const end = () => {
      this.#isOver = true;
      this.#wake();
    };
    socket.on("error", end).on("end", end).on("close", end);
  }

  static open(place: Place): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = dial(place, () => resolve(new Connection(socket)));
      socket.once("error", reject);
    });
  }

  /** Sends bytes, or latin-1 text. Resolves when the socket has room for more. */
  async send(data: Uint8Array | string): Promise<void> {
    const hasRoom = typeof data === "string"
      ? this.#socket.write(data, "latin1")
      : this.#socket.write(data);
    if (hasRoom || this.#isOver) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("drain", resolve).once("close", () => resolve());
    });
  }

  /**
   * Takes the next bytes.
   *
   * @throws {ConnectionLost} If the server has ended the connection.
   */
  async take(): Promise<Uint8Array> {
    while (this.#pieces.length === 0) {
      if (this.#isOver) throw new ConnectionLost("The server has ended the connection");
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.#socket.resume();
      });
    }
    return joinBytes(this.#pieces.splice(0));
  }

  /** Reads a whole response. Bytes behind it are taken next. */
  async response(method = "GET"): Promise<{ status: number; body: Uint8Array }> {
    const reader = new ResponseReader(method);
    while (reader.state !== "complete" && reader.state !== "tunnel") {
      const bytes = await this.take();
      const used = reader.push(bytes);
      if (used < bytes.length) this.#pieces.unshift(bytes.subarray(used));
    }
    return { status: reader.head?.status ?? 0, body: joinBytes(reader.body) };
  }

  leave(how: "close" | "reset"): void {
    this.#isOver = true;
    if (how === "close") this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

/** The course of one client: its port, its random numbers, and its account. */
export interface ClientCourse {
  readonly port: number;
  readonly random: Random;
  /** Whether the client must end. */
  isOver(): boolean;
  /** Notes an exchange that was judged. */
  done(): void;
  /** Notes a wrong answer. */
  wrong(text: string): void;
}

/** The kinds of clients, by name. */
export const CLIENT_KINDS: Readonly<Record<string, (course: ClientCourse) => Promise<void>>> = {
  pipeline: (course) =>
    onConnections(course, async (connection) => {
      await connection.send(request("/hello").repeat(DEPTH));
      for (let count = 0; count < DEPTH; count++) await expectText(course, connection, "hello");
    }),
  upload: (course) =>
    onConnections(course, async (connection) => {
      const body = randomBytes(course.random, MAX_UPLOAD);
      const length = body.length;
      if (course.random.onceIn(2)) {
        await connection.send(request("/echo", "POST", `Content-Length: ${length}`));
        await connection.send(body);
      } else {
        await connection.send(request("/echo", "POST", "Transfer-Encoding: chunked"));
        for (let at = 0; at < length;) {
          const chunk = body.subarray(at, at += 1 + course.random.below(20_000));
          await connection.send(`${chunk.length.toString(16)}\r\n`);
          await connection.send(chunk);
          await connection.send("\r\n");
        }
        await connection.send("0\r\n\r\n");
      }
      const answer = await connection.response();
      judge(
        course,
        answer.status === 200 && areEqual(answer.body, body),
        "an upload came back changed",
      );
    }),
  poll: (course) =>
    onConnections(course, async (connection) => {
      await connection.send(request("/poll"));
      await expectText(course, connection, "nothing");
    }),
  stream: (course) =>
    onConnections(course, async (connection) => {
      await connection.send(request("/stream"));
      const { body } = await connection.response();
      const { blocks, bytes } = STREAM;
      const isRight = body.length === blocks * bytes &&
        body.every((byte, index) => byte === Math.floor(index / bytes));
      judge(course, isRight, `a stream of ${body.length} bytes`);
    }),
  single: (course) =>
    onConnections(course, async (connection) => {
      await connection.send(request("/hello", "GET", "Connection: close"));
      await expectText(course, connection, "hello");
      connection.leave("close");
    }, 1),
  fault: (course) =>
    onConnections(course, async (connection) => {
      await connection.send(request("/fault"));
      try {
        await connection.response();
        judge(course, false, "an app that fails in its body was taken for whole");
      } catch (error) {
        judge(course, error instanceof ConnectionLost, String(error));
      }
      connection.leave("close");
    }, 1),
  leaver: (course) => onConnections(course, (connection) => leaveEarly(course, connection), 1),
  socket: (course) =>
    onConnections(course, async (connection) => {
      const fields = handshakeFields({}).map(([name, value]) => `${name}: ${value}`);
      await connection.send(request("/socket", "GET", ...fields));
      const { status } = await connection.response();
      if (status !== 101) return judge(course, false, `the status ${status} to a WebSocket`);
      const reader = new MessageReader({ from: "server", maxMessageBytes: MAX_MESSAGE });
      for (let count = 0; count < 50 && !course.isOver(); count++) {
        const message = randomBytes(course.random, MAX_MESSAGE);
        await connection.send(encodeFrame("binary", message, { mask: MASK }));
        let event = reader.next();
        for (; event.type === "need-data"; event = reader.next()) {
          reader.push(await connection.take());
        }
        const isEcho = event.type === "binary" && areEqual(event.data, message);
        judge(course, isEcho, `a message of a WebSocket came back as ${event.type}`);
      }
      connection.leave("close");
    }, 1),
};

/** Leaves at a random place of a request or of a response. */
async function leaveEarly({ random, done }: ClientCourse, connection: Connection): Promise<void> {
  const path = random.pick(["/stream", "/events", "/poll", "/echo", "/hello"]);
  const head = path === "/echo" ? request(path, "POST", "Content-Length: 100000") : request(path);
  const isCut = random.onceIn(3);
  await connection.send(isCut ? head.slice(0, random.below(head.length)) : head);
  if (!isCut && path !== "/echo") {
    for (let left = random.below(30_000); left > 0;) {
      left -= (await connection.take()).length;
      if (path !== "/stream" && path !== "/events") break;
    }
  }
  connection.leave(random.pick(["close", "reset"]));
  done();
}

/** Exchanges on one connection after the other, until the time is over. */
async function onConnections(
  course: ClientCourse,
  exchange: (connection: Connection) => Promise<void>,
  each = 100,
): Promise<void> {
  while (!course.isOver()) {
    const connection = await Connection.open(course);
    for (let count = 0; count < each && !course.isOver(); count++) await exchange(connection);
    connection.leave("close");
  }
}

function request(path: string, method = "GET", ...fields: string[]): string {
  return [`${method} ${path} HTTP/1.1`, "Host: test", ...fields, "", ""].join("\r\n");
}

async function expectText(
  course: ClientCourse,
  connection: Connection,
  text: string,
): Promise<void> {
  const { status, body } = await connection.response();
  const got = new TextDecoder().decode(body);
  judge(course, status === 200 && got === text, `${status} ${JSON.stringify(got)} for "${text}"`);
}

function judge(course: ClientCourse, isRight: boolean, complaint: string): void {
  if (isRight) course.done();
  else course.wrong(complaint);
}

function randomBytes(random: Random, limit: number): Uint8Array {
  const bytes = new Uint8Array(1 + random.below(limit));
  const first = random.below(256);
  for (let at = 0; at < bytes.length; at++) bytes[at] = first + at * 7;
  return bytes;
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
