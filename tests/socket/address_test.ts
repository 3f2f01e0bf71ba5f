import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { formatAddress, ipAddress, listenError } from "../../src/socket/address.ts";

test("tells the family of a numeric host, and unwraps a mapped IPv4 one", () => {
  const families = ["127.0.0.1", "::1", "::ffff:10.0.0.1", "::FFFF:10.0.0.1", "::ffff:a00:1", ""]
    .map((host) => ipAddress(host, 1));
  assertEquals(families, [
    { family: "IPv4", host: "127.0.0.1", port: 1 },
    { family: "IPv6", host: "::1", port: 1 },
    { family: "IPv4", host: "10.0.0.1", port: 1 },
    { family: "IPv4", host: "10.0.0.1", port: 1 },
    { family: "IPv6", host: "::ffff:a00:1", port: 1 },
    { family: "IPv4", host: "", port: 1 },
  ]);
});

test("writes addresses as in a URL", () => {
  assertEquals(formatAddress({ host: "localhost", port: 80 }), "localhost:80");
  assertEquals(formatAddress({ family: "IPv6", host: "::1", port: 80 }), "[::1]:80");
  assertEquals(formatAddress({ path: "/tmp/app.sock" }), "/tmp/app.sock");
});

test("names the address that cannot be bound, and keeps the cause", () => {
  const cause = new Error("in use");
  const error = listenError({ host: "::1", port: 80 }, cause);
  assertEquals(error.message, "Cannot listen on [::1]:80: in use");
  assertEquals(error.cause, cause);
  assertEquals(listenError({ path: "/x" }, 13).message, "Cannot listen on /x: 13");
});
