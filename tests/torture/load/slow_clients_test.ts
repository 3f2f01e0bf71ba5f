/** Clients that are slow, or stop in the middle, delay no other client. */

import { assert } from "@std/assert";
import { test } from "node:test";
import type { WSGIApp } from "../../../mod.ts";
import { ranMs } from "../../support/run_time.ts";
import {
  eventually,
  type RealServing,
  servingOverTcp,
  SLACK,
  standstill,
  type TcpClient,
} from "../../support/tcp.ts";

/** The longest wait of any of 50 clients for one of its answers, in milliseconds of `ranMs`. */
const MOST_WAIT = 200 * SLACK;
const REQUESTS = 10;

/** The number of blocks of endless responses so far. */
let endlessBlocks = 0;

/**
 * An app that answers at once. But `/endless` and `/busy` never end, and `/echo` gives the body
 * back.
 */
const app: WSGIApp = function* (environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (environ.PATH_INFO === "/endless") {
    for (const block = new Uint8Array(65_536);; endlessBlocks++) yield block;
  } else if (environ.PATH_INFO === "/busy") {
    for (;;) yield "on and on ";
  } else if (environ.PATH_INFO === "/echo") {
    yield yield* environ["wsgi.input"].read();
  } else yield `<${environ.PATH_INFO}>`;
};

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`;
}

/** Sends one request after the other. Returns the longest time of a request. */
async function ask(serving: RealServing, name: number): Promise<number> {
  const client = await serving.open();
  let longest = 0;
  for (let index = 0; index < REQUESTS; index++) {
    const began = ranMs();
    client.send(get(`/${name}/${index}`));
    await client.has(`</${name}/${index}>`);
    longest = Math.max(longest, ranMs() - began);
  }
  client.stream.destroy();
  return longest;
}

/** Lets 50 clients ask at the same time. */
async function askMany(serving: RealServing): Promise<void> {
  const times = await Promise.all(Array.from({ length: 50 }, (_, name) => ask(serving, name)));
  const longest = Math.max(...times);
  assert(longest < MOST_WAIT, `a client waited for ${longest} ms`);
}

/**
 * A client that sends one byte in each turn of the event loop, and the last byte only when the test
 * tells it to.
 */
class Trickle {
  readonly client: TcpClient;
  #sent = 0;
  #next: ReturnType<typeof setImmediate> | undefined;
  readonly #bytes: string;

  constructor(client: TcpClient, bytes: string) {
    this.client = client;
    this.#bytes = bytes;
    this.#send();
  }

  #send(): void {
    if (this.#sent === this.#bytes.length - 1) return;
    this.client.send(this.#bytes.charAt(this.#sent++));
    this.#next = setImmediate(() => this.#send());
  }

  finish(): void {
    clearImmediate(this.#next);
    this.client.send(this.#bytes.slice(this.#sent));
  }
}

test("50 clients are answered beside a client that does not read and clients that send byte by byte", async () => {
  const serving = await servingOverTcp(app);
  const deaf = await serving.open({ count: true });
  deaf.stream.pause();
  deaf.send(get("/endless"));
  await standstill("the window to fill", () => endlessBlocks);

  const head = new Trickle(await serving.open(), get(`/${"slow".repeat(1000)}`));
  const echo = "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nlate body";
  const body = new Trickle(await serving.open(), echo);
  await askMany(serving);
  head.finish();
  body.finish();
  await head.client.has("slow>");
  await body.client.has("late body");
  await eventually("the answered apps end", () => serving.server.stats().activeRequests === 1);
  for (const { stream } of [deaf, head.client, body.client]) stream.destroy();
  await serving.quiet();
  await serving.finish();
});

test("50 clients are answered beside a client that reads an endless response as fast as it can", async () => {
  const serving = await servingOverTcp(app);
  const greedy = await serving.open({ count: true });
  greedy.send(get("/busy"));
  await greedy.until("a beginning", () => greedy.count > 1000);
  await askMany(serving);
  const before = greedy.count;
  await greedy.until("more", () => greedy.count > before);
  greedy.stream.destroy();
  await serving.quiet();
  await serving.finish();
});
