/** A connection that waits for its turn may be taken meanwhile: its socket is read on, also if it has no room. */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { PipedSocket } from "../../../src/socket/mod.ts";
import { get, latin1Bytes, serving, WorkingClock } from "../../support/serving.ts";

/** The socket of a client. Its peer may have no room for bytes. */
class Client extends PipedSocket {
  readonly peer: { hasRoom: boolean };

  constructor() {
    const peer = { hasRoom: true };
    super({ send: () => peer.hasRoom, end() {}, cut() {}, resume() {} });
    this.peer = peer;
  }
}

test("a socket that is taken while its connection waits for a turn is read on", async () => {
  const clock = new WorkingClock();
  const heard: string[] = [];
  let take = () => {};
  const stage = await serving((environ, startResponse) => {
    if (environ.PATH_INFO === "/work") clock.work(5);
    if (environ.PATH_INFO === "/take") {
      return new Promise((end) => {
        take = () =>
          environ.cogen.takeSocket([["Upgrade", "any"]], () => ({
            onData: (bytes) => void heard.push(String.fromCharCode(...bytes)),
            onEnd() {},
            onDrain: () => void heard.push("drain"),
            onClose: () => end([]),
          }));
      });
    }
    startResponse("200 OK", []);
    return ["fine"];
  }, { clock });
  const clients = [new Client(), new Client(), new Client()] as const;
  for (const client of clients) client.start((socket) => stage.server.accept(socket));
  const [taken, busy, other] = clients;
  taken.receive(latin1Bytes(get("/take", "Connection: Upgrade", "Upgrade: any")));
  stage.run(10);
  // A poll of several clients, so that the output of the next poll is gathered.
  for (const client of [busy, other]) client.receive(latin1Bytes(get("/")));
  stage.run();
  busy.receive(latin1Bytes(get("/work")));
  taken.receive(latin1Bytes("first"));
  taken.peer.hasRoom = false;
  take();
  stage.run();
  taken.peer.hasRoom = true;
  taken.drain();
  taken.receive(latin1Bytes("second"));
  assertEquals(heard, ["first", "drain", "second"]);
  for (const client of clients) client.close();
  await stage.finish();
});
