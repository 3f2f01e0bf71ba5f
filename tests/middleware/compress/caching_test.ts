/** The header fields of `compress`, by which caches and resumed downloads go. */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { compress } from "../../../src/middleware/compress/mod.ts";
import type { Environ, StartResponse, WSGIApp } from "../../../src/wsgi/mod.ts";
import { get, requestText, serving } from "../../support/serving.ts";
import { answer, PLAIN } from "../answering.ts";

const LONG = "All work and no play makes Jack a dull boy. ".repeat(1000);
const GZIP = "Accept-Encoding: gzip";
type Fields = readonly (readonly [string, string])[];

/** An app that answers with these fields, and with a body where the status has one. */
function answering(status: string, headers: Fields, body = LONG): WSGIApp {
  return (_environ, startResponse) => {
    startResponse(status, headers);
    return status.startsWith("304") ? [] : [body];
  };
}

/** A resource with an entity tag, which evaluates `If-None-Match`. */
function tagged(etag: string, type = "text/plain"): WSGIApp {
  const opaque = etag.replace("W/", "");
  return (environ: Environ, startResponse: StartResponse) => {
    const headers: Fields = [["ETag", etag], ["Cache-Control", "max-age=60"]];
    if (environ.HTTP_IF_NONE_MATCH?.includes(opaque)) {
      startResponse("304 Not Modified", headers);
      return [];
    }
    startResponse("200 OK", [...headers, ["Content-Type", type]]);
    return [LONG];
  };
}

/** The head and the framed body of a response that has trailers. */
async function rawAnswer(app: WSGIApp): Promise<{ head: string; rest: string }> {
  const stage = await serving(app);
  const client = stage.ask(get("/", GZIP));
  await stage.eventually("the trailers", () => /\r\n0\r\n.*\r\n\r\n$/s.test(client.received()));
  const [head = "", ...rest] = client.received().split("\r\n\r\n");
  await stage.finish();
  return { head, rest: rest.join("\r\n\r\n") };
}

async function fieldsOf(app: WSGIApp, request: string, ...names: string[]) {
  const { headers } = await answer(compress(app), request);
  return names.map((name) => headers[name]);
}

for (const etag of ['"a"', 'W/"a"']) {
  for (const type of ["text/plain", "image/png"]) {
    for (const field of [GZIP, "X-None: 1", "Accept-Encoding: br, gzip;q=0.5"]) {
      test(`a 304 has the ETag of its 200: ${etag}, ${type}, ${field}`, async () => {
        const app = tagged(etag, type);
        const [tag] = await fieldsOf(app, get("/", field), "etag");
        const again = get("/", field, `If-None-Match: ${tag}`);
        const { status, headers } = await answer(compress(app), again);
        assertEquals([status, headers["etag"]], ["304 Not Modified", tag]);
        assertEquals(headers["vary"], "Accept-Encoding");
      });
    }
  }
}

test("a 304 to a cache that names both tags has the weak one", async () => {
  const request = get("/", GZIP, 'If-None-Match: "a", W/"a"');
  assertEquals(await fieldsOf(tagged('"a"'), request, "etag"), ['W/"a"']);
});

test("a 304 to a client that names no tag has the weak one", async () => {
  const app = answering("304 Not Modified", [["ETag", '"a"']]);
  for (const condition of ["X-None: 1", "If-None-Match: *", "If-Modified-Since: x"]) {
    const fields = await fieldsOf(app, get("/", GZIP, condition), "etag", "vary");
    assertEquals(fields, ['W/"a"', "Accept-Encoding"]);
  }
});

test("a 304 to a client without compression keeps the strong tag", async () => {
  const app = answering("304 Not Modified", [["ETag", '"a"'], ["Accept-Ranges", "bytes"]]);
  const fields = await fieldsOf(app, get("/"), "etag", "vary", "accept-ranges");
  assertEquals(fields, ['"a"', "Accept-Encoding", "bytes"]);
});

test("a 304 of a compressed response does not bring back Accept-Ranges or a digest", async () => {
  const app = answering("304 Not Modified", [
    ["ETag", '"a"'],
    ["Accept-Ranges", "bytes"],
    ["Repr-Digest", "sha-256=:AA==:"],
  ]);
  const fields = await fieldsOf(app, get("/", GZIP), "accept-ranges", "repr-digest");
  assertEquals(fields, [undefined, undefined]);
});

test("a 304 with no-transform or of an image is untouched", async () => {
  for (const line of [["Cache-Control", "no-transform"], ["Content-Type", "image/png"]] as const) {
    const app = answering("304 Not Modified", [["ETag", '"a"'], line]);
    assertEquals(await fieldsOf(app, get("/", GZIP), "etag", "vary"), ['"a"', undefined]);
  }
});

const PART: Fields = [["ETag", '"a"'], ["Content-Range", "bytes 0-4/44000"]];

for (const type of ["text/plain", "multipart/byteranges; boundary=x"]) {
  test(`a 206 of ${type} has Vary and stays as it is`, async () => {
    const app = answering("206 Partial Content", [...PART, ["Content-Type", type]], "All w");
    for (const field of [GZIP, "X-None: 1"]) {
      const request = get("/", field, "Range: bytes=0-4");
      const { headers, body } = await answer(compress(app), request);
      assertEquals([headers["vary"], headers["etag"]], ["Accept-Encoding", '"a"']);
      assertEquals([headers["content-encoding"], body], [undefined, "All w"]);
    }
  });
}

test("a response with Content-Range is not compressed, whatever its status", async () => {
  const headers: Fields = [...PLAIN, ["Content-Range", "bytes */44000"]];
  const app = answering("416 Range Not Satisfiable", headers);
  const fields = await fieldsOf(app, get("/", GZIP), "content-encoding", "vary", "content-range");
  assertEquals(fields, [undefined, "Accept-Encoding", "bytes */44000"]);
});

test("a compressed response offers no ranges and has no digest of other bytes", async () => {
  const names = ["Accept-Ranges", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest"];
  const app = answering("200 OK", [...PLAIN, ...names.map((name) => [name, "x"] as const)]);
  for (const method of ["GET", "HEAD"]) {
    const request = requestText(method, "/", [GZIP]);
    const { headers } = await answer(compress(app), request);
    assertEquals(headers["content-encoding"], "gzip");
    assertEquals(names.map((name) => headers[name.toLowerCase()]).filter(Boolean), []);
  }
  const { headers } = await answer(compress(app), get("/"));
  assertEquals(names.map((name) => headers[name.toLowerCase()]), names.map(() => "x"));
});

test("a digest in the trailers keeps the body as it is", async () => {
  const app = compress(function* (environ, startResponse) {
    startResponse("200 OK", [...PLAIN, ["Trailer", "X-Sum, Content-Digest"]]);
    yield LONG;
    environ.cogen.setTrailers([["Content-Digest", "sha-256=:AA==:"]]);
  });
  const { head, rest } = await rawAnswer(app);
  assertEquals([/Content-Encoding/.test(head), /Vary: Accept-Encoding/.test(head)], [false, true]);
  assert(rest.includes(LONG) && rest.endsWith("\r\n0\r\nContent-Digest: sha-256=:AA==:\r\n\r\n"));
});

test("other trailers follow a compressed body, whenever they are set", async () => {
  const app = compress(function* (environ, startResponse) {
    startResponse("200 OK", [...PLAIN, ["Trailer", "X-Sum"]]);
    environ.cogen.setTrailers([["X-Sum", "1"]]);
    yield LONG;
    environ.cogen.setTrailers([["X-Sum", "2"]]);
  });
  const { head, rest } = await rawAnswer(app);
  assert(/Content-Encoding: gzip/.test(head) && rest.endsWith("\r\n0\r\nX-Sum: 2\r\n\r\n"));
});

test("the answer to a request with Range is not compressed", async () => {
  const app = answering("200 OK", [...PLAIN, ["ETag", '"a"'], ["Accept-Ranges", "bytes"]]);
  const names = ["content-encoding", "etag", "accept-ranges", "vary"];
  const request = get("/", GZIP, "Range: bytes=5-");
  assertEquals(await fieldsOf(app, request, ...names), [
    undefined,
    '"a"',
    "bytes",
    "Accept-Encoding",
  ]);
  // RFC 9110 §14.2: only GET has ranges.
  const head = requestText("HEAD", "/", [GZIP, "Range: bytes=5-"]);
  assertEquals(await fieldsOf(app, head, "content-encoding"), ["gzip"]);
});

/** The conditions of a range, and whether the app sees the range. */
const CONDITIONS: readonly (readonly [string, string, boolean])[] = [
  ["a strong tag", 'If-Range: "a"', true],
  ["no condition", "X-None: 1", true],
  ["a weak tag", 'If-Range: W/"a"', false],
  ["a date", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT", false],
];

for (const [name, condition, isSeen] of CONDITIONS) {
  test(`a part by ${name} is ${isSeen ? "" : "not "}joined to a compressed one`, async () => {
    const seen: unknown[] = [];
    const app = compress((environ, startResponse) => {
      seen.push(environ.HTTP_RANGE);
      startResponse("200 OK", PLAIN);
      return ["x"];
    });
    await answer(app, get("/", GZIP, "Range: bytes=5-", condition));
    assertEquals(seen, [isSeen ? "bytes=5-" : undefined]);
  });
}

test("a date is a condition like any other for a client without compression", async () => {
  const app = compress((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return [environ.HTTP_RANGE ?? "none"];
  });
  const condition = "If-Range: Sun, 06 Nov 1994 08:49:37 GMT";
  assertEquals((await answer(app, get("/", "Range: bytes=5-", condition))).body, "bytes=5-");
});

test("no-transform counts in every line of Cache-Control", async () => {
  const lines: Fields = [["Cache-Control", "private"], ["Cache-Control", "no-transform"]];
  const fields = await fieldsOf(
    answering("200 OK", [...PLAIN, ...lines]),
    get("/", GZIP),
    "content-encoding",
    "vary",
  );
  assertEquals(fields, [undefined, undefined]);
});

test("Vary comes whether the client accepts a coding or not", async () => {
  for (const length of [10, 44_000]) {
    const body = LONG.slice(0, length);
    const app = answering("200 OK", [...PLAIN, ["Content-Length", String(length)]], body);
    for (const field of [GZIP, "X-None: 1", "Accept-Encoding: identity"]) {
      assertEquals(await fieldsOf(app, get("/", field), "vary"), ["Accept-Encoding"]);
    }
  }
});

test("HEAD of an empty body has the fields of GET, also for a client without identity", async () => {
  const app = compress(
    answering("200 OK", [...PLAIN, ["ETag", '"a"'], ["Content-Length", "0"]], ""),
  );
  for (const method of ["GET", "HEAD"]) {
    const accept = "Accept-Encoding: gzip, identity;q=0";
    const { headers } = await answer(app, requestText(method, "/", [accept]));
    assertEquals([headers["content-encoding"], headers["etag"]], [undefined, '"a"']);
  }
});

for (const length of [10, 5_000, 100_000]) {
  for (const declared of [true, false]) {
    const title = `${length} bytes, length ${declared ? "declared" : "unknown"}`;
    test(`HEAD has the fields of GET: ${title}`, async () => {
      const body = LONG.repeat(3).slice(0, length);
      const own: Fields = declared ? [["Content-Length", String(length)]] : [];
      const app = compress(answering("200 OK", [...PLAIN, ["ETag", '"a"'], ...own], body));
      const [inGet, inHead] = [
        await answer(app, get("/", GZIP)),
        await answer(app, requestText("HEAD", "/", [GZIP])),
      ];
      // RFC 9112 §6.1: Transfer-Encoding is optional in the response to HEAD.
      const { "transfer-encoding": _framing, date: _date, ...expected } = inGet.headers;
      assertEquals({ ...inHead.headers, date: undefined }, { ...expected, date: undefined });
    });
  }
}
