import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { test } from "node:test";
import { describeThrown, nameOf } from "../../src/coroutine/error_text.ts";

test("an error is told with its name, message and stack", () => {
  const text = describeThrown(new TypeError("no such thing"));
  assertStringIncludes(text, "TypeError: no such thing");
  assertStringIncludes(text, "error_text_test");
});

test("causes are told, too", () => {
  const error = new Error("outer", { cause: new Error("inner", { cause: "innermost" }) });
  const text = describeThrown(error);
  assertStringIncludes(text, "outer");
  assertStringIncludes(text, "caused by Error: inner");
  assertStringIncludes(text, "caused by string thrown: innermost");
});

test("causes that go round in a circle are told once each", () => {
  const error = new Error("first");
  error.cause = new Error("second", { cause: error });
  const text = describeThrown(error);
  assertEquals(text.split("Error: first").length, 2);
  assertEquals(text.split("Error: second").length, 2);
  assertStringIncludes(text, "caused by an error that is described above");
});

test("the errors inside an AggregateError are told, with their causes", () => {
  const two = new RangeError("two", { cause: new Error("behind two") });
  const text = describeThrown(new AggregateError([new TypeError("one"), two], "all failed"));
  assertStringIncludes(text, "AggregateError: all failed");
  assertStringIncludes(text, "containing error 1 of 2: TypeError: one");
  assertStringIncludes(text, "containing error 2 of 2: RangeError: two");
  assertStringIncludes(text, "caused by Error: behind two");
});

test("both errors of a SuppressedError are told", () => {
  const error = Object.assign(new Error("suppression"), {
    error: new Error("later"),
    suppressed: new Error("earlier"),
  });
  const text = describeThrown(error);
  assertStringIncludes(text, "suppressed by Error: later");
  assertStringIncludes(text, "suppressing Error: earlier");
});

test("the text has a bound, however many, deep and long the errors are", () => {
  const long = "x".repeat(1_000_000);
  const crowd = new AggregateError(Array.from({ length: 10_000 }, () => new Error(long)), long);
  let chain: unknown = long;
  for (let depth = 0; depth < 10_000; depth++) chain = new Error(long, { cause: chain });
  const nested = [crowd, chain, { long, list: Array(100_000).fill({ long }) }, long, [long]];
  for (const error of nested) assert(describeThrown(error).length < 100_000);
});

const THROWN: readonly (readonly [what: string, thrown: unknown, text: string])[] = [
  ["a string", "text", "string thrown: text"],
  ["nothing", undefined, "undefined thrown: undefined"],
  ["a symbol", Symbol("s"), "symbol thrown: Symbol(s)"],
  ["a literal", { code: 42, why: "full" }, 'object thrown: { code: 42, why: "full" }'],
  ["a nested literal", { a: { b: [1, null] } }, "object thrown: { a: { b: [1, null] } }"],
  ["a literal without a prototype", Object.create(null), "object thrown: {}"],
  ["an array", [1, "a"], 'object thrown: [1, "a"]'],
  [
    "an object of a class",
    new (class Fault {
      code = 1;
    })(),
    "object thrown: Fault { code: 1 }",
  ],
  ["an error in a literal", { e: new TypeError("x") }, "object thrown: { e: TypeError: x }"],
  ["bytes", { b: new Uint8Array(9) }, "object thrown: { b: Uint8Array of 9 bytes }"],
  ["a getter", {
    get a() {
      return 1;
    },
  }, "object thrown: { a: a getter }"],
  ["a function", function fault() {}, "function thrown: function fault"],
  ["a text of its own", { toString: () => "own text" }, "object thrown: own text"],
  ["a URL", new URL("http://a.example/"), "object thrown: http://a.example/"],
];

for (const [what, thrown, text] of THROWN) {
  test(`thrown: ${what}`, () => assertEquals(describeThrown(thrown), text));
}

const fault = () => {
  throw new Error("unreadable");
};

/** Each of them throws at one kind of use or at every use. */
const UNREADABLE: Record<string, () => unknown> = {
  "a revoked proxy": () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  "a revoked proxy of a function": () => {
    const { proxy, revoke } = Proxy.revocable(() => {}, {});
    revoke();
    return proxy;
  },
  "a proxy that throws": () =>
    new Proxy({}, { get: fault, getPrototypeOf: fault, ownKeys: fault, has: fault }),
  "a toString that throws": () => ({ toString: fault }),
  "a toString that gives an object": () => ({ toString: () => ({}), valueOf: () => ({}) }),
  "a tag that throws": () => ({
    get [Symbol.toStringTag]() {
      return fault();
    },
  }),
};
for (const name of ["stack", "message", "name", "cause", "errors", "error", "suppressed"]) {
  UNREADABLE[`an error with a ${name} that throws`] = () =>
    Object.defineProperty(new Error("x"), name, { get: fault });
  UNREADABLE[`an error with an unreadable ${name}`] = () =>
    Object.defineProperty(new Error("x"), name, { value: { toString: fault } });
  UNREADABLE[`an error with a revoked ${name}`] = () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return Object.defineProperty(new Error("x"), name, { value: proxy });
  };
}

for (const [what, make] of Object.entries(UNREADABLE)) {
  test(`described in spite of all: ${what}`, () => {
    assert(describeThrown(make()).length > 0);
    assert(describeThrown(new Error("outer", { cause: make() })).includes("outer"));
    assert(describeThrown({ member: make() }).length > 0);
    assert(describeThrown(new AggregateError([make()], "crowd")).includes("crowd"));
  });
}

test("an Error.prepareStackTrace that throws hides no message", () => {
  const holder = Error as unknown as { prepareStackTrace?: unknown };
  const { prepareStackTrace } = holder;
  holder.prepareStackTrace = fault;
  try {
    assertStringIncludes(describeThrown(new Error("the message")), "Error: the message");
  } finally {
    if (prepareStackTrace === undefined) delete holder.prepareStackTrace;
    else holder.prepareStackTrace = prepareStackTrace;
  }
});

test("an error without a stack, or with a strange one, is told by its summary", () => {
  for (const stack of [undefined, "", 5]) {
    assertEquals(describeThrown(Object.assign(new Error("message"), { stack })), "Error: message");
  }
});

test("a function with a name that is no text has none", () => {
  assertEquals(nameOf(function named() {}), "named");
  assertEquals(nameOf(() => {}), "");
  assertEquals(nameOf(Object.defineProperty(() => {}, "name", { get: fault })), "");
  assertEquals(nameOf(Object.defineProperty(() => {}, "name", { value: Symbol("s") })), "");
});
