/** Deno on a terminal, where a call without its permission would prompt and stop the process. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { isGranted } from "../../adapters/deno/granted.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { findRuntime } from "../tools/runtimes.ts";

const url = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

/** Prints the outcome of each call that needs more than access to 127.0.0.1. */
const PROGRAM = `
  import { serve } from ${url("mod.ts")};
  import { denoAdapter } from ${url("adapters/deno.ts")};
  import { memoryNetwork } from ${url("adapters/memory.ts")};
  const adapter = denoAdapter();
  const refuse = () => { throw new Error("opened"); };
  const wsgiApp = () => [];
  const calls = {
    hostName: () => adapter.hostName(),
    port: async () => {
      const server = await serve({ adapter: memoryNetwork().adapter, wsgiApp });
      return server.address.port;
    },
    tcp: async () => {
      const server = await serve({ bindAddr: ["localhost", 0], serverName: "a", wsgiApp });
      await server.close();
      return "listened";
    },
    open: () => adapter.files.open("/etc/hostname"),
    realPath: () => adapter.files.realPath("/etc"),
    listen: () => adapter.listen({ path: "/nowhere/a.sock" }, {}, refuse),
    dialPath: () => adapter.dial({ path: "/nowhere/a.sock" }, refuse),
    dial: () => adapter.dial({ host: "127.0.0.2", port: 9 }, refuse),
    descriptor: () => adapter.takeDescriptor(),
  };
  const outcomes = [];
  for (const [name, call] of Object.entries(calls)) {
    const outcome = await (async () => await call())().catch((error) => error.message);
    outcomes.push([name, outcome]);
  }
  console.log("BEGIN" + JSON.stringify(outcomes) + "END");
`;

const isNode = !("Deno" in globalThis) && process.versions["bun"] === undefined;

const skip = isNode ? skipWithout("script") : "runs Deno once, from Node";

/** Runs the program on a terminal, and returns the outcome of each call. */
function outcomesWith(...permissions: readonly string[]): Readonly<Record<string, unknown>> {
  const directory = mkdtempSync(join(tmpdir(), "permissions-"));
  try {
    const file = join(directory, "program.ts");
    writeFileSync(file, PROGRAM);
    const deno = findRuntime("deno").command;
    const command = `'${deno}' run --no-check --no-config ${permissions.join(" ")} '${file}'`;
    const { stdout } = spawnSync("script", ["-qfc", command, "/dev/null"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, PORT: "99", NO_COLOR: "1" },
      timeout: 60_000,
    });
    const outcomes = /BEGIN(.*)END/.exec(stdout)?.[1];
    if (outcomes === undefined) throw new Error(stdout);
    return Object.fromEntries(JSON.parse(outcomes));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test("nothing makes Deno prompt", { skip }, () => {
  assertEquals(outcomesWith("--allow-net=127.0.0.1,localhost"), {
    hostName: "localhost",
    port: 8000,
    tcp: "listened",
    open: 'Requires read access to "/etc/hostname": run Deno with --allow-read',
    realPath: 'Requires read access to "/etc": run Deno with --allow-read',
    listen: "Cannot listen on /nowhere/a.sock: " +
      'Requires read access to "/nowhere/a.sock": run Deno with --allow-read',
    dialPath: "Cannot connect to /nowhere/a.sock: " +
      'Requires read access to "/nowhere/a.sock": run Deno with --allow-read',
    dial: "Cannot connect to 127.0.0.2:9: " +
      'Requires net access to "127.0.0.2:9": run Deno with --allow-net',
    descriptor: true,
  });
});

test("a Unix socket needs access to the network, too", { skip }, () => {
  const kinds = ["net=127.0.0.1,127.0.0.2,localhost", "read", "write", "env"];
  const { listen, dialPath, realPath, port } = outcomesWith(
    ...kinds.map((kind) => `--allow-${kind}`),
  );
  const missing = 'Requires net access to "/nowhere/a.sock": run Deno with --allow-net';
  assertEquals([listen, dialPath], [
    `Cannot listen on /nowhere/a.sock: ${missing}`,
    `Cannot connect to /nowhere/a.sock: ${missing}`,
  ]);
  assertEquals([realPath, port], ["/etc", 99]);
});

test(
  "a permission of Deno is granted on the other runtimes",
  { skip: "Deno" in globalThis },
  () => {
    assertEquals(isGranted({ name: "env", variable: "PORT" }), true);
  },
);
