/** The command with few descriptors: it serves again when the clients of all of them have gone. */

import { existsSync, readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { connect as connectTls } from "node:tls";
import { test } from "node:test";
import { assert, assertStringIncludes } from "@std/assert";
import { eventually } from "../support/tcp.ts";
import { CERT, KEY } from "../support/tls_fixtures.ts";
import { inWorkshop } from "./program.ts";

/** The clients are more than the descriptors. */
const CLIENTS = 400;
const FILES = {
  "app.mjs": `
    export default function app(environ, startResponse) {
      startResponse("200 OK", []);
      return ["hello"];
    }`,
  "cert.pem": CERT,
  "key.pem": KEY,
};
const withFew = (limit: number) => ["sh", "-c", `ulimit -n ${limit}; exec "$@"`, "sh"];

const skip = existsSync("/proc/self/fd") ? false : "only Linux tells the descriptors";

/** Opens a connection that sends nothing. */
function hold(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.on("error", () => resolve(socket));
    socket.on("connect", () => resolve(socket));
    socket.resume();
  });
}

/** Asks once. Gives the response; what has come of it after two seconds or an error. */
function ask(port: number, isTls: boolean): Promise<string> {
  return new Promise((resolve) => {
    const where = { port, host: "127.0.0.1" };
    const client = isTls ? connectTls({ ...where, rejectUnauthorized: false }) : connect(where);
    let text = "";
    client.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    client.on("error", () => {});
    client.on("close", () => resolve(text));
    client.setTimeout(2000, () => client.destroy());
    client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  });
}

for (
  const [name, limit, words] of [
    ["over TCP", 128, []],
    ["over TLS", 128, ["--tls-cert", "cert.pem", "--tls-key", "key.pem"]],
    // A supervisor on Deno ends with fewer: Deno accepts many connections before one can be refused.
    ["with workers", 256, ["--workers", "1"]],
  ] as const
) {
  test(`a server without descriptors for its clients serves again when they have gone, ${name}`, {
    skip,
  }, async () => {
    await inWorkshop(FILES, async ({ start }) => {
      const server = start(["app.mjs", "-p", "0", ...words], withFew(limit));
      const line = await server.errors(/on https?:\S+/);
      const port = Number(/:(\d+)\/(?: with|\n)/.exec(line)?.[1]);
      const isTls = words.length > 2;
      assertStringIncludes(await ask(port, isTls), "hello");
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => hold(port)));
      if (words.length === 0 && process.versions["deno"] === undefined) {
        await server.errors("Too many open files");
        // The one that is left is for the count itself.
        const open = readdirSync(`/proc/${server.pid}/fd`).length;
        assert(open < limit - 1, `${open} descriptors are open`);
      }
      for (const client of clients) client.destroy();
      await eventually("an answer", async () => (await ask(port, isTls)).includes("hello"));
      server.kill("SIGTERM");
      await server.ended;
    });
  });
}
