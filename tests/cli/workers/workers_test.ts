/** The option `--workers` with real processes. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { splitArguments } from "../../../src/cli/arguments.ts";
import { collectSettings } from "../../../src/cli/settings.ts";
import { statusText } from "../../../src/cli/status/status_command.ts";
import { startProcess } from "../../../src/cli/workers/processes.ts";
import { inWorkshop, programPath, until } from "../program.ts";

/** Each worker sends messages of its own, as for a process manager. They mean nothing to the supervisor. */
const app = (text: string) => `
for (const message of [null, "ready", 5, [], {}, { type: "ready" }, { type: "failed", code: 3 }]) {
  process.send?.(message);
}
export default function* app(environ, startResponse) {
  const { cogen, PATH_INFO } = environ;
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  if (PATH_INFO === "/wait") {
    yield process.pid + " ";
    return yield* cogen.bus.waitForSignal("a", { timeout: 60 });
  }
  if (PATH_INFO.startsWith("/say/")) {
    yield* cogen.bus.topic("room").publish(PATH_INFO.slice(5));
    return String(process.pid);
  }
  if (PATH_INFO === "/history") {
    const { messages } = yield* cogen.bus.topic("room").history(1000);
    return [process.pid, ...messages.map(({ value }) => value)].join(" ");
  }
  if (PATH_INFO === "/signal") return String(yield* cogen.bus.signal("a", "woken"));
  const { "wsgi.multiprocess": multiprocess, REMOTE_ADDR } = environ;
  return [process.pid, multiprocess, REMOTE_ADDR, "${text}"].join(" ");
}
`;

/** A request on a connection of its own. */
class Exchange {
  readonly body: Promise<string>;
  readonly connected: Promise<unknown>;
  /** Resolves with the first part of a chunked body. */
  readonly begun: Promise<string>;

  constructor(place: { readonly port: number } | { readonly path: string }, path = "/") {
    const socket = connect("port" in place ? { ...place, host: "127.0.0.1" } : place);
    this.connected = new Promise((resolve) => socket.once("connect", resolve));
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    let text = "";
    let begin = (_part: string) => {};
    this.begun = new Promise((resolve) => begin = resolve);
    this.body = new Promise((resolve, reject) => {
      socket.on("data", (bytes) => {
        text += bytes;
        const part = /\r\n\r\n[0-9a-f]+\r\n(.+)\r\n/.exec(text)?.[1];
        if (part !== undefined) begin(part);
      });
      socket.on("error", reject).on("end", () => {
        const body = text.slice(text.indexOf("\r\n\r\n") + 4);
        resolve(body.replace(/[0-9a-f]+\r\n(.*)\r\n/g, "$1").trim());
      });
    });
  }
}

/** Lets requests wait for a signal until each of two workers has one. */
async function waitInBoth(port: number): Promise<Exchange[]> {
  const exchanges: Exchange[] = [];
  const workers = new Set<string>();
  while (workers.size < 2) {
    const exchange = new Exchange({ port }, "/wait");
    exchanges.push(exchange);
    workers.add(await exchange.begun);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return exchanges;
}

/** Asks two workers for the history of a topic. Each gets the connection after that of the other one. */
async function historiesOfBoth(port: number): Promise<string[]> {
  const histories = new Map<string, string>();
  while (histories.size < 2) {
    const [pid = "", ...words] = (await new Exchange({ port }, "/history").body).split(" ");
    histories.set(pid, words.join(" "));
  }
  return [...histories.values()];
}

test("workers share a bus, one that is killed is replaced, and a reload to a broken version changes nothing", async () => {
  await inWorkshop({ "app.mjs": app("old") }, async ({ folder, write, start }) => {
    const addresses = ["-b", "127.0.0.1:0", "-b", "unix:a.sock"];
    const log = ["--access-log", "combined", "--access-log-file", "a.log"];
    const status = `unix:${join(folder, "s.sock")}`;
    const server = start(["app.mjs", "-w", "2", ...addresses, ...log, "--status", status]);
    const line = await server.errors(/serving .*\n/);
    assertMatch(line, /serving app\.mjs on http:.* and unix:a\.sock with 2 workers\n/);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(line)?.[1]);
    const [first, ...rest] = (await new Exchange({ port }).body).split(" ");
    assertEquals(rest, ["true", "127.0.0.1", "old"]);
    assertMatch(await new Exchange({ path: join(folder, "a.sock") }).body, /^\d+ true {2}old$/);
    const waits = await waitInBoth(port);
    const asked = splitArguments(["status", "--status", status]);
    const table = await statusText(await collectSettings(asked));
    assertMatch(
      table,
      /^http.* \(worker 1\) .*\nhttp\+unix.* \(worker 1\) .*\nhttp.* \(worker 2\) /m,
    );
    const waiting = table.match(/^GET \/wait \(worker [12]\) .*waitForSignal\("a"\)$/gm);
    assertEquals(waiting?.length, waits.length);
    const metrics = await new Exchange({ path: join(folder, "s.sock") }, "/metrics").body;
    assertStringIncludes(metrics, `cogen_connections{state="read"} ${waits.length}\n`);
    for (const worker of [1, 2]) {
      assertMatch(metrics, new RegExp(`^cogen_worker_connections{worker="${worker}"} [1-9]`, "m"));
    }
    assertEquals(await new Exchange({ port }, "/signal").body, String(waits.length));
    for (const { body } of waits) assertMatch(await body, /^\d+ woken$/);
    // The connections come between the answers of the bus.
    const signals = Array.from({ length: 60 }, () => new Exchange({ port }, "/signal").body);
    for (const body of await Promise.all(signals)) assertEquals(body, "0");
    const speakers = new Set<string>();
    const said: string[] = [];
    const say = async () => {
      said.push(`${said.length}`);
      speakers.add(await new Exchange({ port }, `/say/${said.at(-1)}`).body);
    };
    while (speakers.size < 2) await say();
    assertEquals(await historiesOfBoth(port), [said.join(" "), said.join(" ")]);
    process.kill(Number(first), "SIGKILL");
    await server.errors(new RegExp(`worker . \\(process ${first}\\) has crashed: SIGKILL`));
    // The supervisor keeps the history: it outlives a worker, and the successor has it.
    await say();
    assertEquals(await historiesOfBoth(port), [said.join(" "), said.join(" ")]);
    write("app.mjs", "export default (");
    server.kill("SIGHUP");
    assertStringIncludes(await server.errors("the workers before go on"), "cannot load app.mjs");
    assertMatch(await new Exchange({ port }).body, / old$/);
    renameSync(join(folder, "a.log"), join(folder, "old.log"));
    server.kill("SIGUSR1");
    await until(() => existsSync(join(folder, "a.log")));
    // The worker hears of the signal before it gets the connection.
    assertMatch(await new Exchange({ port }).body, / old$/);
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
    const LINE = /^127\.0\.0\.1 - - \[.+\] "GET \/ HTTP\/1\.1" 200 \d+ "-" "-" \d+ \d+ - [12] -\n/;
    assertMatch(readFileSync(join(folder, "old.log"), "utf8"), LINE);
    assertMatch(readFileSync(join(folder, "a.log"), "utf8"), new RegExp(`${LINE.source}$`));
  });
});

/** The reason why a number of connections does not fit into the listening queue here, if there is one. */
function skipWithShortQueue(connections: number): string | false {
  if ("Bun" in globalThis && connections > 500) {
    return "Bun has a listening queue of its own length";
  }
  if ("Deno" in globalThis && connections > 500) return "Node alone accepts one connection a turn";
  try {
    const longest = Number(readFileSync("/proc/sys/net/core/somaxconn", "latin1"));
    return longest < connections ? "the system has a short listening queue" : false;
  } catch {
    return "the system does not tell the length of its listening queue";
  }
}

/** An app for threads as well. */
const PLAIN_APP = `
export default function* app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return "served";
}
`;

for (
  const [how, words, connections] of [
    ["one process", [], 400],
    ["a version of --reload", ["--reload"], 400],
    ["workers", ["-w", "2"], 400],
    ["workers", ["-w", "2"], 1500],
  ] as const
) {
  test(
    `${connections} connections in the queue of the system at SIGTERM are all served by ${how}`,
    {
      skip: skipWithShortQueue(connections),
    },
    async () => {
      await inWorkshop({ "app.mjs": PLAIN_APP }, async ({ start }) => {
        const server = start(["app.mjs", "-p", "0", ...words]);
        const port = Number(/127\.0\.0\.1:(\d+)/.exec(await server.errors(/serving .*\n/))?.[1]);
        process.kill(server.pid, "SIGSTOP");
        const exchanges = Array.from({ length: connections }, () => new Exchange({ port }));
        // A queue that is full would leave some of them without a connection.
        await Promise.all(exchanges.map(({ connected }) => connected));
        process.kill(server.pid, "SIGTERM");
        process.kill(server.pid, "SIGCONT");
        const bodies = await Promise.all(exchanges.map(({ body }) => body.catch(String)));
        assertEquals(bodies.filter((body) => body !== "served"), []);
        const { code, stderr } = await server.ended;
        assertEquals([code, stderr.includes("refused")], [0, false]);
      });
    },
  );
}

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

test("a worker ends when its supervisor was killed before it read the last message", async () => {
  await inWorkshop({ "app.mjs": app("a") }, async ({ start }) => {
    const server = start(["app.mjs", "-w", "1", "-p", "0"]);
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(await server.errors(/serving .*\n/))?.[1]);
    const [worker] = (await new Exchange({ port }).body).split(" ");
    process.kill(server.pid, "SIGSTOP");
    // The worker asks for another one in its place, and nothing reads this.
    process.kill(Number(worker), "SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 200));
    server.kill("SIGKILL");
    // The worker has the standard error of the command, so this waits for its end, too.
    await server.ended;
  });
});
