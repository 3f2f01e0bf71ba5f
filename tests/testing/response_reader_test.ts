/** `ResponseReader`: each framing, each split of the bytes, and bytes that are no response. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { joinBytes } from "../../src/socket/mod.ts";
import { ResponseReader } from "../../src/testing/response_reader.ts";
import { latin1Bytes } from "../support/latin1_bytes.ts";

interface Case {
  readonly method?: string;
  readonly wire: string;
  readonly status: number;
  readonly body: string;
  readonly state?: string;
  readonly trailers?: string;
  readonly informational?: readonly number[];
  readonly rest?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  "a length": {
    wire: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP",
    status: 200,
    body: "abc",
    rest: "HTTP",
  },
  "an empty body": { wire: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", status: 200, body: "" },
  chunks: {
    wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nA;x=y\r\n0123456789\r\n" +
      "0\r\n\r\n",
    status: 200,
    body: "a0123456789",
  },
  trailers: {
    wire: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\nX-B:2\r\n\r\n",
    status: 200,
    body: "",
    trailers: "X-A=1,X-B=2",
  },
  "no framing": {
    wire: "HTTP/1.1 200 OK\r\n\r\nall\r\n\r\n",
    status: 200,
    body: "all\r\n\r\n",
    state: "until-close",
  },
  "a HEAD": {
    method: "HEAD",
    wire: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
    status: 200,
    body: "",
  },
  "a 304": { wire: "HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", status: 304, body: "" },
  "informational responses": {
    wire:
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n",
    status: 204,
    body: "",
    informational: [100, 103],
  },
  "a tunnel": {
    wire: "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nany\0thing",
    status: 101,
    body: "any\0thing",
    state: "tunnel",
  },
  "a CONNECT": {
    method: "CONNECT",
    wire: "HTTP/1.1 200 OK\r\n\r\nany",
    status: 200,
    body: "any",
    state: "tunnel",
  },
};

function read({ method = "GET", wire }: Case, size: number): Case {
  const reader = new ResponseReader(method);
  const bytes = latin1Bytes(wire);
  let used = 0;
  for (let at = 0; at < bytes.length && used === at; at += size) {
    used += reader.push(bytes.subarray(at, at + size));
  }
  assertEquals(joinBytes(reader.raw), bytes.slice(0, used));
  const text = (pieces: readonly Uint8Array[]) => String.fromCharCode(...joinBytes(pieces));
  const trailers = reader.trailers.map((field) => field.join("=")).join();
  return {
    wire,
    status: reader.head?.status ?? 0,
    body: text(reader.body),
    state: reader.state,
    trailers,
    informational: reader.informational.map(({ status }) => status),
    rest: wire.slice(used),
  };
}

for (const [name, expected] of Object.entries(CASES)) {
  test(`a response with ${name}, in pieces of each size`, () => {
    const { method: _method, ...rest } = expected;
    const whole = { state: "complete", trailers: "", informational: [], rest: "", ...rest };
    for (let size = 1; size <= expected.wire.length; size++) {
      assertEquals(read(expected, size), whole, `pieces of ${size} bytes`);
    }
  });
}

test("bytes that are no response are an error that quotes them", () => {
  const wrong: Readonly<Record<string, RegExp>> = {
    "HTTP/2 200 OK\r\n\r\n": /expected a status line, got "HTTP\/2 200 OK"/,
    "HTTP/1.1 200 OK\r\nno field\r\n\r\n": /expected a field, got "no field"/,
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n":
      /expected one Content-Length/,
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n": /expected one Content-Length, got "-1"/,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n": /expected chunked/,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n": /only framing/,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n": /expected the size of a chunk/,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n":
      /expected CRLF after a chunk/,
  };
  for (const [wire, message] of Object.entries(wrong)) {
    const error = assertThrows(() => new ResponseReader("GET").push(latin1Bytes(wire)), Error);
    assertEquals(message.test(error.message), true, error.message);
  }
});
