import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { test } from "node:test";
import {
  type Environ,
  type Mounts,
  type WSGIApp,
  WSGIPathInfoDispatcher,
} from "../../src/wsgi/mod.ts";

/** An app that tells its name and where it is mounted. */
function named(name: string): WSGIApp {
  return (environ) => [`${name}: ${environ.SCRIPT_NAME} + ${environ.PATH_INFO}`];
}

function ask(app: WSGIApp, path: string, script = ""): string {
  const environ = { SCRIPT_NAME: script, PATH_INFO: path } as Environ;
  let started = "";
  const blocks = app(environ, (status) => {
    started = `${status} `;
    return () => {};
  }) as Iterable<string>;
  return started + [...blocks].join("");
}

test("the longest prefix wins, in whatever order they stand", () => {
  const apps: [string, WSGIApp][] = [
    ["/a", named("a")],
    ["/a/b", named("ab")],
    ["/", named("root")],
  ];
  for (const mounts of [apps, apps.toReversed(), Object.fromEntries(apps)] as Mounts[]) {
    const app = WSGIPathInfoDispatcher(mounts);
    assertEquals(ask(app, "/a/b/c"), "ab: /a/b + /c");
    assertEquals(ask(app, "/a/c"), "a: /a + /c");
    assertEquals(ask(app, "/c"), "root:  + /c");
  }
});

test("a prefix matches whole segments only", () => {
  const app = WSGIPathInfoDispatcher({ "/blog": named("blog") });
  assertEquals(ask(app, "/blog"), "blog: /blog + ");
  assertEquals(ask(app, "/blog/"), "blog: /blog + /");
  assertStringIncludes(ask(app, "/blogger"), "404 Not Found");
  assertStringIncludes(ask(app, "/Blog"), "404 Not Found");
});

test("an escaped slash does not separate segments", () => {
  const app = WSGIPathInfoDispatcher({ "/a": named("a") });
  assertStringIncludes(ask(app, "/a%2Fb"), "404 Not Found");
});

test("slashes at the end of a prefix do not count", () => {
  const app = WSGIPathInfoDispatcher({ "/a//": named("a") });
  assertEquals(ask(app, "/a/b"), "a: /a + /b");
});

test("the empty prefix and / match everything that is a path", () => {
  for (const prefix of ["", "/"]) {
    const app = WSGIPathInfoDispatcher([[prefix, named("root")]]);
    assertEquals(ask(app, "/"), "root:  + /");
    assertEquals(ask(app, ""), "root:  + ");
    assertStringIncludes(ask(app, "*"), "404 Not Found");
  }
});

test("without a match the answer is 404", () => {
  assertEquals(ask(WSGIPathInfoDispatcher({}), "/"), "404 Not Found 404 Not Found\n");
});

test("mounts nest: SCRIPT_NAME grows as PATH_INFO shrinks", () => {
  const inner = WSGIPathInfoDispatcher({ "/b": named("inner"), "/": named("other") });
  const app = WSGIPathInfoDispatcher({ "/a": inner });
  assertEquals(ask(app, "/a/b/c"), "inner: /a/b + /c");
  assertEquals(ask(app, "/a/c"), "other: /a + /c");
  assertEquals(ask(app, "/a/b", "/outer"), "inner: /outer/a/b + ");
});

test("a prefix beyond ASCII matches the bytes of its UTF-8 form", () => {
  const app = WSGIPathInfoDispatcher({ "/caf\u00e9": named("caf") });
  assertEquals(ask(app, "/caf\xc3\xa9/x"), "caf: /caf\xc3\xa9 + /x");
});

test("refuses a prefix without a slash, one that stands twice, and what is no app", () => {
  assertThrows(() => WSGIPathInfoDispatcher({ a: named("a") }), TypeError, 'begins with "/"');
  const twice: Mounts = [["/a", named("a")], ["/a/", named("b")]];
  assertThrows(() => WSGIPathInfoDispatcher(twice), TypeError, 'two apps at "/a/"');
  const none = { "/a": undefined } as unknown as Mounts;
  assertThrows(() => WSGIPathInfoDispatcher(none), TypeError, 'The app at "/a" is undefined');
});

test("the environ of those around a dispatcher stays as it was, and cogen is shared", () => {
  let inner: Environ | undefined;
  const app = WSGIPathInfoDispatcher({
    "/a": WSGIPathInfoDispatcher({
      "/b": (environ) => {
        inner = environ;
        environ.PATH_INFO = "changed";
        environ["app.key"] = 1;
        environ.cogen.result = "shared";
        return [];
      },
    }),
  });
  const cogen = { result: undefined };
  const environ = { SCRIPT_NAME: "/s", PATH_INFO: "/a/b/c", HTTP_X: "x", cogen };
  const before = { ...environ };
  app(environ as never, () => () => {});
  assertEquals(environ, before);
  assertEquals([inner?.SCRIPT_NAME, inner?.HTTP_X], ["/s/a/b", "x"]);
  assertEquals(cogen.result, "shared");
});
