/**
 * The chat over several processes: workers of one host, and hosts with a broker.
 *
 * `main.ts` runs these tests.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import { type BrokerProcess, startBroker } from "../../bus/broker_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { ChatPage, newContext, TRANSPORTS } from "./browser_pages.ts";
import { ServedSite } from "./serving_site.ts";

const RUNTIMES: readonly RuntimeName[] = ["node", "deno", "bun"];
/** A worker of a machine that is busy may not answer for a time. */
const WORKERS = ["--workers", "2", "--worker-timeout", "10m"];
const STALE = "The server has forgotten older messages: some may be missing here.";
const hasRedis = spawnSync("redis-server", ["--version"]).status === 0;

/** The lists of all pages, which are the same, once they have a length. */
async function common(pages: readonly ChatPage[], length: number): Promise<string[]> {
  const lists = await Promise.all(pages.map((page) => page.list(length)));
  for (const list of lists) assertEquals(list, lists[0]);
  assertEquals(lists[0]?.length, length);
  return lists[0] as string[];
}

const sayAll = (pages: readonly ChatPage[], text: string) =>
  Promise.all(pages.map((page) => page.say(text)));

/**
 * The browser sees no difference between runtimes here: on each of them, `tests/cli/workers` has a history that
 * outlives a worker, and `main.ts` the pages of each transport with a restart.
 */
describe("with workers", () => {
  const site = new ServedSite("node", WORKERS);
  before(() => site.start());
  after(() => site.kill());

  test("the pages of all workers are in one room", async () => {
    const context = await newContext();
    const pages: ChatPage[] = [];
    // Each worker gets the connection after that of the other one, so each has pages.
    for (const transport of TRANSPORTS) {
      for (const name of ["Ann", "Ben"]) {
        const address = `${site.url}chat?transport=${transport}`;
        pages.push(await ChatPage.open(context, address, `${name} by ${transport}`));
      }
    }
    await sayAll(pages, "1");
    await sayAll(pages, "2");
    const list = await common(pages, 12);
    await Promise.all(pages.map(({ page }) => page.reload()));
    assertEquals(await common(pages, 12), list);

    // The history outlives a worker: no message is missing, and no notice tells of one.
    process.kill(await site.process(), "SIGKILL");
    await sayAll(pages, "3");
    const after = await common(pages, 18);
    assertEquals(after.slice(0, 12), list);
    assertEquals(after.filter((text) => text.endsWith(":3")).length, 6);

    // The supervisor has the history, so its end is one notice on each page.
    await site.stop();
    await pages[0]?.say("4");
    await site.start();
    const ends = await Promise.all(pages.map((page) => page.list(20)));
    for (const end of ends) {
      assertEquals(end.slice(18).sort(), ["Ann by poll:4", STALE]);
    }
    await context.close();
  });
});

const needs = { skip: hasRedis ? false : "needs redis-server" };

describe("with Redis", needs, () => {
  let broker: BrokerProcess;
  let sites: ServedSite[] = [];
  before(async () => {
    broker = await startBroker("redis-server", (port, folder) => [
      ...["--port", `${port}`, "--dir", folder, "--save", "", "--bind", "127.0.0.1"],
    ]);
    const options = ["--bus", `redis://127.0.0.1:${broker.port}`];
    sites = RUNTIMES.map((runtime) => new ServedSite(runtime, options));
    await Promise.all(sites.map((site) => site.start()));
  });
  after(async () => {
    await Promise.all(sites.map((site) => site.kill()));
    await broker.stop();
  });

  test("the pages of all hosts are in one room, and the history outlives a host", async () => {
    const context = await newContext();
    const pages: ChatPage[] = [];
    for (const [index, { url }] of sites.entries()) {
      for (const transport of [TRANSPORTS[index], TRANSPORTS[(index + 1) % 3]]) {
        const name = `${RUNTIMES[index]} by ${transport}`;
        pages.push(await ChatPage.open(context, `${url}chat?transport=${transport}`, name));
      }
    }
    await sayAll(pages, "1");
    const list = await common(pages, 6);
    await Promise.all(pages.map(({ page }) => page.reload()));
    assertEquals(await common(pages, 6), list);
    for (const site of sites) {
      await site.kill();
      await sayAll(pages, "2");
      await site.start();
    }
    const all = await common(pages, 24);
    assertEquals(all.slice(0, 6), list);
    assertEquals(all.includes(STALE), false);
    await context.close();
  });
});
