/**
 * An example that is served tells its addresses, and ends by signals: it says what it waits for, if requests take
 * a moment to end, and a second Ctrl-C ends it at once.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { programArguments, type RuntimeName } from "../tools/runtimes.ts";

const NAME: RuntimeName = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const EXAMPLES = new URL("../../examples/", import.meta.url);

interface Site {
  readonly url: string;
  /** All that it has said. */
  readonly text: string;
  /** Waits until the site has said a text. */
  until(part: string): Promise<void>;
  kill(signal: "SIGINT" | "SIGTERM"): void;
  /** Waits for the end of the site; gives its code and all that it has said. */
  end(): Promise<[code: number | null, text: string]>;
}

/** Runs an example in a process of its own; by default, the site. */
async function withSite(
  body: (site: Site) => Promise<void> | void,
  example: string = "site/site.ts",
): Promise<void> {
  const runtime = { name: NAME, command: process.execPath } as Parameters<
    typeof programArguments
  >[0];
  const file = fileURLToPath(new URL(example, EXAMPLES));
  const child = spawn(runtime.command, programArguments(runtime, file), {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  let heard = () => {};
  child.stdout.on("data", (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    heard();
  });
  const until = async (part: string) => {
    while (!text.includes(part)) await new Promise<void>((resolve) => heard = resolve);
  };
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    await until("Ctrl-C ends it.");
    await body({
      url: /http:\S+/.exec(text)?.[0] ?? "",
      text,
      until,
      kill: (signal) => void process.kill(child.pid!, signal),
      end: async () => [await exited, text],
    });
  } finally {
    child.kill("SIGKILL");
  }
}

test("Ctrl-C says what is waited for; SIGTERM changes nothing; a second Ctrl-C ends it", async () => {
  await withSite(async (site) => {
    const { port, hostname } = new URL(site.url);
    const client = connect(Number(port), hostname);
    client.on("error", () => {});
    // The app waits for the rest of this upload, and says so by 100 (Continue).
    const head = ["POST /echo HTTP/1.1", "Host: test", "Expect: 100-continue", "Content-Length: 5"];
    client.write(`${head.join("\r\n")}\r\n\r\n`);
    await once(client, "data");
    site.kill("SIGINT");
    await site.until("Waiting for 1 request");
    site.kill("SIGTERM");
    site.kill("SIGINT");
    const [code, text] = await site.end();
    assertEquals(code, 0);
    assertStringIncludes(text, "Press Ctrl-C again to end at once.");
    client.destroy();
  });
});

test("Ctrl-C says nothing of a request that ends with the shutdown", async () => {
  await withSite(async (site) => {
    const response = await fetch(`${site.url}patient`);
    site.kill("SIGINT");
    assertStringIncludes(await response.text(), "The server stops.");
    const [code, text] = await site.end();
    assertEquals(code, 0);
    assertEquals(text.includes("Waiting"), false, text);
  });
});

test("an example without a first page tells the addresses of its apps", async () => {
  await withSite(({ text }) => {
    assertMatch(text, /^Serving on http:\S+\/events, \/publish, \/events\/count \(/);
  }, "events.ts");
  await withSite(({ text }) => {
    assertMatch(text, /^Serving on http:\/\/127\.0\.0\.1:\d+\/ \(/);
  });
});
