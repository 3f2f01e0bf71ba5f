/** The option `--reload`: versions of an app in threads, under requests that never stop. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { renameSync, rmSync, symlinkSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { splitArguments } from "../../src/cli/arguments.ts";
import { collectSettings } from "../../src/cli/settings.ts";
import { statusText } from "../../src/cli/status/status_command.ts";
import { inWorkshop } from "./program.ts";

/** The app sends messages of its own, which mean nothing to the command. */
const APP = `
import { parentPort } from "node:worker_threads";
for (const message of [null, "loaded", 5, {}, { type: "ended" }, { type: "failed", code: 3 }]) {
  parentPort?.postMessage(message);
}
import { text } from "./lib/text.mjs";
export default function* app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  for (const began = performance.now(); environ.PATH_INFO === "/long" && performance.now() - began < 110;);
  if (environ.PATH_INFO === "/crash") setTimeout(() => { throw new Error("broken later"); });
  if (environ.PATH_INFO !== "/stream") return text;
  yield "begun\\n";
  yield* environ.cogen.untilStopping();
  yield "told\\n";
}
`;
const textModule = (text: string) => `export const text = "${text}\\n";\n`;

/** Leaves the processor to the threads that load. */
const PAUSE_MS = 10;

/** A client that sends one request after the other, on as few connections as it can. */
class Client {
  readonly answers: string[] = [];
  readonly faults: string[] = [];
  readonly #port: number;
  #socket: Socket | undefined;
  #ending = false;

  constructor(port: number) {
    this.#port = port;
  }

  async run(): Promise<void> {
    while (!this.#ending) {
      try {
        this.answers.push(await this.#request());
      } catch (error) {
        this.faults.push(String(error));
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    this.#socket?.destroy();
  }

  end(): void {
    this.#ending = true;
  }

  #request(): Promise<string> {
    const socket = this.#socket ??= connect(this.#port, "127.0.0.1");
    let text = "";
    return new Promise((resolve, reject) => {
      socket.removeAllListeners();
      const lost = (error?: Error) => {
        this.#socket = undefined;
        reject(error ?? new Error(`the connection ended after "${text}"`));
      };
      socket.on("error", lost).on("close", () => lost()).on("data", (bytes) => {
        text += bytes.toString("latin1");
        const [head = "", body] = text.split("\r\n\r\n");
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (body === undefined || body.length < length) return;
        if (/connection: close/i.test(head)) {
          this.#socket = undefined;
          socket.removeAllListeners("close").end();
        }
        resolve(`${head.slice(9, 12)} ${body}`);
      });
      socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    });
  }
}

test("reload watches the folder to which the link of an app leads now", async () => {
  const files = { "one/app.mjs": APP, "one/lib/text.mjs": textModule("one"), "two/app.mjs": APP };
  await inWorkshop({}, async ({ folder, write, makeFolder, start }) => {
    for (const name of ["one", "one/lib", "two", "two/lib", "served"]) makeFolder(name);
    for (const [name, text] of Object.entries(files)) write(name, text);
    write("two/lib/text.mjs", textModule("two"));
    symlinkSync("../one/app.mjs", join(folder, "served/app.mjs"));
    const server = start(["served/app.mjs", "-p", "0", "--reload"]);
    const [, port] = /:(\d+)\/\n/.exec(await server.errors(/on .*\n/)) ?? [];
    const becomes = async (expected: string) => {
      while (await (await fetch(`http://127.0.0.1:${port}/`)).text() !== expected) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    await becomes("one\n");
    symlinkSync("../two/app.mjs", join(folder, "served/new"));
    renameSync(join(folder, "served/new"), join(folder, "served/app.mjs"));
    await becomes("two\n");
    write("two/lib/text.mjs", textModule("three"));
    await becomes("three\n");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("reload loses no request, tells the streams, and recovers from each fault", async () => {
  await inWorkshop({ "app.mjs": APP }, async ({ folder, write, makeFolder, start }) => {
    makeFolder("lib");
    write("first.mjs", textModule("one"));
    symlinkSync("../first.mjs", join(folder, "lib/text.mjs"));
    const status = `unix:${join(folder, "s.sock")}`;
    const server = start(["app.mjs", "-p", "0", "--reload", "--status", status], [
      "env",
      "COGEN_DEBUG=1",
    ]);
    const [, port] = /on http:\/\/127\.0\.0\.1:(\d+)\/\n/.exec(await server.errors(/on .*\n/)) ??
      [];
    const url = `http://127.0.0.1:${port}/`;
    const clients = [1, 2].map(() => new Client(Number(port)));
    const runs = clients.map((client) => client.run());
    const stream = (await fetch(`${url}stream`)).text();
    const asked = await collectSettings(splitArguments(["status", "--status", status]));
    assertMatch(await statusText(asked), new RegExp(`^${url} .*\n\nRequests: [1-3]\n`, "m"));
    const text = async () => await (await fetch(url)).text();
    const place = (name: string) => join(folder, name);
    /**
     * Waits until the new version serves. A slow machine may see the change in several parts, and load several
     * times.
     */
    const becomes = async (expected: string) => {
      while (await text() !== expected) await new Promise((resolve) => setTimeout(resolve, 20));
    };

    write("second.mjs", textModule("two"));
    symlinkSync("../second.mjs", place("lib/new"));
    renameSync(place("lib/new"), place("lib/text.mjs"));
    await becomes("two\n");
    assertEquals(await stream, "begun\ntold\n");

    // An editor writes another file, and renames it over the old one.
    write("lib/new", "export const text = 'three");
    renameSync(place("lib/new"), place("lib/text.mjs"));
    assertMatch(await server.errors("goes on"), /cannot load app\.mjs: .*\n/);
    assertEquals(await text(), "two\n");
    write("lib/text.mjs", textModule("four"));
    await becomes("four\n");

    rmSync(place("lib/text.mjs"));
    await server.errors(/goes on[^]*goes on/);
    write("target", textModule("five"));
    symlinkSync("../target", place("lib/text.mjs"));
    await becomes("five\n");
    write("other", textModule("sixth"));
    symlinkSync("../other", place("lib/link"));
    renameSync(place("lib/link"), place("lib/text.mjs"));
    await becomes("sixth\n");
    write("other", textModule("six"));
    await becomes("six\n");

    await (await fetch(`${url}long`)).text();
    await server.errors("A step of the app app (GET /long) held the event loop for ");
    for (const client of clients) client.end();
    await Promise.all(runs);
    assertEquals(clients.flatMap(({ faults }) => faults), []);
    const answers = new Set(clients.flatMap(({ answers }) => answers));
    const expected = ["one", "two", "four", "five", "sixth", "six"].map((each) => `200 ${each}\n`);
    assertEquals([...answers].filter((answer) => !expected.includes(answer)), []);
    assert(answers.size > 1, [...answers].join(""));

    await (await fetch(`${url}crash`)).text();
    await server.errors("the app has crashed: broken later; it starts again when a file changes");
    const waiting = text();
    write("other", textModule("seven"));
    assertEquals(await waiting, "seven\n");
    server.kill("SIGINT");
    assertEquals((await server.ended).code, 0);
  });
});

test("a version that cannot be loaded holds up neither the next one nor the end", async () => {
  const version = (text: string, begin = "") =>
    `${begin}\nexport default (environ, startResponse) => (startResponse("200 OK", []), ["${text}"]);`;
  const endless = "await new Promise(() => setInterval(() => {}, 1000));";
  await inWorkshop({ "app.mjs": version("one") }, async ({ folder, write, makeFolder, start }) => {
    const server = start(["app.mjs", "-p", "0", "--reload", "--grace", "1000"]);
    const [, port] = /:(\d+)\/\n/.exec(await server.errors(/on .*\n/)) ?? [];
    const text = async () => await (await fetch(`http://127.0.0.1:${port}/`)).text();
    write("app.mjs", version("two", endless));
    await server.errors("loading app.mjs again");
    assertEquals(await text(), "one");
    write("app.mjs", version("three"));
    while (await text() !== "three") await new Promise((resolve) => setTimeout(resolve, 20));
    rmSync(join(folder, "app.mjs"));
    await server.errors("cannot load app.mjs: there is no such file");
    makeFolder("app.mjs");
    await server.errors("cannot load app.mjs: it is a folder");
    rmSync(join(folder, "app.mjs"), { recursive: true });
    write("app.mjs", version("exit", 'import process from "node:process"; process.exit();'));
    await server.errors("cannot load app.mjs: its thread has ended, because it awaits a promise");
    assertEquals(await text(), "three");
    write("app.mjs", version("four", endless));
    await server.errors(/process\.exit[^]*loading app\.mjs again/);
    server.kill("SIGTERM");
    const { code, stderr } = await server.ended;
    assertEquals([code, /the server ends[^]*cannot load/.test(stderr)], [0, false]);
  });
});
