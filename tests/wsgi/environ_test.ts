import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { test } from "node:test";
import type { Environ, WSGIApp } from "../../src/wsgi/mod.ts";
import { get, post, requestText, serving, type ServingOptions } from "../support/serving.ts";

/** The environs that requests, sent on one connection, come with. */
async function environsOf(requests: string, options: ServingOptions = {}): Promise<Environ[]> {
  const environs: Environ[] = [];
  const stage = await serving((environ, startResponse) => {
    environs.push({ ...environ });
    startResponse("200 OK", []);
    return [];
  }, { serverName: "server.example", ...options });
  stage.ask(requests);
  await stage.finish();
  return environs;
}

async function environOf(request: string, options?: ServingOptions): Promise<Environ> {
  const [environ, ...others] = await environsOf(request, options);
  assert(environ !== undefined && others.length === 0, "one request has one environ");
  return environ;
}

test("has every CGI and wsgi name, as own enumerable keys", async () => {
  const environ = await environOf(
    post("/a%20b/c?d=%20e", "body", "Content-Type: text/plain", "X-Custom: yes"),
  );
  const { cogen: _, "wsgi.input": input, "wsgi.errors": errors, ...others } = environ;
  const { "wsgi.file_wrapper": wrapFile, ...rest } = others;
  const { REMOTE_PORT, ...facts } = rest;
  assert(/^\d+$/.test(REMOTE_PORT), REMOTE_PORT);
  assertEquals(typeof input.read, "function");
  assertEquals(typeof errors.write, "function");
  assertEquals(typeof wrapFile, "function");
  assertEquals(facts, {
    REQUEST_METHOD: "POST",
    SCRIPT_NAME: "",
    PATH_INFO: "/a b/c",
    QUERY_STRING: "d=%20e",
    REQUEST_URI: "/a%20b/c?d=%20e",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "4",
    SERVER_NAME: "server.example",
    SERVER_PORT: "80",
    SERVER_PROTOCOL: "HTTP/1.1",
    ACTUAL_SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "cogen-wsgi (memory)",
    REMOTE_ADDR: "127.0.0.1",
    HTTP_HOST: "test",
    HTTP_X_CUSTOM: "yes",
    "wsgi.version": [1, 0],
    "wsgi.url_scheme": "http",
    "wsgi.input_terminated": true,
    "wsgi.multithread": false,
    "wsgi.multiprocess": false,
    "wsgi.run_once": false,
  });
});

test("an absent body, type and query are empty strings", async () => {
  const environ = await environOf(get("/"));
  assertEquals(environ.CONTENT_LENGTH, "");
  assertEquals(environ.CONTENT_TYPE, "");
  assertEquals(environ.QUERY_STRING, "");
  assertEquals("HTTP_CONTENT_LENGTH" in environ, false);
});

test("an HTTP/1.0 request says so, whatever the server speaks", async () => {
  const environ = await environOf("GET / HTTP/1.0\r\n\r\n");
  assertEquals(environ.SERVER_PROTOCOL, "HTTP/1.0");
  assertEquals(environ.ACTUAL_SERVER_PROTOCOL, "HTTP/1.1");
  assertEquals(environ.HTTP_HOST, undefined);
  const other = await environOf(get("/"), { protocol: "HTTP/1.0" });
  assertEquals([other.SERVER_PROTOCOL, other.ACTUAL_SERVER_PROTOCOL], ["HTTP/1.1", "HTTP/1.0"]);
});

test("repeated fields are joined by commas, cookies by semicolons", async () => {
  const environ = await environOf(
    get("/", "X-A: 1", "Cookie: a=1", "x-a: 2", "Cookie: b=2", "X-A: 3"),
  );
  assertEquals(environ["HTTP_X_A"], "1, 2, 3");
  assertEquals(environ["HTTP_COOKIE"], "a=1; b=2");
});

test("a field whose name has an underscore cannot pose as another", async () => {
  const environ = await environOf(
    get("/", "X_Forwarded_For: evil", "X-Forwarded-For: good", "Content_Length: 5", "__proto__: x"),
  );
  assertEquals(environ["HTTP_X_FORWARDED_FOR"], "good");
  assertEquals(environ.CONTENT_LENGTH, "");
  assertEquals(Object.keys(environ).filter((key) => key.includes("PROTO__")), []);
  assertStrictEquals(Object.getPrototypeOf(environ), Object.prototype);
});

test("values are latin-1: each character is a byte", async () => {
  const environ = await environOf(get("/?q", "X-A: caf\xc3\xa9 \x80\xff"));
  assertEquals(environ["HTTP_X_A"], "caf\xc3\xa9 \x80\xff");
});

test("an absolute target gives the host, in place of the field", async () => {
  const request = "GET http://real.example:8080/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n";
  const environ = await environOf(request);
  assertEquals(environ.HTTP_HOST, "real.example:8080");
  assertEquals(environ.PATH_INFO, "/a");
  assertEquals(environ.QUERY_STRING, "b");
  assertEquals(environ.REQUEST_URI, "http://real.example:8080/a?b");
});

test("OPTIONS * has an empty path, as it is about the server", async () => {
  const environ = await environOf(requestText("OPTIONS", "*"));
  assertEquals([environ.PATH_INFO, environ.REQUEST_URI], ["", "*"]);
});

test("Basic credentials give AUTH_TYPE and REMOTE_USER", async () => {
  const environ = await environOf(get("/", "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
  assertEquals([environ.AUTH_TYPE, environ.REMOTE_USER], ["Basic", "Aladdin"]);
});

test("other or several credentials give no user", async () => {
  const fields = [
    ["Authorization: Bearer abc"],
    ["Authorization: Basic YTpi, Basic YzpkCg=="],
    [],
  ];
  for (const some of fields) {
    const environ = await environOf(get("/", ...some));
    assertEquals([environ.AUTH_TYPE, environ.REMOTE_USER], [undefined, undefined]);
  }
});

test("a Unix socket has neither port nor client address", async () => {
  const environ = await environOf(get("/"), { bindAddr: "/run/app.sock" });
  assertEquals(environ.SERVER_PORT, "");
  assertEquals([environ.REMOTE_ADDR, environ.REMOTE_PORT], ["", ""]);
});

test("requests on one connection do not share an environ", async () => {
  const stage = await serving((environ, startResponse) => {
    const seen = String(environ["seen"]);
    environ["seen"] = "yes";
    environ.cogen.result = "changed";
    startResponse("200 OK", []);
    return [seen, ` ${environ["HTTP_X_A"]}`];
  });
  const client = stage.ask(get("/", "X-A: 1") + get("/"));
  assertEquals(client.responses().map(({ body }) => body), ["undefined 1", "undefined undefined"]);
  await stage.finish();
});

test("a copied environ waits and reads as well", async () => {
  const app: WSGIApp = function* (environ, startResponse) {
    startResponse("200 OK", []);
    const body = yield* environ["wsgi.input"].read();
    yield environ.cogen.core.events.Sleep(1);
    yield `${body.length} ${environ["added"]}`;
  };
  const stage = await serving((environ, startResponse) => {
    return app({ ...environ, added: "by middleware" }, startResponse);
  });
  const client = stage.ask(post("/", "12345"));
  stage.run(1000);
  assertEquals(client.response().body, "5 by middleware");
  await stage.finish();
});

test("many made-up field names cost no lasting memory for later requests", async () => {
  const stage = await serving((environ, startResponse) => {
    startResponse("200 OK", []);
    return [String(environ["HTTP_X_LATE"])];
  });
  const client = stage.connect();
  for (let i = 0; i < 30; i++) {
    const fields = Array.from({ length: 90 }, (_, k) => `x-${i}-${k}: 1`);
    client.send(get("/", ...fields));
    stage.run();
  }
  client.take();
  client.send(get("/", "X-Late: still works"));
  stage.run();
  assert(client.take().endsWith("still works"));
  await stage.finish();
});

test("wsgi.errors passes whole lines on, and the rest when the request ends", async () => {
  const stage = await serving((environ, startResponse) => {
    const errors = environ["wsgi.errors"];
    errors.write(`${environ.PATH_INFO} one\ntw`);
    errors.writelines(["o\n", "three"]);
    startResponse("200 OK", []);
    return [];
  });
  stage.ask(get("/a") + get("/b"));
  assertEquals(stage.takeLog(), ["/a one", "two", "three", "/b one", "two", "three"]);
  await stage.finish();
});
