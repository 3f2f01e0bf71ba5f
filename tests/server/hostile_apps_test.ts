/**
 * The law of hostile apps: the process lives, the exchange ends, the log has one entry, nothing is left.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { delegate } from "../../src/middleware/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { get, serving } from "../support/serving.ts";
import { HOSTILE_APPS } from "./hostile_apps.ts";

const STACKS: readonly (readonly [name: string, stack: (app: WSGIApp) => WSGIApp])[] = [
  ["alone", (app) => app],
  ["behind delegate", (app) =>
    function* (environ, startResponse) {
      yield* delegate(app, environ, startResponse);
    }],
];

/** No faults behind `delegate`: it reads `close` once, and a hole of an array is an empty block. */
const FAULTS_ALONE = /second time|sparse/;

const CASES = STACKS.flatMap(([name, stack]) =>
  HOSTILE_APPS.filter(([place]) => name === "alone" || !FAULTS_ALONE.test(place)).map((
    [place, app],
  ) => [`${place}, ${name}`, stack(app)] as const)
);

for (const [place, app] of CASES) {
  test(`one request and one entry of the log: ${place}`, async () => {
    const stage = await serving((environ, startResponse) => {
      if (environ.PATH_INFO === "/well") {
        startResponse("200 OK", []);
        return ["well"];
      }
      return app(environ, startResponse);
    });
    const client = stage.ask(get("/hostile"));
    for (let round = 0; round < 40 && !client.isAnswered("GET"); round++) await stage.settle(500);
    assert(client.isAnswered("GET"), "the exchange has ended");
    await stage.settle();
    if (client.received() !== "") assertMatch(client.received(), /^HTTP\/1\.1 (?:200|500) /);
    const log = stage.takeLog();
    assertEquals(log.length, 1, log.join("\n---\n"));
    assertMatch(log[0] as string, /^(?:GET \/hostile failed|Coroutine .* failed): /);
    assertEquals(stage.server.stats().activeRequests, 0);
    const other = stage.ask(get("/well", "Connection: close"));
    await stage.settle();
    assertMatch(other.received(), /^HTTP\/1\.1 200 OK\r\n[^]*well$/);
    await stage.finish();
  });
}
