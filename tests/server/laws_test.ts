/** Laws of a connection, whatever clients and apps do, and in whatever pieces. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { Sleep, WaitForSignal } from "../../src/coroutine/mod.ts";
import type { AppYield, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, post, requestText, type Serving, serving } from "../support/serving.ts";
import { assertLaw } from "../support/shares.ts";

/** What an app does with its request, told by the path. */
const ACTS = ["at-once", "waits", "reads", "reads-some", "ignores", "streams", "array"] as const;
type Act = typeof ACTS[number];

const actor: WSGIApp = (environ, startResponse) => {
  const act = environ.PATH_INFO.split("/")[1] as Act;
  startResponse("200 OK", []);
  if (act === "array") return [environ.PATH_INFO];
  return run();

  function* run(): Generator<AppYield, string | undefined, unknown> {
    const input = environ["wsgi.input"];
    if (act === "waits") yield environ.cogen.core.events.Sleep(0.01);
    if (act === "reads") return `${environ.PATH_INFO} ${(yield* input.read()).length}`;
    if (act === "reads-some") return `${environ.PATH_INFO} ${(yield* input.read(3)).length}`;
    if (act === "streams") {
      for (let i = 0; i < 3; i++) {
        yield `${i}`;
        yield* environ.cogen.wait(Sleep(0.001));
      }
    }
    return environ.PATH_INFO;
  }
};

function expected(act: Act, path: string, size: number): string {
  if (act === "reads") return `${path} ${size}`;
  if (act === "reads-some") return `${path} ${Math.min(3, size)}`;
  return act === "streams" ? `012${path}` : path;
}

const requests = fc.array(
  fc.record({
    act: fc.constantFrom(...ACTS),
    kind: fc.constantFrom("none", "length", "chunked"),
    body: fc.string({ unit: fc.constantFrom("a", "\r", "\n", "G"), maxLength: 30 }),
  }),
  { minLength: 1, maxLength: 8 },
);

function wire(kind: string, path: string, body: string): string {
  if (kind === "none") return get(path);
  if (kind === "length") return post(path, body);
  const chunks = (body.match(/[^]{1,7}/g) ?? []).map((part) => {
    return `${part.length.toString(16)}\r\n${part}\r\n`;
  });
  const head = requestText("POST", path, ["Transfer-Encoding: chunked"]);
  return `${head}${chunks.join("")}0\r\n\r\n`;
}

test("in any split, pipelined requests have their own answers, in order", async () => {
  await assertLaw(
    fc.asyncProperty(
      requests,
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 }),
      fc.constantFrom(0, 5, 70_000),
      async (given, sizes, time) => {
        const stage = await serving(actor);
        const client = stage.connect();
        const text = given.map(({ act, kind, body }, i) => wire(kind, `/${act}/${i}`, body)).join(
          "",
        );
        for (let at = 0, piece = 0; at < text.length; piece++) {
          const size = sizes[piece % sizes.length] as number;
          client.send(text.slice(at, at + size));
          at += size;
          if (time === 5) stage.run(time);
          else if (time === 0) stage.clock.turn();
        }
        stage.run(1000);
        assertEquals(
          client.responses().map(({ body, complete }) => [body, complete]),
          given.map(({ act, kind, body }, i) => {
            return [expected(act, `/${act}/${i}`, kind === "none" ? 0 : body.length), true];
          }),
        );
        assertEquals(client.ended, false);
        await stage.finish();
      },
    ),
    100,
  );
});

type Deed =
  | { readonly type: "send"; readonly text: string }
  | { readonly type: "end" | "destroy" | "pause" | "resume" }
  | { readonly type: "time"; readonly milliseconds: number };

const PATHS = ["/wait", "/sleep", "/big", "/read", "/throw", "/endless", "/plain", "/close"];

const deeds: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PATHS).map((path) => send(get(path))) },
  { weight: 2, arbitrary: fc.constantFrom(...PATHS).map((path) => send(post(path, "body"))) },
  fc.constantFrom(...PATHS).map((path) => {
    return send(requestText("POST", path, ["Content-Length: 100000"]));
  }),
  fc.constantFrom("x".repeat(200_000), "GET / HT", "broken\r\n\r\n", "\r\n").map(send),
  fc.constantFrom("end", "destroy", "pause", "resume").map((type) => ({ type }) as const),
  {
    weight: 2,
    arbitrary: fc.constantFrom(0, 10, 100, 5000, 40_000).map((milliseconds) => {
      return { type: "time", milliseconds } as const;
    }),
  },
);

function send(text: string): Deed {
  return { type: "send", text };
}

/** An app of every kind, which notes how often it was begun and ended. */
function counting(counts: { begun: number; ended: number; closed: number }): WSGIApp {
  return (environ, startResponse) => {
    counts.begun++;
    return { [Symbol.iterator]: run, close: () => void counts.closed++ };

    function* run(): Generator<AppYield, string | undefined, unknown> {
      try {
        startResponse("200 OK", []);
        const path = environ.PATH_INFO;
        if (path === "/wait") yield WaitForSignal("never", { timeout: 20 });
        if (path === "/sleep") yield environ.cogen.core.events.Sleep(0.05);
        if (path === "/big") return "x".repeat(300_000);
        if (path === "/read") return `${(yield* environ["wsgi.input"].read()).length}`;
        if (path === "/throw") throw new Error("as always");
        for (let i = 0; path === "/endless" && i < 1000; i++) yield "x".repeat(1000);
        return path;
      } finally {
        counts.ended++;
        // A cancellation that comes now cuts it short, as return() does with every generator.
        if (environ.PATH_INFO === "/close") yield environ.cogen.core.events.Sleep(0.1);
      }
    }
  };
}

function perform(stage: Serving, client: ReturnType<Serving["connect"]>, deed: Deed): void {
  if (deed.type === "time") stage.run(deed.milliseconds);
  else if (deed.type === "send") client.send(deed.text);
  else client[deed.type]();
}

test("whatever clients do, every app that has begun ends once, and nothing is left", async () => {
  await assertLaw(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), deeds), { maxLength: 40 }),
      fc.constantFrom("clients leave", "server closes", "server shuts down"),
      async (steps, ending) => {
        const counts = { begun: 0, ended: 0, closed: 0 };
        const stage = await serving(counting(counts), { window: 20_000 });
        const clients = [stage.connect(), stage.connect(), stage.connect()];
        for (const [who, deed] of steps) perform(stage, clients[who] as typeof clients[0], deed);
        if (ending === "server closes") await stage.until(stage.server.close());
        if (ending === "server shuts down") {
          await stage.until(stage.server.shutdown({ grace: 5 }));
        }
        for (const client of clients) client.destroy();
        await stage.settle(500);
        assertEquals(counts, { begun: counts.begun, ended: counts.begun, closed: counts.begun });
        const log = stage.takeLog();
        assert(
          log.every((line) => line.includes("as always") || line.includes("timed out")),
          `${log}`,
        );
        await stage.finish();
      },
    ),
    60,
  );
});
