/** The messages to systemd, received by a Unix socket or by a program in the place of `systemd-notify`. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { RUNTIME } from "../contract/runtime_subject.ts";
import { CERT, KEY } from "../support/tls_fixtures.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { inWorkshop, until } from "./program.ts";

const FILES = {
  "app.mjs": "export default (environ, start) => (start('200 OK', []), ['hello']);",
  "cert.pem": CERT,
  "key.pem": KEY,
};
const TLS = ["app.mjs", "-p", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/** Writes the messages that come to a socket of datagrams into a file. */
const RECEIVER = `
use Socket;
use IO::Handle;
socket(my $own, PF_UNIX, SOCK_DGRAM, 0) or die;
bind($own, sockaddr_un("notify.sock")) or die;
open(my $file, ">", "messages") or die;
$file->autoflush(1);
while (defined(recv($own, my $text, 4096, 0))) { $text =~ s/\\n+/ /g; print $file "$text\\n" if $text; }
`;

/** A program in the place of \`systemd-notify\`: it writes its arguments into a file. */
const RECORDER = '#!/bin/sh\necho "$*" >> messages\n';

const environment = (
  variables: Record<string, string>,
) => ["env", ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)];

function messagesIn(folder: string): string[] {
  const file = join(folder, "messages");
  return existsSync(file) ? readFileSync(file, "utf8").split("\n").map((line) => line.trim()) : [];
}

test("systemd-notify sends READY=1 and STOPPING=1 to the socket", {
  skip: skipWithout("systemd-notify") || skipWithout("perl", ["-v"]),
}, async () => {
  await inWorkshop(FILES, async ({ folder, start }) => {
    const receiver = spawn("perl", ["-e", RECEIVER], { cwd: folder, stdio: "ignore" });
    try {
      await until(() => existsSync(join(folder, "messages")));
      const through = environment({ NOTIFY_SOCKET: join(folder, "notify.sock") });
      const server = start(["app.mjs", "-p", "0"], through);
      await server.errors("serving");
      server.kill("SIGTERM");
      const { code, stderr } = await server.ended;
      assertEquals(code, 0);
      // The program waits with BARRIER=1 until systemd has read its message.
      const messages = () => messagesIn(folder).filter((line) => /^[A-Z]+=1$/.test(line));
      const states = () => messages().filter((line) => line !== "BARRIER=1");
      await until(() => states().length >= 2);
      assertEquals(states(), ["READY=1", "STOPPING=1"]);
      assertEquals(stderr.includes("systemd"), false, stderr);
    } finally {
      receiver.kill();
    }
  });
});

test("a watchdog that waits for another process is told", async () => {
  await inWorkshop(FILES, async ({ start }) => {
    const server = start(
      ["app.mjs", "--bind", "127.0.0.1:0"],
      environment({ NOTIFY_SOCKET: "a.sock", WATCHDOG_USEC: "200000", WATCHDOG_PID: "1" }),
    );
    await server.errors("the watchdog of systemd waits for process 1: start cogen-wsgi by node");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("a reload sends RELOADING=1 with its time, then READY=1; the watchdog hears that the loop runs", async () => {
  await inWorkshop(FILES, async ({ folder, start }) => {
    writeFileSync(join(folder, "systemd-notify"), RECORDER);
    chmodSync(join(folder, "systemd-notify"), 0o755);
    const through = environment({
      NOTIFY_SOCKET: "notify.sock",
      WATCHDOG_USEC: "200000",
      PATH: `${folder}:${process.env["PATH"]}`,
    });
    const server = start(TLS, through);
    await server.errors("serving");
    const pings = () => messagesIn(folder).filter((line) => line === "WATCHDOG=1").length;
    await until(() => pings() >= 3);
    server.kill("SIGHUP");
    await server.errors("the certificates are read again");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
    const lines = messagesIn(folder).filter((line) => line !== "WATCHDOG=1" && line !== "");
    assertEquals(lines.map((line) => line.split(" ")[0]), [
      "READY=1",
      "RELOADING=1",
      "READY=1",
      "STOPPING=1",
    ]);
    const [, usec] = /MONOTONIC_USEC=(\d+)$/.exec(lines[1] ?? "") ?? [];
    const now = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1e6;
    // Deno reads the clock of the system only with all permissions.
    const isRight = RUNTIME === "deno"
      ? usec === undefined
      : Number(usec) > 0 && Number(usec) <= now + 20_000;
    assertEquals(isRight, true, `${usec} at ${now}`);
  });
});

test("a missing systemd-notify is reported once, and the service goes on", async () => {
  await inWorkshop(FILES, async ({ folder, start }) => {
    const runtime = environment({ NOTIFY_SOCKET: "notify.sock", PATH: folder });
    const server = start(TLS, ["/usr/bin/env", ...runtime.slice(1)]);
    const text = await server.errors("cannot tell systemd");
    assertMatch(text, /cannot tell systemd READY=1: systemd-notify cannot be run/);
    server.kill("SIGHUP");
    await server.errors("the certificates are read again");
    server.kill("SIGTERM");
    const { code, stderr } = await server.ended;
    assertEquals([code, stderr.split("cannot tell systemd").length], [0, 2]);
    assertStringIncludes(stderr, "SIGTERM: the server ends");
  });
});
