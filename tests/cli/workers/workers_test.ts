/** The option `--workers` with real processes. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { startProcess } from "../../../src/cli/workers/processes.ts";
import { inWorkshop, programPath, until } from "../program.ts";

const app = (text: string) => `
export default function app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const { "wsgi.multiprocess": multiprocess, REMOTE_ADDR } = environ;
  return [[process.pid, multiprocess, REMOTE_ADDR, "${text}"].join(" ")];
}
`;

/** Sends a request, and gives the words of the body. */
function ask(place: { readonly port: number } | { readonly path: string }): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect("port" in place ? { ...place, host: "127.0.0.1" } : place);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    socket.on("data", (bytes) => text += bytes).on("error", reject);
    socket.on("end", () => resolve(text.split("\r\n\r\n")[1]?.split(" ") ?? []));
  });
}

test("a worker that is killed is replaced, and a reload to a broken version changes nothing", async () => {
  await inWorkshop({ "app.mjs": app("old") }, async ({ folder, write, start }) => {
    const addresses = ["-b", "127.0.0.1:0", "-b", "unix:a.sock"];
    const log = ["--access-log", "combined", "--access-log-file", "a.log"];
    const server = start(["app.mjs", "-w", "1", ...addresses, ...log]);
    const line = await server.errors(/serving .*\n/);
    assertMatch(line, /serving app\.mjs on http:.* and unix:a\.sock with 1 worker\n/);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    const [first, ...rest] = await ask({ port });
    assertEquals(rest, ["true", "127.0.0.1", "old"]);
    assertEquals(await ask({ path: join(folder, "a.sock") }), [first, "true", "", "old"]);
    write("app.mjs", app("new"));
    process.kill(Number(first), "SIGKILL");
    await server.errors(`worker 1 (process ${first}) has crashed: SIGKILL`);
    const [second, , , version] = await ask({ port });
    assertEquals(version, "new");
    write("app.mjs", "export default (");
    server.kill("SIGHUP");
    assertStringIncludes(await server.errors("the workers before go on"), "cannot load app.mjs");
    assertEquals((await ask({ port }))[0], second);
    renameSync(join(folder, "a.log"), join(folder, "old.log"));
    server.kill("SIGUSR1");
    await until(() => existsSync(join(folder, "a.log")));
    // The worker hears of the signal before it gets the connection.
    assertEquals((await ask({ port }))[0], second);
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
    const LINE = /^127\.0\.0\.1 - - \[.+\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "-" \d+ \d+ - 1 -\n/;
    assertMatch(readFileSync(join(folder, "old.log"), "utf8"), LINE);
    assertMatch(readFileSync(join(folder, "a.log"), "utf8"), new RegExp(`${LINE.source}$`));
  });
});

test("a worker that loses its supervisor ends", async () => {
  let said: unknown;
  const ended = new Promise<string>((resolve) => {
    const program = pathToFileURL(programPath("src/cli/workers/worker.ts"));
    const worker = startProcess(program, { message: (message) => said = message, ended: resolve });
    worker.send({ type: "ping" });
    worker.disconnect();
  });
  assertEquals([await ended, said], ["exit code 0", undefined]);
});
