/**
 * The law of framing: the bytes of a response follow from the structure of its app alone. No clock, no burst
 * and no slow client changes them, nor the time after which a promise of the app is ready; these decide only when
 * the bytes are written. The same holds for compressed bytes.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import { compress } from "../../src/middleware/compress/mod.ts";
import {
  accessLog,
  cors,
  delegate,
  errorPage,
  lazyStartResponse,
  passThrough,
  type SyncApp,
  syncInput,
} from "../../src/middleware/mod.ts";
import type { AppYield, Block, Environ, StartResponse, WSGIApp } from "../../src/wsgi/mod.ts";
import { parseResponses } from "../support/http_text.ts";
import { ranMs } from "../support/run_time.ts";
import { latin1Bytes, serving, WorkingClock } from "../support/serving.ts";
import { decodedText } from "../middleware/compress/decoding.ts";
import { assertLaw } from "../support/shares.ts";

/** A step of an app. Each wait begins after the blocks before it. */
type Act =
  | { readonly type: "yield" | "write"; readonly block: Block }
  | { readonly type: "empty" | "sleep" | "planned" | "typed" | "promise" | "await" | "read" };

interface Plan {
  readonly shape:
    | "array"
    | "promised array"
    | "async function"
    | "generator"
    | "promised generator"
    | "async"
    | "object";
  readonly acts: readonly Act[];
  /** Only of generators. */
  readonly last: Block | undefined;
  readonly around: keyof typeof MIDDLEWARES;
  readonly method: "GET" | "HEAD" | "POST";
  readonly version: "1.1" | "1.0";
  readonly status: "200 OK" | "204 No Content" | "304 Not Modified";
  readonly givesLength: boolean;
  /** Whether the response is text, and the client accepts gzip. */
  readonly isText: boolean;
}

/** The circumstances of one run: they must not change a byte. */
interface World {
  /** The time, in milliseconds, that the app computes before each of its steps, over and over. */
  readonly jumps: readonly number[];
  readonly burst: number;
  readonly window: number;
  /** The turns of the host after which each promise that the app awaits is ready; 0 for a settled promise. */
  readonly ready: readonly number[];
  /** Whether the client reads only now and then. */
  readonly slow: boolean;
}

const MIDDLEWARES = {
  none: (app: WSGIApp): WSGIApp => app,
  accessLog: (app: WSGIApp): WSGIApp => accessLog(app, () => {}),
  compress: (app: WSGIApp): WSGIApp => compress(app),
  cors: (app: WSGIApp): WSGIApp => cors(app),
  delegate: (app: WSGIApp): WSGIApp =>
    function* (environ, startResponse) {
      yield* delegate(app, environ, startResponse);
    },
  errorPage: (app: WSGIApp): WSGIApp =>
    errorPage(app, () => ({ status: "500 No", headers: [], body: "no" })),
  lazyStartResponse,
  passThrough: (app: WSGIApp): WSGIApp => (environ, startResponse) =>
    passThrough(() => app(environ, startResponse), environ.cogen, {}),
  syncInput: (app: WSGIApp): WSGIApp => syncInput(app as unknown as SyncApp),
} as const;

const block: fc.Arbitrary<Block> = fc.oneof(
  fc.constantFrom("a", "two", "\u20ac", "x".repeat(70_000), "\r\n0\r\n\r\n"),
  fc.constantFrom(1, 300, 40_000).map((size) => new Uint8Array(size).fill(65)),
);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 3, arbitrary: block.map((block) => ({ type: "yield", block } as const)) },
  block.map((block) => ({ type: "write", block } as const)),
  {
    weight: 2,
    arbitrary: fc.constantFrom("empty", "sleep", "planned", "typed", "promise", "await", "read")
      .map((type) => ({ type } as const)),
  },
);
const plans: fc.Arbitrary<Plan> = fc.record({
  shape: fc.constantFrom(
    "array",
    "promised array",
    "async function",
    "generator",
    "promised generator",
    "async",
    "object",
  ),
  acts: fc.array(act, { maxLength: 6 }),
  last: fc.option(block, { nil: undefined }),
  around: fc.constantFrom(...Object.keys(MIDDLEWARES) as (keyof typeof MIDDLEWARES)[]),
  method: fc.constantFrom("GET", "GET", "HEAD", "POST"),
  version: fc.constantFrom("1.1", "1.1", "1.0"),
  status: fc.constantFrom("200 OK", "200 OK", "200 OK", "204 No Content", "304 Not Modified"),
  givesLength: fc.boolean(),
  isText: fc.constant(false),
});
const worlds: fc.Arbitrary<World> = fc.record({
  jumps: fc.array(fc.constantFrom(0, 0.2, 2, 1000), { minLength: 1, maxLength: 4 }),
  burst: fc.constantFrom(0, 0.000_5, 0.001, 60),
  window: fc.constantFrom(100, 65_536),
  ready: fc.array(fc.constantFrom(0, 0, 1, 3), { minLength: 1, maxLength: 4 }),
  slow: fc.boolean(),
});

function bytesOf(block: Block): string {
  const bytes = typeof block === "string" ? new TextEncoder().encode(block) : block;
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

const isArray = ({ shape }: Plan) => ["array", "promised array", "async function"].includes(shape);

/** The blocks that come before the end of the app, and those that come with it. */
function blocksOf(plan: Plan): { early: string[]; late: string[] } {
  const early: string[] = [];
  const late: string[] = [];
  for (const act of plan.acts) {
    if (act.type !== "yield" && act.type !== "write") continue;
    const isLate = isArray(plan) && act.type === "yield";
    (isLate ? late : early).push(bytesOf(act.block));
  }
  if (!isArray(plan) && plan.last !== undefined) late.push(bytesOf(plan.last));
  return { early, late };
}

/**
 * The app of a plan. It computes by the jumps of the clock before each step, and awaits promises that are ready
 * when the world says so.
 */
function appOf(plan: Plan, work: () => void, ready: () => Promise<void>): WSGIApp {
  const { acts, last } = plan;
  const { early, late } = blocksOf(plan);
  const length = [...early, ...late].join("").length;
  const mayGive = plan.givesLength && plan.status !== "204 No Content";
  const start = (startResponse: StartResponse) =>
    startResponse(plan.status, [
      ...plan.isText ? [["Content-Type", "text/plain"] as const] : [],
      ...mayGive ? [["Content-Length", String(length)] as const] : [],
    ]);

  function* generate(
    environ: Environ,
    startResponse: StartResponse,
  ): Generator<AppYield, Block | undefined> {
    const write = start(startResponse);
    for (const act of acts) {
      work();
      if (act.type === "yield") yield act.block;
      else if (act.type === "write") write(act.block);
      else if (act.type === "empty") yield "";
      else if (act.type === "sleep") yield Sleep(0.01);
      else if (act.type === "planned") yield environ.cogen.core.events.Sleep(0.01);
      else if (act.type === "typed") yield* environ.cogen.wait(Sleep(0.01));
      else if (act.type === "promise") yield Promise.resolve(5);
      else if (act.type === "await") yield ready();
      else yield environ.cogen.input.read(1);
    }
    work();
    return last;
  }

  async function* generateLater(environ: Environ, startResponse: StartResponse) {
    const write = start(startResponse);
    for (const act of acts) {
      work();
      if (act.type === "yield") yield act.block;
      else if (act.type === "write") write(act.block);
      else if (act.type === "empty") yield "";
      else if (act.type === "promise") await Promise.resolve(5);
      else if (act.type === "await") await ready();
      else await environ.cogen.run(Sleep(0.01));
    }
    work();
    return last;
  }

  async function awaiting(environ: Environ, startResponse: StartResponse): Promise<Block[]> {
    const write = start(startResponse);
    const blocks: Block[] = [];
    for (const act of acts) {
      work();
      if (act.type === "yield") blocks.push(act.block);
      else if (act.type === "write") write(act.block);
      else if (act.type === "await") await ready();
      else if (act.type === "promise") await Promise.resolve(5);
      else if (act.type !== "empty") await environ.cogen.run(Sleep(0.01));
    }
    return blocks;
  }

  const array = (startResponse: StartResponse): Block[] => {
    const write = start(startResponse);
    const blocks: Block[] = [];
    for (const act of acts) {
      work();
      if (act.type === "yield") blocks.push(act.block);
      else if (act.type === "write") write(act.block);
      else blocks.push("");
    }
    return blocks;
  };

  return (environ, startResponse) => {
    switch (plan.shape) {
      case "array":
        return array(startResponse);
      case "promised array":
        return environ.cogen.run(Sleep(0.01)).then(() => array(startResponse));
      case "async function":
        return awaiting(environ, startResponse);
      case "generator":
        return generate(environ, startResponse);
      case "promised generator":
        return Promise.resolve(generate(environ, startResponse));
      case "async":
        return generateLater(environ, startResponse);
      case "object":
        return { [Symbol.iterator]: () => generate(environ, startResponse), close: () => {} };
    }
  };
}

function requestOf({ method, version, isText }: Plan): string {
  const body = method === "POST" ? "body" : "";
  const fields = ["Host: test", "Connection: close"];
  if (method === "POST") fields.push("Content-Length: 4");
  if (isText) fields.push("Accept-Encoding: gzip");
  return [`${method} / HTTP/${version}`, ...fields, "", body].join("\r\n");
}

const NEVER = { head: Infinity, body: Infinity, idle: Infinity, write: Infinity, close: Infinity };

/** The fields of `cors`, and the one of `compress` that each of its responses has. */
const ADDED = /Access-Control-.*\r\n|Vary: Accept-Encoding\r\n/;

/** The bytes of the response in one world, without the date and the added fields. */
async function bytesIn(plan: Plan, world: World): Promise<string> {
  const clock = new WorkingClock();
  let turn = 0;
  const work = () => clock.work(world.jumps[turn++ % world.jumps.length] as number);
  let awaited = 0;
  const ready = async () => {
    const turns = world.ready[awaited++ % world.ready.length] as number;
    for (let n = 0; n < turns; n++) await new Promise((resolve) => setImmediate(resolve));
  };
  const app = MIDDLEWARES[plan.around](appOf(plan, work, ready));
  const { burst, window } = world;
  const stage = await serving(app, { clock, burst, window, timeouts: NEVER });
  const client = stage.connect();
  if (world.slow) client.pause();
  client.send(latin1Bytes(requestOf(plan)));
  for (const began = ranMs(); !client.ended && ranMs() - began < 20_000;) {
    if (world.slow) client.resume();
    await stage.settle(10);
    if (world.slow) client.pause();
  }
  client.resume();
  await stage.finish();
  return client.received().replace(/Date: .*\r\n/, "").replace(ADDED, "");
}

/** The bytes that the structure of an app leads to: the table in `src/wsgi/app.ts`. */
function expected(plan: Plan): string {
  const { early, late } = blocksOf(plan);
  const body = [...early, ...late].join("");
  const hasBody = plan.method !== "HEAD" && plan.status === "200 OK";
  const givesLength = plan.givesLength && plan.status !== "204 No Content";
  // Around these, each block of the app is yielded by the middleware.
  const yieldsAll = ["delegate", "passThrough"];
  const isWhole = early.length === 0 && !yieldsAll.includes(plan.around) || body === "";
  const head = [`HTTP/1.1 ${plan.status}`];
  if (givesLength) head.push(`Content-Length: ${body.length}`);
  else if (
    isWhole && (hasBody || plan.method === "HEAD" && plan.status === "200 OK" && body !== "")
  ) {
    head.push(`Content-Length: ${body.length}`);
  } else if (hasBody && plan.version === "1.1") head.push("Transfer-Encoding: chunked");
  head.push("Connection: close", "", "");
  if (!hasBody) return head.join("\r\n");
  if (givesLength || isWhole || plan.version === "1.0") return head.join("\r\n") + body;
  const chunks = [...early, ...late].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return `${head.join("\r\n")}${chunks.join("")}0\r\n\r\n`;
}

/**
 * Plans of apps around which `compress` compresses; two thirds of them are async, where only the clock tells of a
 * wait.
 */
const texts: fc.Arbitrary<Plan> = fc.tuple(plans, fc.constantFrom("async", "async function", null))
  .map(([plan, shape]) => ({
    ...plan,
    shape: shape ?? plan.shape,
    isText: true,
    around: "compress",
    status: "200 OK",
  }));

/** Whether a sync app waits, or an async one has a step, after it has given a block that comes before its end. */
function streams(plan: Plan): boolean {
  const isAsync = ["async", "async function"].includes(plan.shape);
  let gives = false;
  for (const { type } of plan.acts) {
    if (type === "write" || type === "yield" && !isArray(plan)) gives = true;
    else if (type !== "yield" && gives && !isArray(plan)) return true;
  }
  return gives && isAsync;
}

test("compress: any app, any clock, any promise, any client: the same compressed bytes", async () => {
  await assertLaw(
    fc.asyncProperty(
      texts,
      fc.array(worlds, { minLength: 2, maxLength: 2 }),
      async (plan, given) => {
        const received: string[] = [];
        for (const world of given) received.push(await bytesIn(plan, world));
        const [one = "", other = ""] = received;
        assertEquals(one.slice(0, 500), other.slice(0, 500));
        assert(one === other, `${one.length} and ${other.length} bytes`);
        const [response] = parseResponses(one, [plan.method]);
        if (response === undefined || plan.method === "HEAD") return;
        const { early, late } = blocksOf(plan);
        const { body, headers } = response;
        const isEncoded = headers["content-encoding"] !== undefined;
        assertEquals(isEncoded ? decodedText("gzip", body) : body, [...early, ...late].join(""));
        const isWhole = headers["content-length"] !== undefined;
        if (!plan.givesLength && streams(plan)) assertEquals(isWhole, false, one.slice(0, 300));
      },
    ),
    40,
  );
});

test("any app, any clock, any burst, any client: the same bytes, and those of the table", async () => {
  await assertLaw(
    fc.asyncProperty(
      plans,
      fc.array(worlds, { minLength: 2, maxLength: 2 }),
      async (plan, given) => {
        for (const world of given) {
          const bytes = await bytesIn(plan, world);
          assertEquals(bytes.slice(0, 500), expected(plan).slice(0, 500));
          assert(bytes === expected(plan), `${bytes.length} bytes`);
        }
      },
    ),
    30,
  );
});
