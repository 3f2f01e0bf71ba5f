/**
 * The status page in a browser.
 *
 * `main.ts` runs these tests.
 *
 * @module
 */

import process from "node:process";
import { after, before, describe, test } from "node:test";
import { assertEquals, assertMatch } from "@std/assert";
import { AddCoro, serve, WaitForSignal, type WSGIServer } from "../../../mod.ts";
import { statusApp } from "../../../src/status/mod.ts";
import { assertAccessible, newContext, openPage, REBOUND_HOST } from "./browser_pages.ts";

const HOSTILE = "/<img/src=x/onerror=alert(1)>?<script>alert(2)</script>";

describe("the status page", () => {
  let [server, admin]: [WSGIServer | undefined, WSGIServer | undefined] = [undefined, undefined];
  const gone = new AbortController();
  /** Node cancels the body of a response that nothing refers to. */
  const running: Response[] = [];

  /** Sends a request whose app waits until the end of the test. */
  const wait = async (target: string) => {
    const { signal } = gone;
    running.push(await fetch(new URL(target, server?.url), { signal }));
  };

  before(async () => {
    server = await serve({
      bindAddr: ["127.0.0.1", 0],
      debug: true,
      *wsgiApp(environ, startResponse) {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        yield "begun";
        yield* environ.cogen.wait(AddCoro(function* child() {
          yield* WaitForSignal("end");
        }));
        yield* environ.cogen.wait(WaitForSignal("<script>alert(3)</script>"));
      },
    });
    admin = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: statusApp(server) });
    await wait(HOSTILE);
  });
  after(async () => {
    gone.abort();
    await server?.close();
    await admin?.close();
  });

  test("shows requests as they come, and no text as HTML", async () => {
    const context = await newContext();
    const page = await openPage(context, admin?.url ?? "");
    const requests = page.locator("#requests > li");
    await requests.first().waitFor();
    const text = await requests.first().textContent() ?? "";
    assertMatch(text, /GET \/%3Cimg|GET \/<img/);
    assertMatch(text, /WaitForSignal\("<script>alert\(3\)<\/script>"\)/);
    assertMatch(text, /at wsgiApp .*status_page\.ts:\d+/);
    assertEquals(await page.locator("#requests script, #requests img").count(), 0);
    assertEquals(await page.locator("#requests li li li").count(), 1);
    // The event of the next second has the next request, without a reload.
    await wait("/second");
    await requests.nth(1).waitFor();
    await assertAccessible(page, "the status page");
    const { SCREENSHOTS } = process.env;
    if (SCREENSHOTS !== undefined) {
      for (const width of [360, 1200]) {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme });
          const path = `${SCREENSHOTS}/status-${width}-${colorScheme}.png`;
          await page.screenshot({ path, fullPage: true });
        }
      }
    }
    await admin?.close();
    await page.locator("#date", { hasText: "connection lost" }).waitFor();
    await context.close();
    admin = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: statusApp(server as WSGIServer) });
  });

  test("refuses the page of another site that leads to loopback", async () => {
    const context = await newContext();
    const page = await context.newPage();
    const response = await page.goto((admin?.url ?? "").replace("127.0.0.1", REBOUND_HOST));
    assertEquals(response?.status(), 403);
    assertMatch(await page.locator("body").textContent() ?? "", /the Host is not that of loopback/);
    await context.close();
  });
});
