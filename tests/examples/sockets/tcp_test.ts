/** The examples without HTTP, over TCP, on the runtime that runs this. */

import { assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { serveChat } from "../../../examples/sockets/tcp_chat.ts";
import { converse } from "../../../examples/sockets/tcp_client.ts";
import { serveEcho } from "../../../examples/sockets/tcp_echo.ts";
import {
  type Adapter,
  type Listener,
  Queue,
  runtimeAdapter,
  Scheduler,
  toPromise,
} from "../../../mod.ts";
import type { Dial } from "../../../src/coroutine/mod.ts";

/** A client that can wait for a text. */
class Client {
  readonly #socket: Socket;
  #heard = "";
  #ended = false;
  #check = () => {};

  constructor({ address }: Listener) {
    if (address.family === "unix") throw new TypeError("Expected a port");
    this.#socket = connect({ port: address.port, host: address.host, allowHalfOpen: true });
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => {
      this.#heard += text;
      this.#check();
    });
    this.#socket.on("end", () => {
      this.#ended = true;
      this.#check();
    });
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  hangUp(): void {
    this.#socket.end();
  }

  hears(text: string): Promise<void> {
    return this.#until(() => this.#heard.includes(text));
  }

  /** The whole text, once the server has ended. */
  async rest(): Promise<string> {
    await this.#until(() => this.#ended);
    this.#socket.destroy();
    return this.#heard;
  }

  #until(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#check = () => {
        if (done()) resolve();
      };
      this.#check();
    });
  }
}

test("the echo server sends every byte back, and ends when the client does", async () => {
  const listener = await serveEcho(await runtimeAdapter(), { host: "127.0.0.1", port: 0 });
  const text = "hello, ".repeat(50_000);
  const clients = [new Client(listener), new Client(listener)];
  for (const client of clients) {
    client.say(text);
    client.hangUp();
  }
  for (const client of clients) assertEquals(await client.rest() === text, true);
  await listener.close();
});

test("the chat sends the lines of each client to all clients", async () => {
  const listener = await serveChat(await runtimeAdapter(), { host: "127.0.0.1", port: 0 });
  const alice = new Client(listener), bob = new Client(listener);
  alice.say("Alice\n");
  await alice.hears("* Alice has come");
  bob.say("Bob\n");
  await alice.hears("* Bob has come");
  await bob.hears("* Bob has come");
  bob.say("¡Hola!\n");
  await alice.hears("Bob: ¡Hola!\n");
  bob.hangUp();
  await alice.hears("* Bob has gone");
  assertEquals(await bob.rest(), "Your name?\n* Bob has come\nBob: ¡Hola!\n");
  alice.hangUp();
  await alice.rest();
  await listener.close();
});

/** Runs the client against a listener, and gives its lines. `answer` may answer each line. */
async function conversation(
  { clock, dial }: Adapter,
  { address }: Listener,
  answer: (line: string, lines: Queue<string | undefined>) => void,
  lines: Queue<string | undefined> = new Queue(),
): Promise<string[]> {
  const heard: string[] = [];
  const tell = (line: string) => {
    heard.push(line);
    answer(line, lines);
  };
  const there: Dial = (open, signal) => dial?.(address, open, { signal });
  await toPromise(new Scheduler({ clock }).add(converse, there, lines, tell));
  return heard;
}

test("the client takes part in the chat, and hangs up", async () => {
  const adapter = await runtimeAdapter();
  const listener = await serveChat(adapter, { host: "127.0.0.1", port: 0 });
  const answers: Record<string, string | undefined> = {
    "Your name?": "Carol",
    "* Carol has come": "¡Hola!",
    "Carol: ¡Hola!": undefined,
  };
  const heard = await conversation(adapter, listener, (line, lines) => {
    lines.putNowait(answers[line]);
  });
  assertEquals(heard, Object.keys(answers));
  await listener.close();
});

test("the client prints all lines that were typed before the echo server answered", async () => {
  const adapter = await runtimeAdapter();
  const listener = await serveEcho(adapter, { host: "127.0.0.1", port: 0 });
  const lines = new Queue<string | undefined>();
  const typed = ["one", "", "three"];
  for (const line of [...typed, undefined]) lines.putNowait(line);
  assertEquals(await conversation(adapter, listener, () => {}, lines), typed);
  await listener.close();
});

test("the client ends when the server hangs up, although its input is open", async () => {
  const adapter = await runtimeAdapter();
  const ignore = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
  const listener = await adapter.listen({ host: "127.0.0.1", port: 0 }, {}, (socket) => {
    socket.write("go away\n");
    socket.endWrite();
    return ignore;
  });
  assertEquals(await conversation(adapter, listener, () => {}), ["go away"]);
  await listener.close();
});
