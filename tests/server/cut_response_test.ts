/** A response that fails half-way: the client must be able to tell, whatever delimits the body. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import type { HeaderList, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, type Serving, serving, type TestClient } from "../support/serving.ts";

const OLD = "GET / HTTP/1.0\r\n\r\n";

function failing(...headers: HeaderList): WSGIApp {
  return function* (environ, startResponse) {
    startResponse("200 OK", headers);
    yield "half";
    yield* environ.cogen.wait(Sleep(1));
    throw new Error("half-way");
  };
}

const hanging: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", []);
  yield "half";
  yield* environ.cogen.wait(Sleep(60));
};

/** How the connection ended, as a client sees it. */
function endOf(client: TestClient): string {
  if (client.ended) return "end";
  return client.closed ? "reset" : "none";
}

const ROWS: readonly (readonly [name: string, app: WSGIApp, request: string, end: string])[] = [
  ["that the end of the connection delimits", failing(), OLD, "reset"],
  ["with Content-Length", failing(["Content-Length", "8"]), OLD, "end"],
  ["that is chunked", failing(), get("/"), "end"],
];

for (const [name, app, request, end] of ROWS) {
  test(`a response ${name} and fails half-way ends with: ${end}`, async () => {
    const stage = await serving(app);
    const client = stage.ask(request);
    assertEquals([client.received().includes("half"), endOf(client)], [true, "none"]);
    stage.run(1000);
    assertEquals(endOf(client), end);
    assertEquals(stage.takeLog().length, 1);
    await stage.finish();
  });
}

test("what is whole ends with an end: a response to HTTP/1.0, and a 500 in place of one", async () => {
  const stage = await serving(function* (environ, startResponse) {
    if (environ.PATH_INFO === "/500") throw new Error("before the head");
    startResponse("200 OK", []);
    yield* environ.cogen.wait(Sleep(1));
    yield "whole";
  });
  const whole = stage.ask(OLD);
  const error = stage.ask("GET /500 HTTP/1.0\r\n\r\n");
  stage.run(1000);
  assertEquals([whole.response().body, endOf(whole)], ["whole", "end"]);
  assertEquals([error.response().status, endOf(error)], ["500 Internal Server Error", "end"]);
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

/** What becomes of a response that hangs half-way when something else ends it. */
async function ending(act: (stage: Serving) => unknown, request: string): Promise<string> {
  const stage = await serving(hanging, { timeouts: { request: 5 } });
  const client = stage.ask(request);
  act(stage);
  await stage.settle();
  const end = endOf(client);
  stage.takeLog();
  await stage.finish();
  return end;
}

test("a deadline or a shutdown that cuts a response resets the connection, if it must", async () => {
  const late = (stage: Serving) => stage.run(7000);
  const shutdown = (stage: Serving) => void stage.server.close();
  assertEquals([await ending(late, OLD), await ending(late, get("/"))], ["reset", "end"]);
  assertEquals([await ending(shutdown, OLD), await ending(shutdown, get("/"))], ["reset", "end"]);
});

for (const [version, request] of [["1.0", OLD], ["1.1", get("/")]] as const) {
  test(`a client of HTTP/${version} that takes no more of a response is reset`, async () => {
    const events: string[] = [];
    const stage = await serving((_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["x".repeat(100_000), "y".repeat(1_000_000)];
    }, { timeouts: { write: 5 } });
    stage.network.connect({ host: "127.0.0.1", port: 80 }, (socket) => {
      socket.write(request);
      socket.pauseReading();
      return {
        onData: () => {},
        onEnd: () => void events.push("end"),
        onDrain: () => {},
        onClose: (error) => void events.push(`${error}`),
      };
    });
    stage.run(10_000);
    assertEquals(events, ["Error: The connection was reset"]);
    await stage.finish();
  });
}
