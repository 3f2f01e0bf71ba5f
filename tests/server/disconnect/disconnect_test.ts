/**
 * The server notices at once that a client has left, during every activity of the app, in every
 * style and through middleware. The wait of the app is aborted, its `finally` runs once, `close()`
 * is called once, and `environ.cogen.signal` aborts. No wait is left, and no error is reported.
 *
 * With `LATENCIES=1` the tests print the time from the leaving of a client to the `finally` of its
 * app.
 */

import { assertEquals } from "@std/assert";
import process from "node:process";
import { after, test } from "node:test";
import { Scheduler } from "../../../mod.ts";
import { ManualClock } from "../../../src/coroutine/mod.ts";
import { RUNTIME, servingOverTcp, WAYS } from "../../support/tcp.ts";
import { checkLeaving, latencies, NOTICED_WITHIN } from "./leaving.ts";
import {
  ACTIVITIES,
  type Body,
  STYLES,
  Trace,
  type WaitCase,
  type WaitMaker,
  WAITS,
} from "./states.ts";

for (const [name, make] of Object.entries(WAITS)) {
  test(`a client that leaves is noticed while its app waits in ${name}`, async () => {
    await checkWait(name, make);
  });
}

for (const [name, activity] of Object.entries(ACTIVITIES)) {
  // Apps that do not wait slow each other down, so each way has a server of its own.
  for (const ways of activity.busy || activity.unread ? WAYS.map((way) => [way]) : [WAYS]) {
    test(`a client that leaves is noticed while ${name}: it ${ways.join(", ")}`, async () => {
      await checkLeaving(name, activity, ways);
    });
  }
}

async function checkWait(name: string, make: WaitMaker): Promise<void> {
  const waits: WaitCase[] = [];
  const { waiting, children = 0 } = make(new Trace(), new Scheduler({ clock: new ManualClock() }));
  const bodies = Object.entries(STYLES).map(([style, perform]) => {
    const body: Body = (environ, trace) => {
      const wait = make(trace, environ.cogen.scheduler);
      waits.push(wait);
      return perform(wait)(environ, trace);
    };
    return [style, body] as const;
  });
  await checkLeaving(name, { bodies: Object.fromEntries(bodies) }, WAYS, {
    children,
    ...(waiting === undefined ? {} : { waiting: () => sum(waits.map((wait) => wait.waiting!())) }),
    dispose: () => waits.forEach((wait) => wait.dispose?.()),
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

for (const way of WAYS) {
  test(`a client that ${way} in the middle of a head is noticed`, async () => {
    let served = 0;
    const serving = await servingOverTcp((_environ, startResponse) => {
      served++;
      startResponse("200 OK", []);
      return ["whole"];
    });
    const client = await serving.open();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\nGET /half HTTP/1.1\r\nHo");
    await client.has("whole");
    client.leave(way);
    await serving.quiet(NOTICED_WITHIN);
    assertEquals(served, 1);
    await serving.finish();
  });

  test(`a client that ${way} between two requests is noticed`, async () => {
    const serving = await servingOverTcp((_environ, startResponse) => {
      startResponse("200 OK", []);
      return ["whole"];
    });
    const client = await serving.open();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    await client.has("whole");
    client.leave(way);
    await serving.quiet(NOTICED_WITHIN);
    await serving.finish();
  });

  test(`a client that ${way} leaves none of its pipelined requests behind`, async () => {
    const begun: string[] = [];
    const serving = await servingOverTcp(function* (environ, startResponse) {
      begun.push(environ.PATH_INFO);
      startResponse("200 OK", []);
      yield "first";
      yield environ.cogen.core.events.Sleep(60);
    });
    const client = await serving.open();
    client.send(
      "GET /1 HTTP/1.1\r\nHost: test\r\n\r\nGET /2 HTTP/1.1\r\nHost: test\r\n\r\n",
    );
    await client.has("first");
    client.leave(way);
    await serving.quiet(NOTICED_WITHIN);
    assertEquals(begun, ["/1"]);
    await serving.finish();
  });
}

test("a request that is found to be cut just before its app begins leaves nothing behind", async () => {
  const serving = await servingOverTcp(function* (environ, startResponse) {
    startResponse("200 OK", []);
    yield environ.cogen.core.events.Sleep(0.01);
    yield environ.PATH_INFO;
  });
  const client = await serving.open();
  const fields = "Host: test\r\nContent-Length: 4\r\n\r\n";
  client.send(`POST /first HTTP/1.1\r\n${fields}bodyPOST /second HTTP/1.1\r\n${fields}bo`);
  client.stream.end();
  await client.until("the end", () => client.ended);
  assertEquals(client.text.includes("/first"), true);
  client.stream.destroy();
  await serving.quiet(NOTICED_WITHIN);
  await serving.finish();
});

after(() => {
  if (process.env["LATENCIES"] === undefined) return;
  const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;
  console.log(`${RUNTIME}: milliseconds from leaving to finally, median and most`);
  for (const name of new Set([...latencies.keys()].map((key) => key.split("|")[0]!))) {
    const columns = WAYS.map((way) => {
      const times = latencies.get(`${name}|${way}`) ?? [];
      return `${way} ${median(times)?.toFixed(1)} ${Math.max(...times).toFixed(1)}`;
    });
    console.log(`| ${[name, ...columns].join(" | ")} |`);
  }
});
