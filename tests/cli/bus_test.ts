/** The option `--bus`: the broker that carries `environ.cogen.bus`. */

import { assertEquals, assertMatch } from "@std/assert";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startBroker } from "../bus/broker_process.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { inWorkshop, type Result } from "./program.ts";

const APP = `
export default function* app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const queue = environ.cogen.bus.queue("jobs");
  if (environ.PATH_INFO === "/put") {
    yield* queue.put("a job");
    return "put";
  }
  const job = yield* queue.take();
  yield* job.acknowledge();
  return job.value;
}
`;

const PACKAGES = fileURLToPath(new URL("../../node_modules", import.meta.url));

test(
  "a worker takes what another command has put",
  { skip: skipWithout("redis-server") },
  async () => {
    const redis = await startBroker("redis-server", (port, folder) => [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
      ...["--requirepass", "secret"],
    ]);
    try {
      await inWorkshop({ "app.mjs": APP }, async ({ folder, start }) => {
        // The client is a package of the folder.
        symlinkSync(PACKAGES, join(folder, "node_modules"));
        const bus = ["--bus", `redis://:secret@127.0.0.1:${redis.port}`];
        const args = ["app.mjs", "-b", "127.0.0.1:0", ...bus];
        const commands = [start(args), start([...args, "--workers", "1"])];
        const urls = await Promise.all(commands.map(async ({ errors }) => {
          const line = await errors(/serving .*\n/);
          return /http:\S+/.exec(line)?.[0] as string;
        }));
        const ask = async (url = "", path = "") =>
          await (await fetch(url + path, { headers: { Connection: "close" } })).text();
        assertEquals(await ask(urls[0], "put"), "put");
        assertEquals(await ask(urls[1], "take"), "a job");
        for (const command of commands) command.kill("SIGTERM");
        for (const { code, stderr } of await Promise.all(commands.map(({ ended }) => ended))) {
          assertEquals([code, stderr.includes("secret")], [0, false]);
        }
      });
    } finally {
      await redis.stop();
    }
  },
);

test("a bus that cannot be used is an error with a remedy, and no text has the password", async () => {
  const config = '{ "bus": "rediss://ann:secret@a.example/1?password=secret" }';
  await inWorkshop({ "app.mjs": APP, "a.json": config }, async ({ runEach }) => {
    const results = await runEach([
      { args: ["app.mjs", "--bus", "nats://ann:secret@127.0.0.1:1"] },
      { args: ["app.mjs", "--bus", "http://ann:secret@a.example"] },
      { args: ["app.mjs"], env: { COGEN_BUS: "redis://:se/cret@secret@a.example" } },
      { args: ["--print-config"], env: { COGEN_BUS: "redis://ann:secret@127.0.0.1:1" } },
      { args: ["--print-config", "--config", "a.json"] },
      { args: ["app.mjs", "redis://:secret@a.example"] },
      { args: ["app.mjs", "--bus", "redis://ann:%secret@a.example"] },
      { args: ["app.mjs", "--reload", "--bus", "nats://ann:secret@127.0.0.1:1"] },
    ]);
    const expected: readonly [code: number, text: RegExp][] = [
      [3, /^cogen-wsgi: --bus: The broker at 127\.0\.0\.1:1 cannot be used \(.+\)\n$/],
      [2, /^cogen-wsgi: --bus is "http:\/\/\*\*\*@a\.example": expected redis:\/\/host:6379.*\n$/],
      [2, /^cogen-wsgi: environment COGEN_BUS is "redis:\/\/\*\*\*@a\.example": expected .*\n$/],
      [0, /^bus +redis:\/\/\*\*\*@127\.0\.0\.1:1 +environment COGEN_BUS$/m],
      [0, /^bus +rediss:\/\/\*\*\*@a\.example\/1\?\*\*\* +bus in a\.json$/m],
      [2, /^cogen-wsgi: unexpected argument redis:\/\/\*\*\*@a\.example: "serve" takes one app/],
      [3, /^cogen-wsgi: --bus: The address of the bus is "redis:\/\/\*\*\*@a\.example": expected /],
      [3, /^cogen-wsgi: --bus: The broker at 127\.0\.0\.1:1 cannot be used \(.+\)\n$/],
    ];
    expected.forEach(([code, text], at) => {
      const { code: found, stdout, stderr } = results[at] as Result;
      assertEquals(found, code, stderr);
      assertMatch(stdout + stderr, text);
      assertEquals((stdout + stderr).includes("secret"), false);
    });
  });
});
