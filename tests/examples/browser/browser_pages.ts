/**
 * The browser, and pages in it.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after } from "node:test";
import { assertEquals } from "@std/assert";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { browserCommand } from "./browser_command.ts";

/** No machine is too slow for a wait in a browser: the limit is for pages that hang. */
const PATIENCE_MS = 120_000;

/** The transports of the chat. */
export const TRANSPORTS = ["poll", "sse", "ws"] as const;

/** A name of another site that leads to loopback, as after DNS rebinding. */
export const REBOUND_HOST = "rebound.example";
const REBINDING = `--host-resolver-rules=MAP ${REBOUND_HOST} 127.0.0.1`;

/**
 * A process of Chromium costs most of a second of the processor: pages share few, and none waits in reserve. The
 * list of features takes the place of Playwright's.
 */
const FEW_PROCESSES: readonly string[] = [
  ...["--process-per-site", "--renderer-process-limit=2", "--disable-site-isolation-trials"],
  "--disable-features=SpareRendererForSitePerProcess,Translate,OptimizationHints,MediaRouter",
];

const browser: Browser = await chromium.launch({
  executablePath: browserCommand() ?? "chromium",
  // Chromium refuses its sandbox to root, and a container has little shared memory and no graphics.
  args: [
    ...["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--in-process-gpu"],
    ...[...FEW_PROCESSES, REBINDING],
  ],
});
after(() => browser.close());

/** A still page costs less time: the drawing of the first page is not animated. */
export const newContext = (): Promise<BrowserContext> =>
  browser.newContext({ reducedMotion: "reduce" });

/** Opens a page. A page that an app still writes is not loaded for a time: it is opened until `commit`. */
export async function openPage(
  context: BrowserContext,
  address: string,
  waitUntil: "load" | "commit" = "load",
): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(address, { waitUntil });
  await page.locator("h1").waitFor();
  return page;
}

/**
 * Tells a page again that it is offline. Pages share a process of the browser, and all of them get the event when
 * the first one is cut off.
 */
export const tellOffline = (page: Page): Promise<unknown> =>
  page.evaluate('dispatchEvent(new Event("offline"))');

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Checks that a page is accessible in both colour schemes, and fits on a phone and on a desk. */
export async function assertAccessible(page: Page, name: string): Promise<void> {
  await page.evaluate(axe);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    // The colours alone differ in the second scheme.
    const rules = colorScheme === "dark" ? ["color-contrast"] : undefined;
    const faults = await page.evaluate(async (rules) => {
      const { axe } = globalThis as unknown as {
        axe: {
          run(options: { runOnly?: string[] }): Promise<
            { violations: { id: string; nodes: { html: string }[] }[] }
          >;
        };
      };
      const { violations } = await axe.run(rules === undefined ? {} : { runOnly: rules });
      return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
    }, rules);
    assertEquals(faults, [], `${name}, ${colorScheme}`);
  }
  for (const width of [360, 1200]) {
    await page.setViewportSize({ width, height: 800 });
    const overflow = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    assertEquals(overflow, 0, `${name}, ${width}`);
  }
}

/** One page of the chat, with a name. */
export class ChatPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  static async open(context: BrowserContext, address: string, name: string): Promise<ChatPage> {
    const page = await openPage(context, address);
    const chat = new ChatPage(page);
    await chat.tells("Connected");
    await page.fill("#name", name);
    return chat;
  }

  /** Waits until the page tells of a state. */
  tells(state: "Connected" | "Connecting again"): Promise<void> {
    return this.page.locator("#status", { hasText: state }).waitFor();
  }

  async say(text: string, by: "Enter" | "click" = "Enter"): Promise<void> {
    await this.page.fill("#message", text);
    if (by === "click") await this.page.click("#send");
    else await this.page.press("#message", "Enter");
  }

  /** The texts of the list, once there are so many. */
  async list(length: number): Promise<string[]> {
    const items = this.page.locator("#list li");
    if (length > 0) await items.nth(length - 1).waitFor();
    return await items.allTextContents();
  }
}
