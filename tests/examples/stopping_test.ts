/** The examples that stream or wait end by themselves when a shutdown begins. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { counter } from "../../examples/counter.ts";
import { patientApp } from "../../examples/wait_signal.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { get, serving } from "../support/serving.ts";

const APPS: Readonly<Record<string, WSGIApp>> = { counter, patientApp };

for (const [name, app] of Object.entries(APPS)) {
  test(`${name} ends when a shutdown begins`, async () => {
    const stage = await serving(app);
    const client = stage.ask(get("/"));
    await stage.settle();
    const shutdown = stage.server.shutdown({ grace: 3600 });
    await stage.settle();
    assertEquals(client.response().body.endsWith("<p>The server stops.\n"), true);
    await stage.until(shutdown);
    await stage.finish();
  });
}
