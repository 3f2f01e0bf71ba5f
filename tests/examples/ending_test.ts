/** An example that is served ends by signals: it says what it waits for, and a second Ctrl-C ends it at once. */

import { spawn } from "node:child_process";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { programArguments, type RuntimeName } from "../tools/runtimes.ts";

const NAME: RuntimeName = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";
const SITE = fileURLToPath(new URL("../../examples/site.ts", import.meta.url));

test("Ctrl-C says what is waited for; SIGTERM changes nothing; a second Ctrl-C ends it", async () => {
  const runtime = { name: NAME, command: process.execPath } as Parameters<
    typeof programArguments
  >[0];
  const child = spawn(runtime.command, programArguments(runtime, SITE), {
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
    const url = /http:\S+/.exec(text)?.[0] ?? "";
    // This request waits for a signal that does not come.
    const response = await fetch(`${url}patient`);
    process.kill(child.pid!, "SIGINT");
    await until("Waiting for 1 request");
    process.kill(child.pid!, "SIGTERM");
    process.kill(child.pid!, "SIGINT");
    assertEquals(await exited, 0);
    await response.text().catch(() => {});
    assertStringIncludes(text, "Press Ctrl-C again to end at once.");
  } finally {
    child.kill("SIGKILL");
  }
});
