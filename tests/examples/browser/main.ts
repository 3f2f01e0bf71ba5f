/**
 * Tests of the example site in a real browser: Chromium, from the machine or from `CHROMIUM`.
 *
 * `npm run test:browser` runs this program, and so does a step of `npm test`.
 *
 * @module
 */

import { after, before, describe, test } from "node:test";
import { assertEquals } from "@std/assert";
import type { RuntimeName } from "../../tools/runtimes.ts";
import {
  assertAccessible,
  ChatPage,
  newContext,
  openPage,
  tellOffline,
  TRANSPORTS,
} from "./browser_pages.ts";
import "./shared_chat.ts";
import "./status_page.ts";
import { ServedSite } from "./serving_site.ts";

const RUNTIMES: readonly RuntimeName[] = ["node", "deno", "bun"];
const PAGES: readonly string[] = [
  ...["", "chat?transport=ws", "upload", "json", "files"],
  ...["counter", "echo", "patient", "shout", "digest"],
];

describe("on each runtime", { concurrency: 4 }, () => {
  for (const runtime of RUNTIMES) {
    describe(`on ${runtime}`, () => {
      const site = new ServedSite(runtime);
      before(() => site.start());
      after(() => site.kill());

      test("pages of each transport chat in one room", async () => {
        const [homeOfAnn, homeOfBen] = [await newContext(), await newContext()];
        const addressOf = (transport: string) => `${site.url}chat?transport=${transport}`;
        const ann = await ChatPage.open(homeOfAnn, addressOf("sse"), "Ann by sse");
        const pages: ChatPage[] = [ann];
        for (const transport of TRANSPORTS) {
          pages.push(await ChatPage.open(homeOfBen, addressOf(transport), `Ben by ${transport}`));
        }
        const bens = pages.slice(1);

        /** The list, once it has a length on each page. It is the same on all pages. */
        const common = async (length: number): Promise<string[]> => {
          const lists = await Promise.all(pages.map((page) => page.list(length)));
          for (const list of lists) assertEquals(list, lists[0]);
          assertEquals(lists[0]?.length, length);
          return lists[0] as string[];
        };

        const own = [1, 2, 3].map((count) => `${count} <img src=x onerror=alert(1)>`);
        for (const text of own) await Promise.all(pages.map((page) => page.say(text)));
        const list = await common(12);
        for (
          const name of [
            "Ann by sse",
            ...TRANSPORTS.map((transport) => `Ben by ${transport}`),
          ]
        ) {
          const said = list.filter((text) => text.startsWith(`${name}:`));
          assertEquals(said, own.map((text) => `${name}:${text}`));
        }
        for (const { page } of pages) assertEquals(await page.locator("#list img").count(), 0);

        await Promise.all(bens.map(({ page }) => page.reload()));
        assertEquals(await common(12), list);

        // A page that sleeps or is offline gets the messages when it comes back.
        const sessions = await Promise.all(
          bens.map(({ page }) => homeOfBen.newCDPSession(page)),
        );
        const setState = (state: "frozen" | "active") =>
          Promise.all(sessions.map((it) => it.send("Page.setWebLifecycleState", { state })));
        await setState("frozen");
        await ann.say("while the Bens sleep", "click");
        await setState("active");
        await common(13);
        await homeOfBen.setOffline(true);
        // The emulation cuts off requests, and no WebSocket.
        const cutOff = bens.filter((_, index) => TRANSPORTS[index] !== "ws");
        for (const page of cutOff) {
          await tellOffline(page.page);
          await page.tells("Connecting again");
        }
        await ann.say("while the Bens are offline");
        await homeOfBen.setOffline(false);
        await Promise.all(bens.map((page) => page.tells("Connected")));
        await common(14);

        // The history is in memory: a restart is one notice on each page, and the chat goes on.
        let length = 14;
        for (const end of ["kill", "stop"] as const) {
          await site[end]();
          await Promise.all(pages.map((page) => page.tells("Connecting again")));
          await bens[0]?.say(`during the restart after ${end}`);
          await site.start();
          length += 2;
          await Promise.all(pages.map((page) => page.tells("Connected")));
          const lists = await Promise.all(pages.map((page) => page.list(length)));
          for (const list of lists) {
            assertEquals(list.slice(length - 2).sort(), [
              `Ben by poll:during the restart after ${end}`,
              "The server has forgotten older messages: some may be missing here.",
            ]);
          }
        }
        await ann.say("again");
        for (const list of await Promise.all(pages.map((page) => page.list(length + 1)))) {
          assertEquals([list.length, list.at(-1)], [length + 1, "Ann by sse:again"]);
        }
        await homeOfAnn.close();
        await homeOfBen.close();
      });

      test("the first page shows the steps, and signals wake the panes", async () => {
        const context = await newContext();
        const isWatching = context.waitForEvent("response", (it) => it.url() === `${site.url}live`);
        const page = await openPage(context, site.url);
        await isWatching;
        await page.click(".pane:first-of-type .wait");
        await page.locator("#lanes span", { hasText: "/patient" }).waitFor();
        await page.click(".pane:last-of-type .signal");
        const woken = "Someone signaled me: hello from the right";
        await page.locator(".pane output", { hasText: woken }).waitFor();
        await page.click("#slow");
        await page.locator("#lanes span", { hasText: "generator 10" }).waitFor();
        await page.locator("#hello", { hasText: /answered \d+ times/ }).waitFor();
        await page.locator("#lanes li.done").first().waitFor();
        if (runtime === "node") {
          await assertAccessible(page, "the first page with lanes of running and ended requests");
        }
        await context.setOffline(true);
        await tellOffline(page);
        await page.locator("#summary", { hasText: "No connection" }).waitFor();
        await context.setOffline(false);
        await page.locator("#summary", { hasText: /steps in the last second/ }).waitFor();
        await context.close();
      });
    });
  }
});

/** Whether a message of the chat is in view, and not behind the form. */
const isAboveForm = (item: { getBoundingClientRect(): { top: number; bottom: number } }) => {
  const { top, bottom } = item.getBoundingClientRect();
  const form = (globalThis as unknown as { talk: typeof item }).talk;
  return top >= 0 && bottom <= form.getBoundingClientRect().top;
};

describe("each page", () => {
  const site = new ServedSite("node");
  before(() => site.start());
  after(() => site.stop());

  test("is accessible and fits, in both colour schemes, on a phone and on a desk", async () => {
    const context = await newContext();
    for (const path of PAGES) {
      const page = await openPage(context, site.url + path, "commit");
      await assertAccessible(page, path);
      if (path !== "") assertEquals(await page.locator('nav a[href="./"]').count(), 1, path);
      const source = await page.locator('a[href^="source/"]').first().getAttribute("href");
      assertEquals((await context.request.get(site.url + source)).status(), 200, path);
      await page.close();
    }
    await context.close();
  });

  test("a new message does not move a reader of older ones, but the end follows", async () => {
    const context = await newContext();
    const ann = await ChatPage.open(context, `${site.url}chat?transport=sse`, "Ann");
    const ben = await ChatPage.open(context, `${site.url}chat?transport=ws`, "Ben");
    for (let count = 1; count <= 40; count++) await ann.say(`message ${count}`);
    await Promise.all([ann.list(40), ben.list(40)]);
    const last = (chat: ChatPage) => chat.page.locator("#list li").last();
    const place = (chat: ChatPage) => chat.page.evaluate("scrollY") as Promise<number>;
    assertEquals(await last(ann).evaluate(isAboveForm), true);
    await ann.page.evaluate("scrollTo(0, 10)");
    await ben.say("from Ben");
    await ann.list(41);
    assertEquals(await place(ann), 10);
    assertEquals(await last(ben).evaluate(isAboveForm), true);
    await ann.say("from Ann");
    await ann.list(42);
    assertEquals(await last(ann).evaluate(isAboveForm), true);
    await context.close();
  });

  test("text of apps is shown while it comes", async () => {
    const context = await newContext();
    const page = await openPage(context, `${site.url}digest`);
    await page.locator("#text", { hasText: "line 3" }).waitFor();
    await page.goto(`${site.url}shout`, { waitUntil: "commit" });
    await page.locator("#text", { hasText: /VISITORS NOW: \d/ }).waitFor();
    await context.close();
  });

  test("an upload shows its progress and its end; rows of JSON come", async () => {
    const context = await newContext();
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
