/** The options about proxies: their values, their origins, and the app and the server that they make. */

import { assertEquals, assertRejects } from "@std/assert";
import { test } from "node:test";
import { splitArguments } from "../../src/cli/arguments.ts";
import { CommandFailure } from "../../src/cli/failure.ts";
import { behindProxies, listeningOptionsOf } from "../../src/cli/proxies.ts";
import { collectSettings, type Settings } from "../../src/cli/settings.ts";
import { parseValue } from "../../src/cli/values.ts";
import { testClient } from "../../src/testing/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";

const settingsOf = (args: string): Promise<Settings> =>
  collectSettings(splitArguments(args === "" ? [] : args.split(" ")));

const app: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", []);
  return [environ.REMOTE_ADDR];
};

test("--trust-proxy takes hops, a star for one hop, and lists", () => {
  const values = ["2", "*", "loopback", "10.0.0.0/8, unix ::1"].map((text) => {
    return parseValue("trust", text);
  });
  assertEquals(values, [
    { value: 2 },
    { value: 1 },
    { value: ["loopback"] },
    { value: ["10.0.0.0/8", "unix", "::1"] },
  ]);
  const expected = "a number of hops, or a list such as loopback,unix,10.0.0.0/8";
  for (const text of ["", " ", "-1", "all", "10.0.0.1/8"]) {
    assertEquals(parseValue("trust", text), { expected });
  }
});

test("--trust-proxy puts trustProxy around the app", async () => {
  const headers = { "X-Forwarded-For": "6.6.6.6, 192.0.2.7", Forwarded: "for=192.0.2.8" };
  const rows: readonly [string, string][] = [
    ["", "127.0.0.1"],
    ["--trust-proxy 0", "127.0.0.1"],
    ["--trust-proxy unix", "127.0.0.1"],
    ["--trust-proxy loopback", "192.0.2.7"],
    ["--trust-proxy * --trusted-fields forwarded", "192.0.2.8"],
  ];
  for (const [args, expected] of rows) {
    await using client = testClient(behindProxies(app, await settingsOf(args)));
    assertEquals((await client.get("/", { headers })).text, expected, args);
  }
});

test("--proxy-protocol takes the proxies of --trust-proxy", async () => {
  const settings = await settingsOf("--proxy-protocol auto --trust-proxy loopback,10.0.0.0/8");
  const { proxyProtocol } = listeningOptionsOf(settings);
  assertEquals(proxyProtocol, { version: "auto", trust: ["loopback", "10.0.0.0/8"] });
  assertEquals(listeningOptionsOf(await settingsOf("")).proxyProtocol, undefined);
});

test("options of proxies that do not fit are wrong usage", async () => {
  const rows: readonly [string, string][] = [
    ["--proxy-protocol v1", "needs the addresses of the proxies"],
    ["--proxy-protocol v1 --trust-proxy 1", "needs the addresses of the proxies"],
    [
      "--proxy-protocol v1 --trust-proxy loopback --tls-cert a --reload",
      "--reload reads no PROXY header",
    ],
    ["--proxy-protocol v3", "expected"],
    ["--trust-proxy 1 --trusted-fields forwarded,x-forwarded-for", "Cannot combine forwarded"],
    ["--trusted-fields x-real-ip", "a list of forwarded"],
  ];
  for (const [args, message] of rows) {
    const use = async () => {
      const settings = await settingsOf(args);
      behindProxies(app, settings);
      listeningOptionsOf(settings);
    };
    await assertRejects(use, CommandFailure, message);
  }
});
