import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { dialError, formatAddress, ipAddress, listenError } from "../../src/socket/address.ts";

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

test("an error has the code of its cause, and one text for the errors of every runtime", () => {
  const address = { host: "127.0.0.1", port: 80 };
  const messages = [
    "listen EADDRINUSE: address already in use 127.0.0.1:80",
    "Address already in use (os error 98)",
    "Failed to listen at 127.0.0.1",
  ].map((message) => {
    const cause = Object.assign(new Error(message), { code: "EADDRINUSE" });
    const error = listenError(address, cause);
    assertEquals([error.code, error.cause], ["EADDRINUSE", cause]);
    return error.message;
  });
  const expected = "Cannot listen on 127.0.0.1:80: the address is in use (EADDRINUSE)";
  assertEquals(messages, [expected, expected, expected]);
});

test("the message has an unusual code once, and no code is made up", () => {
  const message = (text: string) =>
    dialError({ path: "/x" }, Object.assign(new Error(text), { code: "EPROTO" })).message;
  assertEquals(message("failed"), "Cannot connect to /x: failed (EPROTO)");
  assertEquals(message("EPROTO: failed"), "Cannot connect to /x: EPROTO: failed");
  assertEquals("code" in dialError({ path: "/x" }, new Error("failed")), false);
  assertEquals("code" in dialError({ path: "/x" }, { code: 7 }), false);
});
