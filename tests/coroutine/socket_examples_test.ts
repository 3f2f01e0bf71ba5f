/** The examples without HTTP, over TCP, on the runtime that runs this. */

import { assertEquals } from "@std/assert";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { serveChat } from "../../examples/tcp_chat.ts";
import { serveEcho } from "../../examples/tcp_echo.ts";
import { type Listener, runtimeAdapter } from "../../mod.ts";

/** A client that can wait for what it hears. */
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

  /** All that was heard, once the server has ended. */
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

test("the echo server gives every byte back, and ends when the client does", async () => {
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

test("the chat tells everybody what everybody says", async () => {
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
