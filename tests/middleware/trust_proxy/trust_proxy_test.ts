/**
 * `trustProxy`: the client, scheme, host and prefix that trusted proxies tell of, and nothing that others claim.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type ForwardedField,
  trustProxy,
  type TrustProxyOptions,
} from "../../../src/middleware/mod.ts";
import type { Environ, WSGIApp } from "../../../src/wsgi/mod.ts";

const NGINX = "127.0.0.1";

/** An environ with the keys that the middleware reads. */
function environOf(peer: string, fields: Readonly<Record<string, string>>): Environ {
  const keys = Object.entries(fields).map(([name, value]) => {
    return [`HTTP_${name.toUpperCase().replaceAll("-", "_")}`, value];
  });
  return {
    REMOTE_ADDR: peer,
    REMOTE_PORT: peer === "" ? "" : "999",
    SERVER_NAME: "web-1",
    SERVER_PORT: peer === "" ? "" : "8000",
    SCRIPT_NAME: "",
    HTTP_HOST: "inside.example:8000",
    "wsgi.url_scheme": "http",
    ...Object.fromEntries(keys),
  } as unknown as Environ;
}

/** The environ that the app gets, or the status and the body of a refusal. */
function seen(
  options: TrustProxyOptions,
  fields: Readonly<Record<string, string>>,
  peer: string = NGINX,
): Environ | string {
  let result: Environ | undefined;
  let status = "";
  const app: WSGIApp = (environ) => {
    result = environ;
    return [];
  };
  const given = environOf(peer, fields);
  const kept = { ...given };
  const body = trustProxy(app, options)(
    given,
    ((line: string) => {
      status = line;
    }) as never,
  );
  assertEquals(given, kept, "the environ of the caller is changed");
  return result ?? `${status}: ${(body as string[]).join("")}`;
}

function client(trust: TrustProxyOptions["trust"], list: string, peer?: string): string {
  const environ = seen({ trust: trust as number }, { "X-Forwarded-For": list }, peer);
  return typeof environ === "string" ? environ : environ.REMOTE_ADDR;
}

const LOOPBACK = ["loopback"];

test("trustProxy trusts nothing by default", () => {
  const fields = { "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https" };
  assertEquals(seen({}, fields), environOf(NGINX, fields));
  assertEquals(seen({ trust: 0 }, fields), environOf(NGINX, fields));
});

test("trustProxy leaves the request of any other peer as it is", () => {
  const fields = { "X-Forwarded-For": "192.0.2.7", "Forwarded": 'for="' };
  const options = { trust: LOOPBACK, fields: ["forwarded"] as const };
  assertEquals(seen(options, fields, "192.0.2.1"), environOf("192.0.2.1", fields));
  assertEquals(seen({ trust: ["unix"] }, fields, "192.0.2.1"), environOf("192.0.2.1", fields));
  assertEquals(seen(options, fields, ""), environOf("", fields));
});

test("trustProxy does not take a client without an address for one of a Unix socket", () => {
  const environ = { ...environOf("", { "X-Forwarded-For": "192.0.2.7" }), SERVER_PORT: "80" };
  let address = "none";
  trustProxy((given) => {
    address = given.REMOTE_ADDR;
    return [];
  }, { trust: ["unix"] })(environ, (() => {}) as never);
  assertEquals(address, "");
});

test("trustProxy reads X-Forwarded-For from the right to the left", () => {
  const rows: readonly [NonNullable<TrustProxyOptions["trust"]>, string, string][] = [
    [LOOPBACK, "192.0.2.7", "192.0.2.7"],
    [LOOPBACK, "127.0.0.1, 192.0.2.7", "192.0.2.7"],
    [LOOPBACK, 'spoofed", 192.0.2.7', "192.0.2.7"],
    [LOOPBACK, "192.0.2.7, 127.0.0.2", "192.0.2.7"],
    [LOOPBACK, "127.0.0.3,127.0.0.2", "127.0.0.3"],
    [["loopback", "10.0.0.0/8"], "6.6.6.6, 192.0.2.7, 10.1.2.3, 10.0.0.1", "192.0.2.7"],
    [["loopback", "10.0.0.0/8"], "10.9.9.9, 192.0.2.7, 11.0.0.1, 10.0.0.1", "11.0.0.1"],
    [1, "6.6.6.6, 192.0.2.7", "192.0.2.7"],
    [2, "6.6.6.6, 192.0.2.7, 10.0.0.1", "192.0.2.7"],
    [2, "192.0.2.7", "192.0.2.7"],
    [LOOPBACK, "192.0.2.7:5000", "192.0.2.7"],
    [LOOPBACK, "2001:db8::1", "2001:db8::1"],
    [LOOPBACK, "[2001:db8::1]:80", "2001:db8::1"],
    [LOOPBACK, "::ffff:192.0.2.7", "192.0.2.7"],
    [LOOPBACK, "[::ffff:192.0.2.7]:80", "192.0.2.7"],
    [LOOPBACK, "::ffff:c000:207", "192.0.2.7"],
    [LOOPBACK, "[2001:DB8:0:0::0005]:80", "2001:db8::5"],
    [LOOPBACK, "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    [LOOPBACK, "10.0.0.1, unknown", "unknown"],
    [LOOPBACK, "10.0.0.1, _hidden", "_hidden"],
    [LOOPBACK, "192.0.2.7, ::ffff:127.0.0.1", "192.0.2.7"],
  ];
  for (const [trust, list, expected] of rows) assertEquals(client(trust, list), expected, list);
  assertEquals(client(["unix"], "192.0.2.7", ""), "192.0.2.7");
});

test("trustProxy answers 400 to a trusted entry that is no node", () => {
  for (
    const entry of ["x", "", "1.2.3.256", "1.2.3.4:99999", "01.2.3.4", "[::1", "::1::", "fe80::1%e"]
  ) {
    const answer = client(LOOPBACK, `192.0.2.7, ${entry}`);
    assertEquals(String(answer).slice(0, 40), "400 Bad Request: Cannot read X-Forwarded", entry);
  }
});

test("trustProxy keeps the values that it has replaced", () => {
  const fields = { "X-Forwarded-For": "192.0.2.7:80", "X-Forwarded-Proto": "https" };
  const environ = seen({ trust: LOOPBACK }, fields) as Environ;
  assertEquals([environ.REMOTE_ADDR, environ.REMOTE_PORT], ["192.0.2.7", "80"]);
  assertEquals(environ["wsgi.url_scheme"], "https");
  assertEquals(environ["cogen.proxy"], {
    REMOTE_ADDR: NGINX,
    REMOTE_PORT: "999",
    SERVER_NAME: "web-1",
    SERVER_PORT: "8000",
    SCRIPT_NAME: "",
    HTTP_HOST: "inside.example:8000",
    "wsgi.url_scheme": "http",
  });
  assertEquals(environ.HTTP_X_FORWARDED_FOR, "192.0.2.7:80");
});

const ALL: readonly ForwardedField[] = [
  ...["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"] as const,
  ...["x-forwarded-port", "x-forwarded-prefix"] as const,
];

type Changed = readonly [scheme: string, host: string, name: string, port: string, prefix: string];

function changed(options: TrustProxyOptions, fields: Readonly<Record<string, string>>): unknown {
  const environ = seen(options, fields);
  if (typeof environ === "string") return environ;
  const { HTTP_HOST = "", SERVER_NAME, SERVER_PORT, SCRIPT_NAME } = environ;
  return [environ["wsgi.url_scheme"], HTTP_HOST, SERVER_NAME, SERVER_PORT, SCRIPT_NAME];
}

const SAME: Changed = ["http", "inside.example:8000", "web-1", "8000", ""];

test("trustProxy reads only the fields that it is told to", () => {
  const fields = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/x",
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
  };
  assertEquals(changed({ trust: LOOPBACK }, fields), SAME);
  const ours = { ...fields, "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "nonsense" };
  const forwarded = { ...ours, "Forwarded": "for=192.0.2.7" };
  const environ = seen({ trust: LOOPBACK, fields: ["forwarded"] }, forwarded) as Environ;
  assertEquals([environ.REMOTE_ADDR, environ["wsgi.url_scheme"]], ["192.0.2.7", "http"]);
});

test("trustProxy takes scheme, host, port and prefix", () => {
  const options = { trust: ["loopback", "10.0.0.0/8"], fields: ALL };
  const rows: readonly [Readonly<Record<string, string>>, Changed][] = [
    [{ "Proto": "wss" }, ["https", ...SAME.slice(1)] as unknown as Changed],
    [{ "Host": "a.example" }, ["http", "a.example", "a.example", "80", ""]],
    [{ "Host": "a.example", "Proto": "https" }, ["https", "a.example", "a.example", "443", ""]],
    [{ "Host": "[::1]:81" }, ["http", "[::1]:81", "[::1]", "81", ""]],
    [{ "Host": "a.example", "Port": "8443", "Proto": "https" }, [
      ...["https", "a.example:8443", "a.example", "8443", ""] as const,
    ]],
    [{ "Port": "443", "Proto": "https" }, ["https", "inside.example", "web-1", "443", ""]],
    [{ "Prefix": "/api/v1/" }, ["http", "inside.example:8000", "web-1", "8000", "/api/v1"]],
    [{ "Prefix": "/" }, SAME],
    // The entry beside that of the client counts, and a shorter list at its left end.
    [{ "For": "6.6.6.6, 192.0.2.7, 10.0.0.1", "Proto": "x, https, http" }, [
      ...["https", "inside.example:8000", "web-1", "8000", ""] as const,
    ]],
    [{ "For": "192.0.2.7, 10.0.0.1", "Proto": "https" }, [
      ...["https", "inside.example:8000", "web-1", "8000", ""] as const,
    ]],
    [{ "For": "192.0.2.7", "Proto": "https, http" }, SAME],
  ];
  for (const [short, expected] of rows) {
    const fields = Object.entries(short).map(([name, value]) => [`X-Forwarded-${name}`, value]);
    assertEquals(changed(options, Object.fromEntries(fields)), expected, JSON.stringify(short));
  }
});

test("trustProxy answers 400 to a malformed scheme, host, port or prefix", () => {
  const rows: readonly [string, readonly string[]][] = [
    ["Proto", ["ftp", "", "toString", "https;"]],
    ["Host", ["", "a b", "a/b", "user@a", "a:b", "a:99999", "[x]", "[..]", "[1.2.3.4]", "a\tb"]],
    ["Port", ["0", "-1", "65536", "x", ""]],
    ["Prefix", [
      "api",
      "//evil.example",
      "/a//b",
      "/..",
      "/a/../b",
      "/%2e",
      "/a?b",
      "/a b",
      "/a\\b",
    ]],
  ];
  for (const [name, values] of rows) {
    for (const value of values) {
      const answer = changed({ trust: LOOPBACK, fields: ALL }, { [`X-Forwarded-${name}`]: value });
      const expected = `400 Bad Request: Cannot read X-Forwarded-${name}: malformed`;
      assertEquals(String(answer).slice(0, expected.length), expected, value);
    }
  }
});

test("trustProxy reads Forwarded, with the scheme and host beside the client", () => {
  const options = {
    trust: ["loopback", "10.0.0.0/8", "2001:db8::/32"],
    fields: ["forwarded"] as const,
  };
  const rows: readonly [string, readonly [string, string, string]][] = [
    ["for=192.0.2.7", ["192.0.2.7", "http", "inside.example:8000"]],
    ["For=192.0.2.7;Proto=HTTPS;host=a.example", ["192.0.2.7", "https", "a.example"]],
    ['for="192.0.2.7:80" ; by=_x', ["192.0.2.7", "http", "inside.example:8000"]],
    ['for=6.6.6.6;proto=https, for="[2001:db9::1]:80"', [
      "2001:db9::1",
      "http",
      "inside.example:8000",
    ]],
    ['for=192.0.2.7;proto=https, for="[2001:db8::1]";proto=http, for=10.0.0.1', [
      ...["192.0.2.7", "https", "inside.example:8000"] as const,
    ]],
    ["for=6.6.6.6, for=_hidden", ["_hidden", "http", "inside.example:8000"]],
    ["for=6.6.6.6, proto=https", ["unknown", "https", "inside.example:8000"]],
    ['for="_\\hidden", , ', ["_hidden", "http", "inside.example:8000"]],
    ['x="a, for=10.0.0.1"; for=192.0.2.7', ["192.0.2.7", "http", "inside.example:8000"]],
    ["", [NGINX, "http", "inside.example:8000"]],
  ];
  for (const [field, expected] of rows) {
    const environ = seen(options, { "Forwarded": field }) as Environ;
    const got = [environ.REMOTE_ADDR, environ["wsgi.url_scheme"], environ.HTTP_HOST];
    assertEquals(got, [...expected], field);
  }
});

test("trustProxy answers 400 to a Forwarded that is malformed anywhere", () => {
  const fields = [
    'for=", for=192.0.2.7',
    'for="a, for="[2001:db8::1]"',
    "for=1.2.3.4;for=192.0.2.7",
    "for",
    "=a, for=192.0.2.7",
    'for="192.0.2.7"x',
    "for = 192.0.2.7",
    "for=192.0.2.7;proto=gopher",
    "for=192.0.2.7;host=a/b",
    "for=x",
  ];
  for (const field of fields) {
    const answer = seen({ trust: 1, fields: ["forwarded"] }, { "Forwarded": field });
    assertEquals(String(answer).slice(0, 15), "400 Bad Request", field);
  }
});

test("an inner trustProxy keeps the values of the first one", () => {
  let proxy: unknown;
  const inner = trustProxy((environ) => {
    proxy = environ["cogen.proxy"]?.REMOTE_ADDR;
    return [];
  }, { trust: 1 });
  const environ = environOf(NGINX, { "X-Forwarded-For": "192.0.2.7" });
  trustProxy(inner, { trust: 1 })(environ, (() => {}) as never);
  assertEquals(proxy, NGINX);
});

test("trustProxy names a wrong option", () => {
  const app: WSGIApp = () => [];
  const rows: readonly [unknown, string][] = [
    [{ trust: "loopback" }, 'a list such as ["loopback", "10.0.0.0/8"]'],
    [{ trust: 1.5 }, "whole number of hops"],
    [{ trust: -1 }, "whole number of hops"],
    [{ trust: ["10.0.0.1/8"] }, "which has bits after its first 8"],
    [{ trust: ["10.0.0.0/33"] }, "expected"],
    [{ trust: ["*"] }, "expected"],
    [{ trust: [5] }, "expected"],
    [{ trust: null }, "expected"],
    [{ fields: "forwarded" }, "a list of"],
    [{ fields: ["x-real-ip"] }, "x-forwarded-for"],
    [{ fields: ["forwarded", "x-forwarded-for"] }, "Cannot combine forwarded with x-forwarded-for"],
    [{ hops: 1 }, "Unknown option of trustProxy"],
  ];
  for (const [options, message] of rows) {
    assertThrows(() => trustProxy(app, options as never), Error, message);
  }
});
