/** Arguments of a wrong kind are errors when a middleware is made, and not at each request. */

import { assert, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as middleware from "../../src/middleware/mod.ts";
import { openTelemetry } from "../../src/middleware/open_telemetry/mod.ts";
import { compress } from "../../src/middleware/compress/mod.ts";
import { Scheduler } from "../../src/coroutine/mod.ts";

const app = () => [];
const promise = Promise.resolve(app);

type Make = (...args: readonly unknown[]) => unknown;
const {
  accessLog,
  basicAuth,
  cors,
  delegate,
  errorPage,
  lazyStartResponse,
  requestId,
  staticFiles,
  syncInput,
  trustProxy,
  validator,
} = middleware as unknown as Readonly<Record<string, Make>>;

const WRAPPING: Readonly<Record<string, Make>> = {
  accessLog: (app) => accessLog?.(app, () => {}),
  basicAuth: (app) => basicAuth?.(app, { users: {} }),
  compress: compress as Make,
  cors: (app) => cors?.(app),
  delegate: (app) => delegate?.(app, { cogen: {} }, () => {}),
  errorPage: (app) => errorPage?.(app, () => {}),
  lazyStartResponse: (app) => lazyStartResponse?.(app),
  requestId: (app) => requestId?.(app),
  syncInput: (app) => syncInput?.(app),
  trustProxy: (app) => trustProxy?.(app),
  validator: (app) => validator?.(app),
};

test("each middleware is tested here, and has its row in the guide", () => {
  const guide = readFileSync(
    new URL("../../docs/how_to/write_middleware.md", import.meta.url),
    "utf8",
  );
  const names = Object.entries(middleware)
    .filter(([name, value]) => typeof value === "function" && /^[a-z]/.test(name))
    .map(([name]) => name);
  for (const name of names) {
    // They are the cores of middleware, and no middleware.
    if (name === "passThrough" || name === "delegate") continue;
    assertStringIncludes(guide, `\n| \`${name}\` `);
    assert(Object.hasOwn(SURPLUS, name), `${name} has no entry in SURPLUS`);
    assert(name === "staticFiles" || Object.hasOwn(WRAPPING, name), `${name} is not in WRAPPING`);
  }
});

test("a class of the language is no app", () => {
  class Page {
    static readonly app = 5;
  }
  for (const [name, wrap] of Object.entries(WRAPPING)) {
    if (name === "delegate") continue; // it is called for each request, and the call itself fails
    const error = assertThrows(() => wrap(Page), TypeError);
    assertStringIncludes(error.message, `The app of ${name} is the class Page: expected an app`);
    assertStringIncludes(error.message, "new Page(environ, startResponse)");
    assertThrows(() => wrap(class {}), TypeError, "is a class: expected an app");
  }
});

/** Each middleware with all its arguments and a further one. */
const SURPLUS: Readonly<Record<string, () => unknown>> = {
  accessLog: () => accessLog?.(app, () => {}, {}, {}),
  basicAuth: () => basicAuth?.(app, { users: {} }, {}),
  compress: () => (compress as Make)(app, {}, {}),
  cors: () => cors?.(app, {}, {}),
  errorPage: () => errorPage?.(app, () => {}, {}),
  lazyStartResponse: () => lazyStartResponse?.(app, {}),
  openTelemetry: () => (openTelemetry as Make)(app, {}, {}),
  requestId: () => requestId?.(app, {}, {}),
  staticFiles: () => staticFiles?.("/", {}, {}),
  syncInput: () => syncInput?.(app, { maxBytes: 5 }),
  trustProxy: () => trustProxy?.(app, {}, {}),
  validator: () => validator?.(app, { strict: true }),
};

for (const [name, make] of Object.entries(SURPLUS)) {
  test(`${name} tells of an argument too many`, () => {
    const error = assertThrows(make, TypeError);
    assertMatch(
      error.message,
      new RegExp(`^Argument [234] of ${name} is .*: expected no argument`),
    );
  });
}

for (const [name, wrap] of Object.entries(WRAPPING)) {
  test(`${name} refuses an app that is none`, () => {
    wrap(app);
    for (const value of [undefined, null, {}, promise, "x", [app]]) {
      const error = assertThrows(() => wrap(value), TypeError);
      assertStringIncludes(error.message, `The app of ${name} is `);
      assertStringIncludes(error.message, "expected an app, which is a function");
    }
  });
}

/** Each option with values of which each is wrong. */
const WRONG: Readonly<Record<string, readonly [Make, readonly unknown[]]>> = {
  "format of accessLog": [(format) => accessLog?.(app, () => {}, { format }), [
    ...[null, "apache", 5, {}, "toString"],
  ]],
  "worker of accessLog": [(worker) => accessLog?.(app, () => {}, { worker }), [null, 5, {}]],
  "options of requestId": [(options) => requestId?.(app, options), [null, 5, "x", []]],
  "fromRequest of requestId": [(fromRequest) => requestId?.(app, { fromRequest }), [
    ...[null, 1, "true", {}],
  ]],
  "make of requestId": [(make) => requestId?.(app, { make }), [null, 5, "x", {}]],
  "log of accessLog": [(log) => accessLog?.(app, log), [undefined, null, "x", {}, console]],
  "page of errorPage": [(page) => errorPage?.(app, page), [undefined, null, "x", {}]],
  "options of cors": [(options) => cors?.(app, options), [null, 5, "x", ["*"], promise, app]],
  "origin": [(origin) => cors?.(app, { origin }), [
    ...[null, 5, true, {}, [5], "a.example", [""], []],
  ]],
  "methods": [(methods) => cors?.(app, { methods }), [null, 5, "GET", {}, [5], ["a b"]]],
  "allowedHeaders": [(allowedHeaders) => cors?.(app, { allowedHeaders }), [null, "X", [5]]],
  "exposedHeaders": [(exposedHeaders) => cors?.(app, { exposedHeaders }), [null, "X", [5]]],
  "credentials of cors": [(credentials) => cors?.(app, { credentials }), [null, 1, "true", {}]],
  "maxAge": [(maxAge) => cors?.(app, { maxAge }), [null, "5", -1, Infinity, {}, true]],
  "root of staticFiles": [(root) => staticFiles?.(root), [
    ...[undefined, null, "", 5, {}, promise, new URL("file:///")],
  ]],
  "options of staticFiles": [(options) => staticFiles?.("/", options), [null, 5, "x", [], promise]],
  "index of staticFiles": [(index) => staticFiles?.("/", { index }), [null, true, 5, {}]],
  "etag of staticFiles": [(etag) => staticFiles?.("/", { etag }), [true, null, "weak", 1]],
  "dotfiles of staticFiles": [(dotfiles) => staticFiles?.("/", { dotfiles }), [null, 1, "no"]],
  "cacheControl of staticFiles": [(cacheControl) => staticFiles?.("/", { cacheControl }), [
    ...[null, 5, {}, "a\r\nb"],
  ]],
  "contentTypes of staticFiles": [(contentTypes) => staticFiles?.("/", { contentTypes }), [
    ...[null, 5, "x", []],
  ]],
  "contentTypes.txt": [(txt) => staticFiles?.("/", { contentTypes: { txt } }), [null, 5, "a\r\nb"]],
  "options of basicAuth": [(options) => basicAuth?.(app, options), [null, 5, "x", []]],
  "realm of basicAuth": [(realm) => basicAuth?.(app, { realm, users: {} }), [null, 5, "é", "a\n"]],
  "users of basicAuth": [(users) => basicAuth?.(app, { users }), [null, 5, "x", []]],
  "A user of basicAuth": [(user) => basicAuth?.(app, { users: { [`${user}`]: "" } }), [
    "a:b",
    "\0",
  ]],
  "check of basicAuth": [(check) => basicAuth?.(app, { check }), [null, 5, "x", {}]],
  "options of trustProxy": [(options) => trustProxy?.(app, options), [null, 5, "x", []]],
  "trust of trustProxy": [(trust) => trustProxy?.(app, { trust }), [null, "x", {}, -1, [5]]],
  "fields of trustProxy": [(fields) => trustProxy?.(app, { fields }), [null, "x", {}, ["x"]]],
  "level of compress": [(level) => compress(app, { level } as never), [null, 0, 10, 1.5, "6", NaN]],
  "level.br of compress": [(br) => compress(app, { level: { br } } as never), [null, -1, 12, "4"]],
  "options of compress": [(options) => compress(app, options as never), [null, 5, "x", []]],
  "minBytes": [(minBytes) => compress(app, { minBytes } as never), [null, "5", -1, NaN, {}]],
  "contentTypes of compress": [(contentTypes) => compress(app, { contentTypes } as never), [
    ...[null, "x", [/x/]],
  ]],
  "encodings": [(encodings) => compress(app, { encodings } as never), [null, "br", ["x"], [5], []]],
};

for (const [option, [make, values]] of Object.entries(WRONG)) {
  test(`${option} of each wrong kind is an error that names it and says the expected form`, () => {
    for (const value of values) {
      const error = assertThrows(() => make(value), Error, undefined, String(value));
      assert(error instanceof TypeError || error instanceof RangeError, error.stack ?? "");
      assertStringIncludes(error.message, option === "origin" ? "origin" : option);
      assertStringIncludes(error.message, "expected");
    }
  });
}

const UNKNOWN: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => cors?.(app, { origins: [] }), 'Unknown option of cors "origins": did you mean "origin"?'],
  [() => cors?.(app, { maxage: 5 }), 'did you mean "maxAge"?'],
  [() => staticFiles?.("/", { dotFiles: true }), 'did you mean "dotfiles"?'],
  [() => compress(app, { encoding: ["br"] } as never), 'did you mean "encodings"?'],
  [() => new Scheduler({ clok: 5 } as never), 'did you mean "clock"?'],
  [() => new Scheduler({} as never), "clock is undefined: expected a Clock"],
];

for (const [make, message] of UNKNOWN) {
  test(`refuses: ${message}`, () => {
    assertThrows(make, TypeError, message);
  });
}
