/** `environ.cogen.stopping` and `untilStopping()`: apps hear of the beginning of a shutdown. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { serve } from "../../../mod.ts";
import { all, Call, type HostAbortSignal, race, Sleep } from "../../../src/coroutine/mod.ts";
import { compress } from "../../../src/middleware/compress/compress.ts";
import {
  accessLog,
  basicAuth,
  cors,
  delegate,
  errorPage,
  lazyStartResponse,
  syncInput,
  validator,
} from "../../../src/middleware/mod.ts";
import type { Environ, StartResponse, WSGIApp } from "../../../src/wsgi/mod.ts";
import { decodedText } from "../../middleware/compress/decoding.ts";
import { get, serving } from "../../support/serving.ts";

function ok(startResponse: StartResponse): void {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
}

/** Streams that end only because a shutdown begins. */
const STREAMS: Readonly<Record<string, WSGIApp>> = {
  *"yield* of a race"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    while (!environ.cogen.stopping.aborted) {
      yield* environ.cogen.wait(race([Sleep(3600), environ.cogen.untilStopping()]));
    }
    yield "end";
  },
  *"yield*"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    yield* environ.cogen.untilStopping();
    yield "end";
  },
  *"yield"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    yield environ.cogen.untilStopping();
    yield "end";
  },
  *"cogen's style"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    yield environ.cogen.core.events.perform(environ.cogen.untilStopping());
    yield "end";
  },
  *"a coroutine of Call"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    yield* environ.cogen.wait(Call(function* () {
      yield* environ.cogen.untilStopping();
    }));
    yield "end";
  },
  *"two waits at once"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    const { cogen } = environ;
    yield* cogen.wait(all([cogen.untilStopping(), cogen.untilStopping()]));
    yield "end";
  },
  async *"run"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    await environ.cogen.run(environ.cogen.untilStopping());
    yield "end";
  },
  *"isStopping"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    while (!environ.cogen.isStopping) {
      yield* environ.cogen.wait(race([Sleep(3600), environ.cogen.untilStopping()]));
    }
    yield "end";
  },
  async *"the signal"(environ, startResponse) {
    ok(startResponse);
    yield "on";
    await new Promise<void>((resolve) => {
      environ.cogen.stopping.addEventListener("abort", () => resolve());
    });
    yield "end";
  },
};

/** Every middleware that leaves the waits of an app to the app. */
const STACKS: Readonly<Record<string, (app: WSGIApp) => WSGIApp>> = {
  "no middleware": (app) => app,
  "accessLog": (app) => accessLog(app, () => {}),
  "basicAuth": (app) => basicAuth(app, { realm: "r", check: () => true }),
  "compress": (app) => compress(app),
  "compress, encoded": (app) => compress(app),
  "cors": (app) => cors(app, { origin: "*" }),
  "delegate": (app) =>
    function* (environ, startResponse) {
      yield* delegate(app, environ, startResponse);
    },
  "errorPage": (app) =>
    errorPage(app, () => {
      throw new Error("no page");
    }),
  "lazyStartResponse": (app) => lazyStartResponse(app),
  "validator": (app) => validator(app),
};

for (const [use, app] of Object.entries(STREAMS)) {
  for (const [stack, wrap] of Object.entries(STACKS)) {
    test(`a stream ends when a shutdown begins: ${use}, behind ${stack}`, async () => {
      const stage = await serving(wrap(app));
      const isEncoded = stack.endsWith("encoded");
      const encoding = isEncoded ? ["Accept-Encoding: gzip"] : [];
      const client = stage.ask(get("/", "Authorization: Basic dTpw", ...encoding));
      await stage.eventually("the first block", () => /\r\n\r\n[^]/.test(client.received()));
      const start = stage.clock.now();
      const shutdown = stage.server.shutdown({ grace: 3600 });
      await stage.eventually("the end", () => client.isAnswered());
      const { body, complete } = client.response();
      assertEquals(complete, true);
      assertEquals(isEncoded ? decodedText("gzip", body) : body, "onend");
      await stage.until(shutdown);
      assertEquals(stage.clock.now() - start < 1000, true, "the grace was not used");
      await stage.finish();
    });
  }
}

test("behind syncInput, an app hears of a shutdown by the signal", async () => {
  const stage = await serving(syncInput((environ, startResponse) => {
    ok(startResponse);
    return [`${environ.cogen.stopping.aborted} ${environ.cogen.isStopping}`];
  }));
  const client = stage.ask(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "false false");
  await stage.finish();
});

test("a request that begins during a shutdown finds the signal aborted, and waits for no time", async () => {
  let reason: unknown;
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    yield `${environ.cogen.isStopping && environ.cogen.stopping.aborted} `;
    reason = environ.cogen.stopping.reason;
    yield* environ.cogen.untilStopping();
    yield "now";
  });
  const client = stage.connect();
  const shutdown = stage.server.shutdown({ grace: 10 });
  client.send(get("/"));
  await stage.settle();
  assertEquals(client.response().body, "true now");
  assertEquals((reason as Error).name, "ServerShutdown");
  await stage.until(shutdown);
  await stage.finish();
});

test("the second shutdown and close tell nothing anew", async () => {
  let heard = 0;
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    environ.cogen.stopping.addEventListener("abort", () => heard++);
    yield* environ.cogen.wait(Sleep(5));
    yield "done";
  });
  stage.ask(get("/"));
  const shutdowns = [stage.server.shutdown(), stage.server.shutdown(), stage.server.shutdown()];
  await stage.settle(5000);
  await stage.until(Promise.all(shutdowns));
  assertEquals(heard, 1);
  await stage.finish();
});

test("a listener that throws or rejects is an entry of the log, and the others are called", async () => {
  let heard = 0;
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    const { stopping } = environ.cogen;
    stopping.addEventListener("abort", () => {
      throw new Error("thrown by a listener");
    });
    stopping.addEventListener("abort", () => heard++);
    yield* environ.cogen.untilStopping();
    yield "end";
  });
  const clients = [stage.ask(get("/1")), stage.ask(get("/2"))];
  const shutdown = stage.server.shutdown({ grace: 3600 });
  await stage.settle();
  assertEquals(clients.map((client) => client.response().body), ["end", "end"]);
  assertEquals(heard, 2);
  const log = stage.takeLog();
  assertEquals(log.length, 2);
  assertStringIncludes(log[0] as string, "thrown by a listener");
  await stage.until(shutdown);
  await stage.finish();
});

test("nothing is left: an app that ended, a wait that lost, a client that left hear of no shutdown", async () => {
  const signals: HostAbortSignal[] = [];
  const late: Environ[] = [];
  const stage = await serving(function* (environ, startResponse) {
    ok(startResponse);
    signals.push(environ.cogen.stopping);
    late.push(environ);
    yield "on";
    yield* environ.cogen.wait(race([environ.cogen.untilStopping(), Sleep(1)]));
    if (environ.PATH_INFO === "/left") yield* environ.cogen.untilStopping();
    yield "done";
  });
  const [ended, left] = [stage.ask(get("/ended")), stage.ask(get("/left"))];
  await stage.settle(1000);
  assertEquals(ended.response().body, "ondone");
  left.destroy();
  await stage.settle();
  assertEquals(stage.server.scheduler.stats(), { tasks: 0, ready: 0, deadlines: 0, signals: 0 });
  await stage.until(stage.server.shutdown());
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  await stage.finish();
});

test("a request that first looks after its end leaves nothing behind", async () => {
  const environs: Environ[] = [];
  const stage = await serving((environ, startResponse) => {
    environs.push(environ);
    ok(startResponse);
    return ["done"];
  });
  stage.ask(get("/"));
  await stage.settle();
  const signal = (environs[0] as Environ).cogen.stopping;
  assertEquals(signal.aborted, false);
  await stage.until(stage.server.shutdown());
  assertEquals(signal.aborted, false);
  await stage.finish();
});

test("over TCP, a stream for ever ends with a shutdown", async () => {
  await using server = await serve({
    bindAddr: ["127.0.0.1", 0],
    wsgiApp: STREAMS["yield* of a race"] as WSGIApp,
  });
  const response = await fetch(server.url);
  const shutdown = server.shutdown({ grace: Infinity });
  assertEquals(await response.text(), "onend");
  await shutdown;
});
