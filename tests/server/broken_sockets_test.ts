/** An error that a socket throws in a turn, at a deadline or in a shutdown ends its connection, and no other. */

import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { PipedSocket } from "../../src/socket/mod.ts";
import type { WSGIServer } from "../../src/server/mod.ts";
import { acceptWebSocket, Topic } from "../../src/websocket/mod.ts";
import { get, latin1Bytes, serving, WorkingClock } from "../support/serving.ts";

const UPGRADE = get(
  "/",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
);

type Method = "write" | "resumeReading" | "endWrite" | "destroy";

/** A socket without a client; each method that `broken` names throws. */
class BrokenSocket extends PipedSocket {
  readonly broken = new Set<Method>();
  sent = "";
  isCut = false;

  constructor() {
    super({
      send: (bytes) => {
        this.sent += String.fromCharCode(...bytes);
        return true;
      },
      end() {},
      cut: () => this.isCut = true,
      resume() {},
    });
  }

  override write(bytes: Uint8Array | string): boolean {
    this.#check("write");
    return super.write(bytes);
  }

  override resumeReading(): void {
    this.#check("resumeReading");
    super.resumeReading();
  }

  override endWrite(): void {
    this.#check("endWrite");
    super.endWrite();
  }

  override destroy(): void {
    this.#check("destroy");
    super.destroy();
  }

  #check(method: Method): void {
    if (this.broken.has(method)) throw new RangeError(`${method} is broken`);
  }
}

/** A server, and the sockets of three clients. Each request takes the time that the clock is told. */
async function threeSockets(workMs: () => number) {
  const clock = new WorkingClock();
  const stage = await serving((_environ, startResponse) => {
    clock.work(workMs());
    startResponse("200 OK", []);
    return ["fine"];
  }, { clock });
  const sockets = [connect(stage.server), connect(stage.server), connect(stage.server)] as const;
  stage.run(10);
  return { stage, sockets };
}

function connect(server: WSGIServer): BrokenSocket {
  const socket = new BrokenSocket();
  socket.start((opened) => server.accept(opened));
  return socket;
}

function answers({ sent }: BrokenSocket): number {
  return sent.split("fine").length - 1;
}

test("an error while gathered output is sent ends one connection", async () => {
  const { stage, sockets } = await threeSockets(() => 0);
  const ask = () => {
    for (const socket of sockets) socket.receive(latin1Bytes(get("/")));
    stage.run();
  };
  ask();
  sockets[1].broken.add("write").add("destroy");
  ask();
  assertEquals(sockets.map(answers), [2, 1, 2]);
  assertMatch(stage.takeLog().join(), /write is broken.*destroy is broken/s);
  for (const socket of sockets) socket.close();
  await stage.finish();
});

test("an error at the end of a shutdown ends one connection", async () => {
  const { stage, sockets } = await threeSockets(() => 0);
  for (const socket of sockets) socket.receive(latin1Bytes("GET /"));
  stage.run();
  sockets[1].broken.add("destroy");
  await stage.until(stage.server.close());
  assertEquals(sockets.map(({ isCut }) => isCut), [true, false, true]);
  assertMatch(stage.takeLog().join(), /destroy is broken/);
  sockets[1].close();
  await stage.finish();
});

test("an error at a deadline ends one connection", async () => {
  const { stage, sockets } = await threeSockets(() => 0);
  for (const socket of sockets) socket.receive(latin1Bytes("GET /"));
  sockets[1].broken.add("destroy");
  stage.run(60_000);
  await stage.settle();
  assertEquals(sockets.map(({ sent }) => sent.slice(0, 12)), Array(3).fill("HTTP/1.1 408"));
  assertMatch(stage.takeLog().join(), /destroy is broken/);
  assertEquals(stage.server.stats().connections, 1);
  sockets[1].close();
  await stage.finish();
});

test("an error while connections close, at a deadline or in a shutdown, ends one connection", async () => {
  for (const how of ["deadline", "shutdown"]) {
    const { stage, sockets } = await threeSockets(() => 0);
    sockets[0].broken.add("endWrite").add("destroy");
    if (how === "deadline") stage.run(200_000);
    else await stage.until(stage.server.close());
    await stage.settle();
    assertMatch(stage.takeLog().join(), /endWrite is broken.*destroy is broken/s);
    assertEquals(sockets.map(({ isCut }) => isCut), [false, true, true]);
    sockets[0].close();
    await stage.finish();
  }
});

test("an error in a turn after a poll ends one connection", async () => {
  const { stage, sockets } = await threeSockets(() => 2);
  sockets[1].broken.add("resumeReading").add("destroy");
  for (const socket of sockets) socket.receive(latin1Bytes(get("/").repeat(2)));
  stage.run();
  assertEquals([answers(sockets[0]), answers(sockets[2])], [2, 2]);
  assertMatch(stage.takeLog().join(), /resumeReading is broken.*destroy is broken/s);
  for (const socket of sockets) socket.close();
  await stage.finish();
});

test("an error of a WebSocket's socket at the end of a turn ends one connection", async () => {
  const everyone = new Topic();
  const stage = await serving(function* (environ) {
    const socket = acceptWebSocket(environ);
    everyone.subscribe(socket);
    yield* socket.each(() => {});
  });
  const sockets = [connect(stage.server), connect(stage.server), connect(stage.server)] as const;
  for (const socket of sockets) socket.receive(latin1Bytes(UPGRADE));
  stage.run(10);
  sockets[1].broken.add("write");
  everyone.publish("ok");
  stage.run(10);
  await stage.settle();
  assertEquals(sockets.map(({ sent }) => sent.endsWith("\x81\x02ok")), [true, false, true]);
  assertEquals(sockets.map(({ isCut }) => isCut), [false, true, false]);
  const [line] = stage.takeLog();
  assertMatch(line ?? "", /The socket of a WebSocket threw: RangeError: write is broken/);
  for (const socket of sockets) socket.close();
  await stage.finish();
});
