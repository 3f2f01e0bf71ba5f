/** `cors` by the CORS protocol of the Fetch standard: preflights, actual responses, caches, options. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Sleep } from "../../src/coroutine/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { cors, type CORSOptions, errorPage, validator } from "../../src/middleware/mod.ts";
import { gzip } from "../../src/middleware/compress/mod.ts";
import { get, requestText, serving } from "../support/serving.ts";
import { answer, PLAIN, settle, sorry } from "./answering.ts";

const ONE = "https://one.example";
const TWO = "http://two.example:8080";
const OTHER = "https://other.example";

const hello: WSGIApp = (_environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return ["hello"];
};

function from(origin: string, ...fields: string[]): string {
  return get("/", `Origin: ${origin}`, ...fields);
}

function preflight(origin: string, ...fields: string[]): string {
  const asked = [`Origin: ${origin}`, "Access-Control-Request-Method: PUT", ...fields];
  return requestText("OPTIONS", "/", asked);
}

type Fields = Readonly<Record<string, string>>;

/** The CORS fields of a response, and `Vary`. */
async function corsFields(app: WSGIApp, request: string): Promise<Fields> {
  const { headers } = await answer(app, request);
  const names = Object.keys(headers).filter((name) => /^(access-control-.*|vary)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, headers[name] as string]));
}

// Actual responses

test("cors allows every origin by default, with the same fields in every response", async () => {
  const fields = { "access-control-allow-origin": "*" };
  assertEquals(await corsFields(cors(hello), from(ONE)), fields);
  assertEquals(await corsFields(cors(hello), get("/")), fields);
});

test("cors names a single origin in every response, which needs no Vary", async () => {
  const fields = { "access-control-allow-origin": ONE };
  for (const origin of [ONE, [ONE]]) {
    for (const request of [from(ONE), from(OTHER), get("/")]) {
      assertEquals(await corsFields(cors(hello, { origin }), request), fields);
    }
  }
});

test("cors names the request's origin if a list has it, and always varies", async () => {
  const app = cors(hello, { origin: [ONE, TWO] });
  for (const origin of [ONE, TWO]) {
    assertEquals(await corsFields(app, from(origin)), {
      "access-control-allow-origin": origin,
      "vary": "Origin",
    });
  }
  for (const request of [from(OTHER), from("null"), from(`${ONE}.evil.example`), get("/")]) {
    assertEquals(await corsFields(app, request), { "vary": "Origin" });
  }
});

test("cors asks a function, which may wait and sees the request", async () => {
  const tests: readonly NonNullable<CORSOptions["origin"]>[] = [
    (origin, environ) => origin === ONE && environ.PATH_INFO === "/",
    (origin) => Promise.resolve(origin === ONE),
  ];
  for (const origin of tests) {
    const app = cors(hello, { origin });
    const allowed = { "access-control-allow-origin": ONE, "vary": "Origin" };
    assertEquals(await corsFields(app, from(ONE)), allowed);
    assertEquals(await corsFields(app, from(OTHER)), { "vary": "Origin" });
    assertEquals(await corsFields(app, get("/")), { "vary": "Origin" });
  }
});

test("cors takes nothing but true of a function for permission", async () => {
  for (const given of ["yes", 1, {}, undefined, Promise.resolve("yes")]) {
    const app = cors(hello, { origin: () => given as boolean });
    assertEquals(await corsFields(app, from(ONE)), { "vary": "Origin" });
  }
});

test("cors sends credentials and exposed fields with the origin, and not without", async () => {
  const app = cors(hello, {
    origin: [ONE, TWO],
    credentials: true,
    exposedHeaders: ["X-Total", "ETag"],
  });
  assertEquals(await corsFields(app, from(TWO)), {
    "access-control-allow-credentials": "true",
    "access-control-allow-origin": TWO,
    "access-control-expose-headers": "X-Total, ETag",
    "vary": "Origin",
  });
  assertEquals(await corsFields(app, from(OTHER)), { "vary": "Origin" });
});

for (
  const [name, lines, expected] of [
    ["another field", ["Accept-Encoding"], "Accept-Encoding, Origin"],
    ["two lines", ["Accept", "Cookie"], "Accept, Cookie, Origin"],
    ["Origin itself", ["Accept, origin"], "Accept, origin"],
    ["everything", ["*"], "*"],
    ["nothing", [""], "Origin"],
  ] as const
) {
  test(`cors joins a Vary of ${name}`, async () => {
    const app = cors((_environ, startResponse) => {
      startResponse("200 OK", [...PLAIN, ...lines.map((line) => ["Vary", line] as const)]);
      return [];
    }, { origin: [ONE, TWO] });
    assertEquals((await corsFields(app, get("/")))["vary"], expected);
  });
}

test("cors and gzip share one Vary line, in either order", async () => {
  const options = { origin: [ONE, TWO] };
  assertEquals(
    (await answer(cors(gzip(hello), options))).headers["vary"],
    "Accept-Encoding, Origin",
  );
  assertEquals(
    (await answer(gzip(cors(hello, options)))).headers["vary"],
    "Origin, Accept-Encoding",
  );
});

test("cors replaces the fields that an app has set by itself", async () => {
  const app = cors((_environ, startResponse) => {
    startResponse("200 OK", [
      ...PLAIN,
      ["access-control-allow-origin", "*"],
      ["Access-Control-Allow-Credentials", "true"],
    ]);
    return [];
  }, { origin: [ONE, TWO] });
  const allowed = { "access-control-allow-origin": ONE, "vary": "Origin" };
  assertEquals(await corsFields(app, from(ONE)), allowed);
  assertEquals(await corsFields(app, from(OTHER)), { "vary": "Origin" });
});

test("cors adds its fields to the page of an error, and to a replaced start", async () => {
  const app = cors(errorPage(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "";
    throw new Error("a secret");
  }, sorry));
  const stage = await serving(app);
  const client = stage.ask(from(ONE));
  await settle(stage);
  const { status, headers, body } = client.response();
  assertEquals([status, body], ["500 Oh", "sorry"]);
  assertEquals(headers["access-control-allow-origin"], "*");
  assertEquals(stage.takeLog().length, 1);
  await stage.finish();
});

const KINDS: Readonly<Record<string, WSGIApp>> = {
  "an array": (_environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return ["one ", "two"];
  },
  *"a generator"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "one ";
    yield* environ.cogen.wait(Sleep(1));
    return "two";
  },
  *"a generator in cogen's style"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "one ";
    yield environ.cogen.core.events.Sleep(1);
    yield "two";
  },
  async *"an async generator"(environ, startResponse) {
    startResponse("200 OK", PLAIN);
    yield "one ";
    await environ.cogen.run(Sleep(1));
    yield "two";
  },
  async "a promise"(environ, startResponse) {
    await environ.cogen.run(Sleep(1));
    startResponse("200 OK", PLAIN);
    return ["one ", "two"];
  },
  "write()": (_environ, startResponse) => {
    startResponse("200 OK", PLAIN)("one ");
    return ["two"];
  },
};

const ASYNC: CORSOptions = { origin: () => Promise.resolve(true) };

for (const [name, app] of Object.entries(KINDS)) {
  test(`cors passes ${name} and its waits on, alone and between other middleware`, async () => {
    const stacks = [cors(app), cors(app, ASYNC), validator(cors(validator(app))), gzip(cors(app))];
    for (const stack of stacks) {
      const stage = await serving(stack);
      const client = stage.ask(from(ONE));
      await settle(stage);
      await stage.settle(1000);
      await settle(stage);
      const { headers, body, complete } = client.response();
      assertEquals([body, complete], ["one two", true]);
      assertEquals("access-control-allow-origin" in headers, true);
      await stage.finish();
    }
  });
}

test("cors leaves the Content-Length of an array alone", async () => {
  assertEquals((await answer(cors(hello), from(ONE))).headers["content-length"], "5");
});

test("a client that leaves ends an app behind cors with its whole finally", async () => {
  const seen: string[] = [];
  const stage = await serving(cors(function* (environ, startResponse) {
    try {
      startResponse("200 OK", PLAIN);
      yield "block";
      yield* environ.cogen.wait(Sleep(60));
    } finally {
      yield* environ.cogen.wait(Sleep(1));
      seen.push("finally");
    }
  }));
  stage.ask(from(ONE)).destroy();
  stage.run(2000);
  assertEquals(seen, ["finally"]);
  await stage.finish();
});

// Preflights

/** An app that a preflight must not reach. */
const unreachable: WSGIApp = () => {
  throw new Error("The app was called");
};

test("cors answers a preflight itself, and allows the fields that it asks for", async () => {
  const request = preflight(ONE, "Access-Control-Request-Headers: content-type,x-a");
  const response = await answer(validator(cors(unreachable)), request);
  assertEquals([response.status, response.body], ["204 No Content", ""]);
  assertEquals(response.headers["content-length"], undefined);
  assertEquals(await corsFields(cors(unreachable), request), {
    "access-control-allow-headers": "content-type,x-a",
    "access-control-allow-methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
    "access-control-allow-origin": "*",
    "vary": "Access-Control-Request-Headers",
  });
});

test("cors answers a preflight by its options", async () => {
  const app = cors(unreachable, {
    origin: [ONE, TWO],
    methods: ["GET", "PUT"],
    allowedHeaders: ["Content-Type", "X-A"],
    exposedHeaders: ["X-B"],
    credentials: true,
    maxAge: { minutes: 10 },
  });
  const request = preflight(TWO, "Access-Control-Request-Headers: x-evil");
  assertEquals(await corsFields(app, request), {
    "access-control-allow-credentials": "true",
    "access-control-allow-headers": "Content-Type, X-A",
    "access-control-allow-methods": "GET, PUT",
    "access-control-allow-origin": TWO,
    "access-control-max-age": "600",
    "vary": "Origin",
  });
});

test("cors answers a preflight of an origin that is not allowed without permission", async () => {
  const app = cors(unreachable, { origin: [ONE, TWO], maxAge: 5 });
  assertEquals((await answer(app, preflight(OTHER))).status, "204 No Content");
  assertEquals(await corsFields(app, preflight(OTHER)), {
    "vary": "Origin, Access-Control-Request-Headers",
  });
});

test("cors keeps a maxAge of 0, and drops fractions", async () => {
  for (const [maxAge, sent] of [[0, "0"], [1.9, "1"], [86_400, "86400"]] as const) {
    const fields = await corsFields(cors(unreachable, { maxAge }), preflight(ONE));
    assertEquals(fields["access-control-max-age"], sent);
  }
});

test("cors asks a function that waits before it answers a preflight", async () => {
  const app = cors(unreachable, { origin: (origin) => Promise.resolve(origin === ONE) });
  const allowed = await corsFields(app, preflight(ONE));
  assertEquals(allowed["access-control-allow-origin"], ONE);
  const refused = await corsFields(app, preflight(OTHER));
  assertEquals(refused["access-control-allow-origin"], undefined);
});

for (
  const [name, fields] of Object.entries({
    "without Access-Control-Request-Method": [`Origin: ${ONE}`],
    "without Origin": ["Access-Control-Request-Method: PUT"],
  })
) {
  test(`cors passes OPTIONS ${name} to the app`, async () => {
    const response = await answer(cors(hello), requestText("OPTIONS", "/", fields));
    assertEquals(response.body, "hello");
    assertEquals(response.headers["access-control-allow-origin"], "*");
  });
}

// Options

for (const option of ["origin", "methods", "allowedHeaders", "exposedHeaders"]) {
  test(`cors refuses credentials with "*" for ${option}`, () => {
    const options = { origin: ONE, [option]: option === "origin" ? "*" : ["*"], credentials: true };
    assertThrows(() => cors(hello, options), TypeError, `"*" for ${option}`);
  });
}

test("cors refuses credentials without an origin", () => {
  assertThrows(() => cors(hello, { credentials: true }), TypeError, '"*" for origin');
});

const NEVER_SENT: readonly string[] = [
  ...["https://one.example/", "https://one.example/a", "https://One.example", "one.example"],
  ...[
    "https://one.example:443",
    "http://one.example:80",
    "https://*.example",
    "HTTPS://one.example",
  ],
  ...["https://a@one.example", "https://one.example https://two.example", "", "https://"],
  ...["https://one.example,https://two.example", "https://é.example"],
];

for (const origin of NEVER_SENT) {
  test(`cors refuses the origin "${origin}", which no browser sends`, () => {
    assertThrows(() => cors(hello, { origin }), TypeError, "Cannot allow the origin");
    assertThrows(
      () => cors(hello, { origin: [ONE, origin] }),
      TypeError,
      "Cannot allow the origin",
    );
  });
}

test('cors refuses "*" in a list of origins, and options of the wrong kind', () => {
  assertThrows(() => cors(hello, { origin: ["*"] }), TypeError, "Cannot allow the origin");
  const wrong = [{ origin: true }, { origin: [/x/] }, { methods: "GET" }, { methods: ["A B"] }, {
    allowedHeaders: ["X:"],
  }, { exposedHeaders: [1] }];
  for (const options of wrong) {
    assertThrows(() => cors(hello, options as never), TypeError, "expected");
  }
});

test("cors takes the origins that browsers send", () => {
  const origins = ["http://localhost:3000", "https://one.example:80", "http://[::1]:8080", "null"];
  cors(hello, { origin: [...origins, "chrome-extension://abcdef", "https://xn--9ca.example"] });
});

test("cors refuses a maxAge that is no number of seconds", () => {
  for (const maxAge of [-1, Infinity, NaN]) {
    assertThrows(() => cors(hello, { maxAge }), RangeError);
  }
  const text = "5" as unknown as number;
  assertThrows(() => cors(hello, { maxAge: text }), TypeError, 'maxAge is "5"');
});
