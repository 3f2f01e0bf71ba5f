/**
 * The response writer: framing for each method, version and status, the fields of the server, wrong
 * lengths, trailers, and a round trip through the parser.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import {
  type ByteSink,
  type FieldList,
  type ResponseContext,
  ResponseError,
  type ResponseHeadOptions,
  ResponseWriter,
} from "../../../src/http/mod.ts";
import { latin1Bytes, latin1Text, transcript } from "../transcript.ts";
import { assertLaw } from "../../support/shares.ts";

function contextOf(given: Partial<ResponseContext> = {}): ResponseContext {
  return { method: "GET", minorVersion: 1, keepAlive: true, protocol: "HTTP/1.1", ...given };
}

function writerOf(given: Partial<ResponseContext> = {}): ResponseWriter {
  return new ResponseWriter(contextOf(given));
}

/** A sink, and the text that it has received, as latin-1. */
function collect(): { sink: ByteSink; text: () => string } {
  let text = "";
  const sink: ByteSink = (part) => text += typeof part === "string" ? part : latin1Text(part);
  return { sink, text: () => text };
}

/** A whole response in a context that differs from the default in `given`. */
function respond(
  given: Partial<ResponseContext>,
  fields: FieldList,
  blocks: readonly (string | Uint8Array)[],
  options: ResponseHeadOptions & { status?: string } = {},
): string {
  const writer = writerOf(given);
  const { sink, text } = collect();
  sink(writer.head(options.status ?? "200 OK", fields, options));
  for (const block of blocks) writer.data(block, sink);
  writer.end(sink);
  return text();
}

test("chunks a body of unknown length", () => {
  assertEquals(
    respond({}, [["A", "b"]], ["hello", Uint8Array.of(1, 255), "x".repeat(16)]),
    "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n" +
      `5\r\nhello\r\n2\r\n\x01\xff\r\n10\r\n${"x".repeat(16)}\r\n0\r\n\r\n`,
  );
});

test("does not end a chunked body with an empty block", () => {
  const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const blocks = ["", "a", new Uint8Array(0)];
  assertEquals(respond({}, [], blocks), `${head}1\r\na\r\n0\r\n\r\n`);
});

test("sends the app's Content-Length as it is", () => {
  assertEquals(
    respond({}, [["content-length", "5"]], ["hel", "lo"]),
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
  );
});

test("adds Content-Length if the length is known", () => {
  assertEquals(
    respond({}, [], ["hello"], { bodyLength: 5 }),
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  );
  assertEquals(
    respond({}, [], [], { bodyLength: 0 }),
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
  );
});

test("delimits by the end of the connection for HTTP/1.0", () => {
  const expected = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello";
  assertEquals(respond({ minorVersion: 0 }, [], ["hello"]), expected);
});

test("uses no feature of HTTP/1.1 if the server is set to 1.0", () => {
  const expected = "HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello";
  assertEquals(respond({ protocol: "HTTP/1.0" }, [], ["hello"]), expected);
});

test("sends keep-alive if the version does not imply it", () => {
  const rest = "200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi";
  const options = { bodyLength: 2 };
  assertEquals(respond({ minorVersion: 0 }, [], ["hi"], options), `HTTP/1.1 ${rest}`);
  assertEquals(respond({ protocol: "HTTP/1.0" }, [], ["hi"], options), `HTTP/1.0 ${rest}`);
});

test("sends close if the connection will not persist", () => {
  assertEquals(
    respond({ keepAlive: false }, [], ["hi"], { bodyLength: 2 }),
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
  );
});

test("tells after the head whether the connection persists", () => {
  const cases: [Partial<ResponseContext>, ResponseHeadOptions, boolean][] = [
    [{}, {}, true],
    [{ keepAlive: false }, {}, false],
    [{ minorVersion: 0 }, {}, false],
    [{ minorVersion: 0 }, { bodyLength: 1 }, true],
    [{ minorVersion: 0, method: "HEAD" }, {}, true],
    [{ protocol: "HTTP/1.0" }, {}, false],
  ];
  for (const [given, options, expected] of cases) {
    const writer = writerOf(given);
    writer.head("200 OK", [], options);
    assertEquals(writer.keepAlive, expected);
  }
});

test("adds Date and Server only if the app has sent none, in any case", () => {
  const options = { bodyLength: 0, date: "D", server: "S" };
  assertEquals(
    respond({}, [], [], options),
    "HTTP/1.1 200 OK\r\nDate: D\r\nServer: S\r\nContent-Length: 0\r\n\r\n",
  );
  assertEquals(
    respond({}, [["DATE", "d"], ["server", "s"]], [], options),
    "HTTP/1.1 200 OK\r\nDATE: d\r\nserver: s\r\nContent-Length: 0\r\n\r\n",
  );
});

test("keeps several fields of one name in their order", () => {
  const fields: FieldList = [["Set-Cookie", "a=1"], ["X", "y"], ["Set-Cookie", "b=2"]];
  assertEquals(
    respond({}, fields, [], { bodyLength: 0 }),
    "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
  );
});

test("drops the body of an answer to HEAD and keeps its length", () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  assertEquals(respond({ method: "HEAD" }, [["Content-Length", "5"]], ["hello"]), head);
  assertEquals(respond({ method: "HEAD" }, [["Content-Length", "5"]], []), head);
  assertEquals(respond({ method: "HEAD" }, [], ["hello"], { bodyLength: 5 }), head);
});

test("sends no length for HEAD if the body is empty", () => {
  const head = "HTTP/1.1 200 OK\r\n\r\n";
  assertEquals(respond({ method: "HEAD" }, [], [], { bodyLength: 0 }), head);
  assertEquals(respond({ method: "HEAD" }, [], ["hello"]), head);
});

test("allows HEAD a length that differs from its blocks", () => {
  const head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
  const options = { bodyLength: 0 };
  assertEquals(respond({ method: "HEAD" }, [["Content-Length", "5"]], [], options), head);
});

test("sends 204 without body and without length", () => {
  const options = { status: "204 No Content", bodyLength: 0 };
  const head = "HTTP/1.1 204 No Content\r\n\r\n";
  assertEquals(respond({}, [], ["oops"], options), head);
  assertEquals(respond({}, [["Content-Length", "0"]], [], options), head);
  assertThrows(() => respond({}, [["Content-Length", "5"]], [], options), ResponseError);
});

test("sends 304 without body, with the length that the app gives", () => {
  const options = { status: "304 Not Modified", bodyLength: 0 };
  assertEquals(respond({}, [], [], options), "HTTP/1.1 304 Not Modified\r\n\r\n");
  assertEquals(
    respond({}, [["Content-Length", "5"]], ["oops"], options),
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
  );
});

test("sends a 2xx to CONNECT without body, length or coding, but an error with", () => {
  const connect = { method: "CONNECT" };
  assertEquals(respond(connect, [], ["raw"], { bodyLength: 3 }), "HTTP/1.1 200 OK\r\n\r\n");
  assertEquals(
    respond(connect, [], ["no"], { status: "403 Forbidden", bodyLength: 2 }),
    "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
  );
});

test("tells after the head whether there may be a body", () => {
  const cases: [string, string, boolean][] = [
    ["GET", "200 OK", true],
    ["HEAD", "200 OK", false],
    ["GET", "204 No Content", false],
    ["GET", "205 Reset Content", false],
    ["GET", "304 Not Modified", false],
    ["CONNECT", "200 OK", false],
    ["CONNECT", "404 Not Found", true],
  ];
  for (const [method, status, expected] of cases) {
    const writer = writerOf({ method });
    writer.head(status, []);
    assertEquals(writer.bodyAllowed, expected, `${method} ${status}`);
  }
});

test("sends no content with 205, which is framed by a length of 0", () => {
  const empty = "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n";
  const status = "205 Reset";
  for (const method of ["GET", "HEAD", "POST"]) {
    for (const options of [{}, { bodyLength: 2 }, { bodyLength: 0 }]) {
      assertEquals(respond({ method }, [], ["no"], { status, ...options }), empty);
    }
    assertEquals(respond({ method }, [["Content-Length", "0"]], [], { status }), empty);
    const tooLong = () => writerOf({ method }).head(status, [["Content-Length", "5"]]);
    assertThrows(tooLong, ResponseError, "Cannot send Content-Length with this status");
  }
  const oldClient = respond({ minorVersion: 0 }, [], ["no"], { status });
  assertEquals(oldClient, empty.replace("\r\n\r\n", "\r\nConnection: keep-alive\r\n\r\n"));
});

test("refuses a Content-Length that is not one plain number", () => {
  for (const value of ["", "-1", "+1", "5, 5", "0x5", "5.0", " 5", "9007199254740992"]) {
    assertThrows(() => writerOf().head("200 OK", [["Content-Length", value]]), ResponseError);
  }
  const twice: FieldList = [["Content-Length", "5"], ["content-length", "5"]];
  assertThrows(() => writerOf().head("200 OK", twice), ResponseError, "two");
});

test("refuses a Content-Length that differs from the known length of the body", () => {
  const fields: FieldList = [["Content-Length", "5"]];
  const options = { bodyLength: 4 };
  assertThrows(() => writerOf().head("200 OK", fields, options), ResponseError, "4 bytes");
});

test("can write another head after one that was refused", () => {
  const writer = writerOf();
  assertThrows(() => writer.head("200 OK", [["A", "b\r\nc"]]), ResponseError);
  assert(writer.head("500 Internal Server Error", []).startsWith("HTTP/1.1 500 "));
});

test("refuses a second head", () => {
  const writer = writerOf();
  writer.head("200 OK", []);
  assertThrows(() => writer.head("200 OK", []), ResponseError, "second head");
});

test("refuses a body before its head and after its end", () => {
  const { sink } = collect();
  const writer = writerOf();
  assertThrows(() => writer.data("a", sink), ResponseError);
  assertThrows(() => writer.end(sink), ResponseError);
  writer.head("200 OK", []);
  writer.end(sink);
  assertThrows(() => writer.data("a", sink), ResponseError);
  assertThrows(() => writer.end(sink), ResponseError);
});

test("sends the part of a too long body that fits, throws, and stays usable", () => {
  for (const block of ["lo, world", latin1Bytes("lo, world")]) {
    const { sink, text } = collect();
    const writer = writerOf();
    writer.head("200 OK", [["Content-Length", "5"]]);
    writer.data("hel", sink);
    assertThrows(() => writer.data(block, sink), ResponseError, "7 bytes more");
    assertThrows(() => writer.data("more", sink), ResponseError);
    writer.end(sink);
    assertEquals(text(), "hello");
    assertEquals(writer.keepAlive, true);
  }
});

test("refuses a body that is too short, and ends the connection", () => {
  const { sink, text } = collect();
  const writer = writerOf();
  writer.head("200 OK", [["Content-Length", "5"]]);
  writer.data("hell", sink);
  assertThrows(() => writer.end(sink), ResponseError, "1 bytes less");
  assertEquals(text(), "hell");
  assertEquals(writer.keepAlive, false);
});

test("sends trailers after a chunked body", () => {
  const { sink, text } = collect();
  const writer = writerOf();
  writer.head("200 OK", [["Trailer", "Digest"]]);
  writer.end(sink, [["Digest", "abc"], ["X", "1"]]);
  assertEquals(text(), "0\r\nDigest: abc\r\nX: 1\r\n\r\n");
});

test("drops trailers if the framing has no place for them", () => {
  for (const given of [{ minorVersion: 0 }, { method: "HEAD" }] as const) {
    const { sink, text } = collect();
    const writer = writerOf(given);
    writer.head("200 OK", []);
    writer.end(sink, [["Digest", "abc"]]);
    assertEquals(text(), "");
  }
});

test("refuses forbidden trailers, and can then end without trailers", () => {
  const { sink, text } = collect();
  const writer = writerOf();
  writer.head("200 OK", []);
  const refused: FieldList = [["Content-Length", "5"], ["Set-Cookie", "a=b"], ["A", "b\nc"], [
    "",
    "b",
  ]];
  for (const trailer of refused) {
    assertThrows(() => writer.end(sink, [trailer]), ResponseError);
  }
  writer.end(sink);
  assertEquals(text(), "0\r\n\r\n");
});

test("law: a body written in either framing is read back", () => {
  const block = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
  });
  assertLaw(fc.property(fc.array(block), fc.boolean(), (blocks, isChunked) => {
    const body = blocks.join("");
    const { sink, text } = collect();
    const writer = writerOf();
    const head = writer.head("200 OK", [], isChunked ? {} : { bodyLength: body.length });
    for (const [index, part] of blocks.entries()) {
      writer.data(index % 2 === 0 ? part : latin1Bytes(part), sink);
    }
    writer.end(sink);
    // Requests and responses have the same framing, so the parser can read the body.
    const message = head.replace("HTTP/1.1 200 OK", "PUT / HTTP/1.1\r\nHost: x") + text();
    const events = transcript([latin1Bytes(message)]).split("\n").slice(4).join("\n");
    const request = transcript([latin1Bytes(
      `PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )]).split("\n").slice(4).join("\n");
    assertEquals(events, request);
  }));
});

test("a 426 may have Upgrade, which the server names in Connection, and no other status may", () => {
  const upgrade: FieldList = [["Upgrade", "HTTP/3.0, websocket"]];
  const connectionOf = (given: Partial<ResponseContext>) => {
    const head = writerOf(given).head("426 Upgrade Required", upgrade, { bodyLength: 0 });
    assert(head.includes("\r\nUpgrade: HTTP/3.0, websocket\r\n"), head);
    return /\r\nConnection: (.*)\r\n/.exec(head)?.[1];
  };
  assertEquals(connectionOf({}), "upgrade");
  assertEquals(connectionOf({ keepAlive: false }), "close, upgrade");
  assertEquals(connectionOf({ minorVersion: 0 }), "keep-alive, upgrade");
  for (const status of ["200 OK", "400 Bad Request", "427 None"]) {
    assertThrows(() => writerOf().head(status, upgrade), ResponseError, "only a 426");
  }
  const injected: FieldList = [["Upgrade", "a\r\nX: y"]];
  assertThrows(() => writerOf().head("426 Upgrade Required", injected), ResponseError);
  const connection: FieldList = [["Connection", "upgrade"]];
  assertThrows(() => writerOf().head("426 Upgrade Required", connection), ResponseError);
});

test("writes no head with a context that has no protocol", () => {
  for (const context of [undefined, 7, {}, { method: "GET", minorVersion: 1, keepAlive: true }]) {
    const writer = new ResponseWriter(context as never);
    const message = 'protocol of ResponseWriter is of the type undefined: expected "HTTP/1.1" or';
    assertThrows(() => writer.head("200 OK", []), TypeError, message);
  }
});
