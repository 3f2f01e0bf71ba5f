/**
 * Tests of the example site in a real browser: Chromium, from the machine or from `CHROMIUM`.
 *
 * `npm run test:browser` runs this program, and so does a step of `npm test`.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { browserCommand } from "./browser_command.ts";
import { ServedSite } from "./serving_site.ts";

/** No machine is too slow for a wait in a browser: the limit is for pages that hang. */
const PATIENCE_MS = 120_000;
const RUNTIMES: readonly RuntimeName[] = ["node", "currentNode", "deno", "bun"];
const TRANSPORTS = ["poll", "sse", "ws"] as const;
const PAGES: readonly string[] = ["", "chat?transport=ws", "upload", "json", "files"];

const browser: Browser = await chromium.launch({
  executablePath: browserCommand() ?? "chromium",
  // Chromium refuses its sandbox to root, and a container has little shared memory.
  args: ["--no-sandbox", "--disable-dev-shm-usage"],
});
after(() => browser.close());

async function openPage(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(address);
  return page;
}

/** One page of the chat, with a name. */
class ChatPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(address: string, name: string): Promise<ChatPage> {
    const context = await browser.newContext();
    const page = await openPage(context, address);
    await page.fill("#name", name);
    return new ChatPage(page);
  }

  async say(text: string): Promise<void> {
    await this.page.fill("#message", text);
    await this.page.click("#send");
  }

  /** The texts of the list, once there are so many. */
  async list(length: number): Promise<string[]> {
    const items = this.page.locator("#list li");
    if (length > 0) await items.nth(length - 1).waitFor();
    return await items.allTextContents();
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}

for (const runtime of RUNTIMES) {
  describe(`on ${runtime}`, () => {
    const site = new ServedSite(runtime);
    before(() => site.start());
    after(() => site.kill());

    for (const transport of TRANSPORTS) {
      test(`two pages chat by ${transport}`, async () => {
        const address = `${site.url}chat?transport=${transport}`;
        const ann = await ChatPage.open(address, "Ann");
        const ben = await ChatPage.open(address, "Ben");
        const had = (await ann.list(0)).length;
        for (let count = 1; count <= 4; count++) {
          await ann.say(`${count} of Ann <img src=x onerror=alert(1)>`);
          await ben.say(`${count} of Ben`);
        }
        const list = await ann.list(had + 8);
        assertEquals(await ben.list(had + 8), list);
        const own = list.filter((text) => text.startsWith("Ann:")).slice(-4);
        assertEquals(
          own,
          [1, 2, 3, 4].map((count) => `Ann:${count} of Ann <img src=x onerror=alert(1)>`),
        );
        assertEquals(await ann.page.locator("#list img").count(), 0);

        await ann.page.reload();
        assertEquals(await ann.list(had + 8), list);

        // A page that sleeps gets the messages when it wakes.
        const session = await ben.page.context().newCDPSession(ben.page);
        await session.send("Page.setWebLifecycleState", { state: "frozen" });
        await ann.page.fill("#name", "Ann");
        await ann.say("while Ben sleeps");
        const longer = await ann.list(had + 9);
        await session.send("Page.setWebLifecycleState", { state: "active" });
        assertEquals(await ben.list(had + 9), longer);

        // The history is in memory: a restart is one notice on each page, and the chat goes on.
        await site.kill();
        await ben.say("while the server is down");
        await site.start();
        const after = await ben.list(had + 11);
        assertEquals(after.slice(0, had + 9), longer);
        assertEquals(await ann.list(had + 11), after);
        const fresh = after.slice(had + 9).sort();
        assertEquals(fresh[0], "Ben:while the server is down");
        assert(fresh[1]?.startsWith("The server has forgotten older messages"), fresh[1]);
        await ann.say("again");
        assertEquals((await ben.list(had + 12)).at(-1), "Ann:again");
        assertEquals((await ann.list(had + 12)).length, had + 12);
        await ann.close();
        await ben.close();
      });
    }

    test("the first page shows the steps, and signals wake the panes", async () => {
      const context = await browser.newContext();
      const page = await openPage(context, site.url);
      await page.click(".pane:first-of-type .wait");
      await page.locator("#lanes span", { hasText: "GET /patient" }).waitFor();
      await page.click(".pane:last-of-type .signal");
      const woken = "Someone signaled me: hello from the right";
      await page.locator(".pane output", { hasText: woken }).waitFor();
      await page.click("#slow");
      await page.locator("#lanes span", { hasText: "generator 10" }).waitFor();
      await page.locator("#hello", { hasText: /answered \d+ times/ }).waitFor();
      await context.close();
    });
  });
}

describe("each page", () => {
  const site = new ServedSite("node");
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  before(() => site.start());
  after(() => site.stop());

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [360, 1200]) {
      test(`is accessible and fits, ${colorScheme}, ${width} pixels wide`, async () => {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
        for (const path of PAGES) {
          const page = await openPage(context, site.url + path);
          await page.evaluate(axe);
          const faults = await page.evaluate(async () => {
            const { axe } = globalThis as unknown as {
              axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
            };
            const { violations } = await axe.run();
            return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
          });
          assertEquals(faults, [], path);
          const overflow = await page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          assertEquals(overflow, 0, path);
          if (path !== "") assertEquals(await page.locator('nav a[href="./"]').count(), 1, path);
          await page.close();
        }
        await context.close();
      });
    }
  }

  test("an upload shows its progress and its end; rows of JSON come", async () => {
    const context = await browser.newContext();
    const page = await openPage(context, `${site.url}upload`);
    const buffer = Buffer.alloc(3_000_000);
    await page.setInputFiles("input", { name: "file", mimeType: "x/y", buffer });
    await page.click("button");
    await page.locator("output", { hasText: "counted 3000000 bytes" }).waitFor();
    await page.goto(`${site.url}json`);
    await page.locator("#rows", { hasText: '"row":20' }).waitFor();
    await context.close();
  });
});
