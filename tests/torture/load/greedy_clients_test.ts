/** Clients that send without an end, as fast as the server takes their bytes, leave other clients their answers. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { servingOverTcp } from "../../support/tcp.ts";
import { GreedyClient } from "../traffic/greedy_client.ts";
import { GREEDY_KINDS } from "../traffic/greedy_kinds.ts";
import { trafficApp } from "../traffic/traffic_app.ts";

const GREEDY = 3;
const REQUESTS = 5;

for (const [name, kind] of Object.entries(GREEDY_KINDS)) {
  test(`a client is answered beside ${GREEDY} greedy clients with ${name}`, async () => {
    const serving = await servingOverTcp(trafficApp);
    const place = { port: Number(new URL(serving.server.url).port) };
    const crowd = Array.from({ length: GREEDY }, () => new GreedyClient(place, kind));
    await Promise.all(crowd.map(({ begun }) => begun));
    const honest = await serving.open();
    for (let count = 1; count <= REQUESTS; count++) {
      honest.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n");
      await honest.until("an answer", () => honest.text.split("hello").length - 1 === count);
    }
    honest.stream.destroy();
    assertEquals(crowd.map(({ cut }) => cut), crowd.map(() => 0));
    for (const client of crowd) client.leave();
    await serving.quiet(60_000);
    await serving.finish();
  });
}
