/**
 * A thousand clients in a long poll leave at once. Afterwards the counts are 0, and the requests
 * are not in memory.
 */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { Queue } from "../../../mod.ts";
import { ranMs } from "../../support/run_time.ts";
import {
  eventually,
  servingOverTcp,
  SLACK,
  type TcpClient,
  type Way,
  WAYS,
} from "../../support/tcp.ts";

const CLIENTS = 1000;
/**
 * The time in which the server notices all clients, in milliseconds of `ranMs`. It is longer than
 * for one client, because one thread notices them one after the other, and they need time to leave.
 */
const NOTICED_WITHIN = 500 * SLACK;

test("a thousand waiting clients leave at once, in every way, and leave nothing behind", async () => {
  const queue = new Queue<string>();
  const kept: WeakRef<object>[] = [];
  let finallies = 0;
  const serving = await servingOverTcp(function* (environ, startResponse) {
    kept.push(new WeakRef(environ));
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    try {
      yield "waiting";
      if (environ.PATH_INFO === "/queue") yield environ.cogen.core.events.perform(queue.get());
      else yield environ.cogen.core.events.WaitForSignal("news", { timeout: 60 });
    } finally {
      finallies++;
    }
  }, { requestQueueSize: CLIENTS });
  const { server } = serving;
  const clients = await connectAll(() => serving.open());
  for (const [index, client] of clients.entries()) {
    client.send(`GET /${index % 2 === 0 ? "queue" : "signal"} HTTP/1.1\r\nHost: test\r\n\r\n`);
  }
  await Promise.all(clients.map((client) => client.has("waiting")));
  // A block may reach its client before the app goes on to its wait.
  await eventually("every app waits", () => {
    return queue.waiting === CLIENTS / 2 && server.scheduler.stats().signals === CLIENTS / 2;
  });
  assertEquals(server.stats().activeRequests, CLIENTS);

  const left = ranMs();
  for (const [index, client] of clients.entries()) client.leave(WAYS[index % 3] as Way);
  await eventually("every finally", () => finallies === CLIENTS);
  const time = ranMs() - left;
  assert(time < NOTICED_WITHIN, `the last was noticed after ${time} ms`);
  await serving.quiet(NOTICED_WITHIN);
  assertEquals([finallies, queue.waiting, server.stats().servedRequests], [CLIENTS, 0, CLIENTS]);
  await checkForgotten(kept);
  await serving.finish();
});

/** Connects 50 clients at a time, because not every runtime lets the server choose the backlog. */
async function connectAll(open: () => Promise<TcpClient>): Promise<TcpClient[]> {
  const clients: TcpClient[] = [];
  while (clients.length < CLIENTS) {
    clients.push(...await Promise.all(Array.from({ length: 50 }, open)));
  }
  return clients;
}

/** Gives the function that collects garbage on demand; `undefined` if the runtime has none. */
async function collector(): Promise<(() => void) | undefined> {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  const { setFlagsFromString } = await import("node:v8");
  const { runInNewContext } = await import("node:vm");
  setFlagsFromString("--expose-gc");
  return runInNewContext("globalThis.gc") as (() => void) | undefined;
}

/** Checks that the requests are garbage now, while the server still runs. */
async function checkForgotten(kept: readonly WeakRef<object>[]): Promise<void> {
  const collect = await collector();
  if (collect === undefined) return;
  const alive = () => kept.filter((reference) => reference.deref() !== undefined).length;
  for (let round = 0; round < 5 && alive() > 10; round++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  assert(alive() <= 10, `${alive()} of ${kept.length} requests are still in memory`);
}
