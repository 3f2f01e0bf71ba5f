/** `basicAuth`: the challenge, the comparison of users and passwords, and the check of one's own. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { basicAuth, type BasicAuthOptions } from "../../src/middleware/mod.ts";
import type { WSGIApp } from "../../src/wsgi/mod.ts";
import { get } from "../support/serving.ts";
import { answer, PLAIN } from "./answering.ts";

const welcome: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", PLAIN);
  return [`${environ.REMOTE_USER}`, "!"];
};

function credentials(text: string, encoding: "utf8" | "latin1" = "utf8"): string {
  const bytes = encoding === "utf8" ? String.fromCharCode(...new TextEncoder().encode(text)) : text;
  return `Authorization: Basic ${btoa(bytes)}`;
}

async function statusOf(options: BasicAuthOptions, ...fields: string[]): Promise<string> {
  return (await answer(basicAuth(welcome, options), get("/", ...fields))).status;
}

test("a request without credentials is answered 401 with a challenge", async () => {
  const app = basicAuth(welcome, { realm: 'A "quoted\\" place', users: { ann: "x" } });
  const { status, headers, body } = await answer(app);
  assertEquals([status, body], ["401 Unauthorized", "401 Unauthorized\n"]);
  assertEquals(
    headers["www-authenticate"],
    'Basic realm="A \\"quoted\\\\\\" place", charset="UTF-8"',
  );
  const { headers: usual } = await answer(basicAuth(welcome, { users: {} }));
  assertEquals(usual["www-authenticate"], 'Basic realm="Restricted", charset="UTF-8"');
});

test("the right user and password lead to the app, whose response stays as it is", async () => {
  const app = basicAuth(welcome, { users: { ann: "open: sesame", bob: "" } });
  const { status, headers, body } = await answer(app, get("/", credentials("ann:open: sesame")));
  assertEquals([status, headers["content-length"], body], ["200 OK", "4", "ann!"]);
  assertEquals((await answer(app, get("/", credentials("bob:")))).status, "200 OK");
});

test("any other user, password or scheme is refused", async () => {
  const options = { users: { ann: "secret", bob: "other", "": "nobody" } };
  const wrong = [
    ...["ann:Secret", "ann:secre", "ann:secrets", "ann:secretsecret", "ann:", "ann:other"],
    ...["bob:secret", "Ann:secret", "annann:secret", "an:secret", ":secret", "toString:x", "ann"],
  ];
  for (const text of wrong) {
    assertEquals([text, await statusOf(options, credentials(text))], [text, "401 Unauthorized"]);
  }
  for (const field of ["Bearer YW5uOnNlY3JldA==", "Basic", "Basic ???", "YW5uOnNlY3JldA=="]) {
    const status = await statusOf(options, `Authorization: ${field}`);
    assertEquals([field, status], [field, "401 Unauthorized"]);
  }
  assertEquals(await statusOf(options, credentials("ann:secret")), "200 OK");
  assertEquals(await statusOf({ users: {} }, credentials("ann:secret")), "401 Unauthorized");
});

test("credentials are read as UTF-8, and as latin-1 from a client that sends it", async () => {
  const options = { users: { "jürgen": "größe 漢" } };
  assertEquals(await statusOf(options, credentials("jürgen:größe 漢")), "200 OK");
  const latin1 = { users: { "jürgen": "größe" } };
  assertEquals(await statusOf(latin1, credentials("jürgen:größe", "latin1")), "200 OK");
});

test("a check of one's own decides, also by a promise, and only true allows", async () => {
  for (const wrap of [(value: unknown) => value, (value: unknown) => Promise.resolve(value)]) {
    const check = (user: string, password: string) => wrap(`${user} ${password}`) as boolean;
    const results: [unknown, string][] = [
      [true, "200 OK"],
      [false, "401 Unauthorized"],
      [1, "401 Unauthorized"],
      ["yes", "401 Unauthorized"],
    ];
    for (const [result, status] of results) {
      const given: string[] = [];
      const options = {
        check: (...args: Parameters<typeof check>) => {
          given.push(...args.slice(0, 2));
          return wrap(result) as boolean;
        },
      };
      assertEquals(await statusOf(options, credentials("ann:x:y")), status);
      assertEquals(given, ["ann", "x:y"]);
    }
  }
});

test("users and a check exclude each other, and one of them is needed", () => {
  const both = { users: {}, check: () => true };
  for (const options of [{}, both]) {
    assertThrows(() => basicAuth(welcome, options), TypeError, "either users or a check");
  }
  const users = { ann: 5 as never };
  assertThrows(() => basicAuth(welcome, { users }), TypeError, "The password of ann");
});
