/** Waits and disconnects through stacks of three middlewares each, around every style of app. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import type { Block, WSGIApp } from "../../src/wsgi/mod.ts";
import {
  accessLog,
  errorPage,
  lazyStartResponse,
  syncInput,
  validator,
} from "../../src/middleware/mod.ts";
import { gzip } from "../../src/middleware/compress/mod.ts";
import { get, latin1Bytes, serving } from "../support/serving.ts";
import { answer, PLAIN, settle, sorry } from "./answering.ts";

type Middleware = (app: WSGIApp) => WSGIApp;

const LAYERS: Readonly<Record<string, Middleware>> = {
  lazyStartResponse,
  syncInput: (app) => syncInput(app as never),
  gzip,
  accessLog: (app) => accessLog(app, () => {}),
  errorPage: (app) => errorPage(app, sorry),
  validator,
};

interface Style {
  readonly name: string;
  readonly app: WSGIApp;
}

let ended = 0;

const STYLES: readonly Style[] = [
  {
    name: "typed waits",
    *app(environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        yield* environ.cogen.wait(Sleep(1));
        yield `two ${yield* environ.cogen.wait(WaitForSignal("go"))}`;
      } finally {
        ended++;
      }
    },
  },
  {
    name: "waits in cogen's style",
    *app(environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        yield environ.cogen.core.events.Sleep(1);
        yield environ.cogen.core.events.WaitForSignal("go");
        yield `two ${environ.cogen.result}`;
      } finally {
        ended++;
      }
    },
  },
  {
    name: "operations that are yielded",
    *app(_environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        yield Sleep(1);
        yield `two ${yield WaitForSignal("go")}`;
      } finally {
        ended++;
      }
    },
  },
  {
    name: "an async generator",
    async *app(environ, startResponse) {
      try {
        startResponse("200 OK", PLAIN);
        yield "one ";
        await environ.cogen.run(Sleep(1));
        yield `two ${await environ.cogen.run(WaitForSignal("go"))}`;
      } finally {
        ended++;
      }
    },
  },
];

const NAMES = Object.keys(LAYERS);

for (const [at, first] of NAMES.entries()) {
  const three = [first, NAMES[(at + 1) % NAMES.length], NAMES[(at + 2) % NAMES.length]] as string[];
  const wrap = (app: WSGIApp) => three.reduceRight((inner, name) => LAYERS[name]!(inner), app);
  for (const { name, app } of STYLES) {
    test(`${name} pass through ${three.join(", ")}`, async () => {
      ended = 0;
      const stage = await serving({ "/": wrap(app), "/go": goApp });
      const client = stage.ask(get("/"));
      await settle(stage);
      assertEquals(client.responses()[0]?.body, "one ");
      await stage.settle(1000);
      await settle(stage);
      stage.ask(get("/go"));
      await settle(stage);
      const response = client.response();
      assertEquals([response.body, response.complete, ended], ["one two signalled", true, 1]);
      await stage.finish();
    });

    test(`a client that leaves ends ${name} behind ${three.join(", ")}`, async () => {
      ended = 0;
      const stage = await serving(wrap(app));
      const client = stage.ask(get("/"));
      await settle(stage);
      client.destroy();
      await settle(stage);
      assertEquals(ended, 1);
      await stage.finish();
    });
  }
}

function* goApp(
  environ: Parameters<WSGIApp>[0],
  startResponse: Parameters<WSGIApp>[1],
): Generator<Block, void, unknown> {
  startResponse("200 OK", PLAIN);
  yield environ.cogen.core.events.Signal("go", "signalled");
}

test("the result of an app's wait stays in environ.cogen while a middleware waits", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield environ.cogen.call(function* answer() {
      return 42;
    })();
    yield "long ".repeat(20_000);
    yield "";
    yield String(environ.cogen.result);
  };
  const { body } = await answer(gzip(validator(gzip(app))), get("/", "Accept-Encoding: gzip"));
  assertEquals(gunzipSync(latin1Bytes(body)).toString().slice(-2), "42");
});
