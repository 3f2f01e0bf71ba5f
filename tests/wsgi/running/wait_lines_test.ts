/** The lines at which apps wait, with the option `debug` of the scheduler: always a line of the app. */

import { assertMatch } from "@std/assert";
import { test } from "node:test";
import { ManualClock, Scheduler, Sleep, traceTasks } from "../../../src/coroutine/mod.ts";
import { eventStream } from "../../../src/sse/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { post, serving } from "../../support/serving.ts";

const APPS: Readonly<Record<string, WSGIApp>> = {
  *"a typed wait"(environ) {
    yield* environ.cogen.wait(Sleep(1));
  },
  *"cogen's style"(environ) {
    yield environ.cogen.core.events.Sleep(1);
  },
  *"a read of the body"(environ) {
    yield* environ["wsgi.input"].read();
  },
  *"a call"(environ) {
    yield environ.cogen.call(Sleep)(1);
  },
  async *"an async app"(environ) {
    await environ.cogen.run(Sleep(1));
  },
  async *"an async app after an await"(environ) {
    await Promise.resolve();
    await environ.cogen.run(Sleep(1));
  },
  "a stream of events": (environ, startResponse) =>
    eventStream(
      environ,
      startResponse,
      function* () {
        yield* Sleep(1);
      }(),
    ),
};

for (const [name, app] of Object.entries(APPS)) {
  test(`${name} waits at a line of the app`, async () => {
    const clock = new ManualClock();
    const scheduler = new Scheduler({ clock, debug: true });
    const stage = await serving(app, { clock, scheduler });
    const client = stage.ask(post("/", "abc").slice(0, -1));
    await stage.settle();
    const lines = traceTasks(scheduler).map(({ from }) => from ?? "");
    assertMatch(lines.join("\n"), /wait_lines_test\.ts:\d+/);
    client.destroy();
    await stage.settle();
    stage.takeLog();
    await stage.finish();
  });
}
