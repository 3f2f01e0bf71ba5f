/** An error that a socket throws in a turn of its connection ends that connection, and no other. */

import { test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { PipedSocket } from "../../../src/socket/mod.ts";
import type { WSGIServer } from "../../../src/server/mod.ts";
import { get, latin1Bytes, serving, WorkingClock } from "../../support/serving.ts";

/** A socket without a client; each method that `broken` names throws. */
class BrokenSocket extends PipedSocket {
  readonly broken = new Set<"write" | "resumeReading" | "destroy">();
  sent = "";

  constructor() {
    super({
      send: (bytes) => {
        this.sent += String.fromCharCode(...bytes);
        return true;
      },
      end() {},
      cut() {},
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

  override destroy(): void {
    this.#check("destroy");
    super.destroy();
  }

  #check(method: "write" | "resumeReading" | "destroy"): void {
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
