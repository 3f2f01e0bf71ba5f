/** Connections of `--reload` whose messages pass between two ends in this process. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { memoryNetwork } from "../../adapters/memory.ts";
import { AppVersions } from "../../src/cli/reload/app_versions.ts";
import { buffersOf, type FromThread, type ToThread } from "../../src/cli/reload/messages.ts";
import { PortSocket } from "../../src/cli/reload/port_socket.ts";
import { Relay } from "../../src/cli/reload/relay.ts";
import { serveMessages } from "../../src/cli/reload/thread_server.ts";
import { type WSGIApp, WSGIServer } from "../../mod.ts";
import type { Adapter, Address, Socket, SocketHandler } from "../../src/socket/mod.ts";
import { toDial } from "../../src/testing/contract/stage.ts";
import { checkTests } from "../contract/adapter_contract.ts";
import { until } from "../contract/waiting.ts";

const network = memoryNetwork();
const memory = network.adapter;

const { dial, ...listening } = memory;

/** Each accepted socket is reached through messages in both directions. */
const relayed: Adapter = {
  ...listening,
  listen: (address, options, open) =>
    memory.listen(address, options, (socket) => relay(socket, open, options.log ?? memory.log)),
};

function relay(
  socket: Socket,
  open: (socket: Socket) => SocketHandler,
  log: (line: string) => void,
): SocketHandler {
  const relay = new Relay(1, socket);
  const server = new Map<number, Relay>();
  const back = queued((message: FromThread) => server.get(1)?.receive(message));
  let port: PortSocket | undefined;
  const post = queued((message: ToThread) => {
    if (message.type !== "open") return port?.receive(message);
    port = new PortSocket(message, back, log);
    port.open(open);
  });
  relay.attach({ relays: server, post });
  return relay;
}

/** Calls `receive` with each message in a later turn, in order. */
function queued<Message>(receive: (message: Message) => void): (message: Message) => void {
  return (message) => memory.clock.defer(() => receive(message));
}

checkTests("relayed", { adapter: relayed }, {
  addresses: [{ host: "127.0.0.1", port: 0 }, { path: "/relayed/socket" }],
  connect: async (address, open) => await dial(toDial(address), open),
});

/** Starts no threads: the apps, one after the other, run in this process. */
function versionsOf(...apps: readonly WSGIApp[]): AppVersions {
  const left = [...apps];
  const place = { name: "app.ts", path: "/app.ts", exported: "default" };
  return new AppVersions({ place, words: [] }, Infinity, (_program, _task, hear) => {
    const wsgiApp = left.shift() as WSGIApp;
    const server = new WSGIServer({ adapter: network.adapter, wsgiApp });
    const back = queued((message: FromThread) => hear.message(message));
    const post = queued(serveMessages(server, back));
    void server.finished.then(() => back({ type: "ended" }));
    back({ type: "loaded" });
    return { post: (message) => post(message as ToThread), stop: () => Promise.resolve() };
  });
}

const saying = (text: string): WSGIApp =>
  function* (environ, startResponse) {
    const body = yield* environ["wsgi.input"].read();
    startResponse("200 OK", []);
    return `${text}${body.length};`;
  };

/** Serves the first one of two versions. */
async function servingTwo(one: WSGIApp = saying("one")) {
  const versions = versionsOf(one, saying("two"));
  const first = versions.load();
  await first.loaded;
  versions.use(first);
  const address = { host: "127.0.0.1", port: 0 } as const;
  const listener = await network.adapter.listen(address, {}, (socket) => versions.accept(socket));
  return { versions, first, listener };
}

test("each connection goes on with the next version, and no request is lost on the way", async () => {
  const { versions, first, listener } = await servingTwo();
  const client = () => connect(listener.address);
  const HEAD = "HTTP/1.1\r\nHost: localhost\r\n";
  const idle = await client();
  const asking = await client();
  const uploading = await client();
  const begun = await client();
  for (const { write, says } of [idle, asking, uploading, begun]) {
    write(`GET / ${HEAD}\r\n`);
    await says("one0;");
  }
  uploading.write(`POST / ${HEAD}Content-Length: 4\r\n\r\nab`);
  begun.write("GET /b");
  // The bytes above arrive before the version retires, those below while it does.
  for (let turns = 0; turns < 20; turns++) await turn();
  const second = versions.load();
  await second.loaded;
  asking.write(`GET / ${HEAD}\r\n`);
  versions.use(second);
  asking.write(`GET / ${HEAD}\r\n`);
  uploading.write("cd");
  begun.write(` ${HEAD}\r\n`);
  await uploading.says("one4;");
  await until("the end of the upload", () => uploading.ended());
  assertStringIncludes(uploading.text(), "Connection: close");
  await begun.says("one0;HTTP/1.1 200");
  await until("the end", () => begun.ended());
  idle.write(`GET / ${HEAD}\r\n`);
  await idle.says("two0;");
  await until("three answers", () => asking.text().split(" 200 OK").length === 4);
  assertEquals([idle.ended(), asking.ended()], [false, false]);
  await first.ended;
  await Promise.all([versions.shutdown(0), listener.close()]);
});

/** What a client sends while it takes the end of a response that began before the reload: pieces of a request. */
const NEXT: Readonly<Record<string, readonly string[]>> = {
  "nothing": [],
  "the beginning of a request": ["GET / HTTP/1.1\r\nHo"],
  "a request": ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  "a request in pieces": [..."GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
};

/** The first version ends its connections after 50 ms without a request. */
const retired = () => new Promise<void>((resolve) => void memory.clock.setTimer(200, resolve));
const MOMENTS = ["before", "after"] as const;

for (
  const [what, pieces, moment] of Object.entries(NEXT).flatMap(([what, pieces]) =>
    MOMENTS.map((moment) => [what, pieces, moment] as const)
  )
) {
  test(`a response that ends ${moment} its version retires, then ${what} for the next one`, async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => release = resolve);
    const { versions, first, listener } = await servingTwo(function* (_environ, startResponse) {
      startResponse("200 OK", []);
      yield "begun;";
      yield released;
      yield "done;";
    });
    const client = await connect(listener.address);
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await client.says("begun;");
    const second = versions.load();
    await second.loaded;
    versions.use(second);
    if (moment === "after") await retired();
    release();
    await client.says("done;\r\n0\r\n\r\n");
    if (moment === "before") await retired();
    for (const piece of pieces) {
      client.write(piece);
      await turn();
    }
    for (let turns = 0; turns < 20; turns++) await turn();
    const whole = NEXT["a request"]?.join("") ?? "";
    client.write(whole.slice(pieces.join("").length));
    await client.says("two0;");
    assertEquals(client.ended(), false);
    await first.ended;
    await Promise.all([versions.shutdown(0), listener.close()]);
  });
}

test("a client that leaves with the end of a response that began before holds no version up", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => release = resolve);
  const { versions, first, listener } = await servingTwo(function* (_environ, startResponse) {
    startResponse("200 OK", []);
    yield "begun;";
    yield released;
  });
  const clients: Client[] = [];
  for (let count = 0; count < 10; count++) clients.push(await connect(listener.address));
  for (const { write } of clients) write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (const { says } of clients) await says("begun;");
  const second = versions.load();
  await second.loaded;
  versions.use(second);
  release();
  for (const { leave } of clients) {
    await turn();
    leave();
  }
  await first.ended;
  for (let turns = 0; turns < 20; turns++) await turn();
  assertEquals([first.relays.size, second.relays.size], [0, 0]);
  await Promise.all([versions.shutdown(0), listener.close()]);
});

test("a version that retires hears of connections that close meanwhile, and ends", async () => {
  const { versions, first, listener } = await servingTwo();
  const clients: Client[] = [];
  for (let count = 0; count < 10; count++) clients.push(await connect(listener.address));
  for (const { write } of clients) {
    write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab");
  }
  for (let turns = 0; turns < 20; turns++) await turn();
  const second = versions.load();
  await second.loaded;
  // A client leaves in each turn, so that some connections close while the first version gives up its own.
  for (const [index, { leave }] of clients.entries()) {
    leave();
    if (index === 5) versions.use(second);
    await turn();
  }
  let hasEnded = false;
  void first.ended.then(() => hasEnded = true);
  await until("the end of the first version", () => hasEnded);
  await Promise.all([versions.shutdown(0), listener.close()]);
});

test("a shutdown stops a version that still loads, whatever the grace period is", async () => {
  let stops = 0;
  const place = { name: "app.ts", path: "/app.ts", exported: "default" };
  const versions = new AppVersions({ place, words: [] }, Infinity, () => ({
    post() {},
    stop: () => Promise.resolve(++stops),
  }));
  const { loaded } = versions.load();
  await versions.shutdown(Infinity);
  assertEquals(stops, 1);
  await assertRejects(() => loaded, Error, "cannot load app.ts");
});

test("the bytes of a Buffer are copied before they move to the other thread", () => {
  const messages: (ToThread | FromThread)[] = [];
  const move = (message: ToThread | FromThread) => {
    messages.push(structuredClone(message, { transfer: buffersOf(message) }));
  };
  const address: Address = { family: "unix", path: "" };
  const relay = new Relay(1, { remote: address, local: address, encrypted: true } as Socket);
  relay.attach({ relays: new Map(), post: move });
  const port = new PortSocket(
    { type: "open", id: 1, remote: address, local: address, encrypted: true },
    move,
    () => {},
  );
  // A read of TLS is a Buffer in a longer array, which later reads use as well.
  const slab = Buffer.from("first second");
  relay.onData(slab.subarray(0, 5));
  port.write(slab.subarray(6));
  assertEquals(slab.toString(), "first second");
  const texts = messages.map((message) =>
    "bytes" in message ? new TextDecoder().decode(message.bytes as Uint8Array) : message.type
  );
  assertEquals(texts, ["open", "first", "second"]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => memory.clock.defer(resolve));
}

interface Client {
  write(text: string): void;
  /** All that the server has sent. */
  text(): string;
  ended(): boolean;
  leave(): void;
  says(part: string): Promise<void>;
}

function connect(address: Address): Promise<Client> {
  let text = "";
  let ended = false;
  return new Promise((resolve) => {
    const open = (socket: Socket): SocketHandler => {
      const says = (part: string) => until(part, () => text.includes(part));
      const write = (text: string) => void socket.write(text);
      const leave = () => socket.destroy();
      resolve({ write, text: () => text, ended: () => ended, leave, says });
      return {
        onData: (bytes) => text += memory.latin1(bytes, 0, bytes.length),
        onEnd: () => ended = true,
        onDrain() {},
        onClose: () => ended = true,
      };
    };
    if (address.family !== "unix") network.connect(address, open);
  });
}
