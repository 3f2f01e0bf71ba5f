/**
 * Long uploads over real sockets: an app that keeps all arrays of its reads finds each byte of the client in them,
 * in any framing and with reads of any size.
 */

import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import type { Environ, WSGIApp } from "../../mod.ts";
import { RUNTIME, servingOverTcp } from "../support/tcp.ts";

/** The content of a body: no two of its blocks of 64 KiB are equal. */
function content(length: number, seed: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE((at + seed) * 40_503 >>> 0, at);
  return bytes;
}

/** The sizes of the reads: bytes, all bytes, or lines. */
const SIZES = ["1000", "65536", "65535", "100000", "all", "lines"] as const;

/** Reads a body, and keeps each array. */
function* arraysOf(environ: Environ, size: string) {
  const input = environ["wsgi.input"];
  if (size === "all") return [yield* input.read()];
  const arrays: Uint8Array[] = [];
  for (;;) {
    const read = size === "lines" ? input.readline() : input.read(Number(size));
    const piece = yield* read;
    if (piece.length === 0) return arrays;
    arrays.push(piece);
  }
}

/** Gives back the body, after it has been read to its end. */
const echo: WSGIApp = function* (environ, startResponse) {
  const arrays = yield* arraysOf(environ, environ.QUERY_STRING);
  startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
  return Buffer.concat(arrays) as Uint8Array<ArrayBuffer>;
};

/** The same in an async app, which reads pieces as they arrive. */
const asyncEcho: WSGIApp = async (environ, startResponse) => {
  const arrays: Uint8Array[] = [];
  for await (const piece of environ["wsgi.input"]) arrays.push(piece);
  startResponse("200 OK", [["Content-Type", "application/octet-stream"]]);
  return [Buffer.concat(arrays)];
};

function chunksOf(body: Buffer, size: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    parts.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from("\r\n"));
  }
  return [...parts, Buffer.from("0\r\n\r\n")];
}

/** An upload, and the last one says so. */
function upload(target: string, body: Buffer, framing: string, isLast: boolean): Buffer {
  const head = `POST ${target} HTTP/1.1\r\nHost: a\r\n${isLast ? "Connection: close\r\n" : ""}`;
  if (framing === "length") {
    return Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]);
  }
  const parts = chunksOf(body, Number(framing));
  return Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), ...parts]);
}

/** The bodies of responses with a length, one after another, as latin-1. */
function bodiesOf(received: string): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < received.length;) {
    const start = received.indexOf("\r\n\r\n", at) + 4;
    const length = Number(/content-length: (\d+)/i.exec(received.slice(at, start))?.[1]);
    bodies.push(received.slice(start, start + length));
    at = start + length;
  }
  return bodies;
}

for (const framing of ["length", "65536", "10000"]) {
  test(`long uploads arrive as they were sent, with framing by ${framing}, on ${RUNTIME}`, async () => {
    const { open, finish } = await servingOverTcp({ "/async": asyncEcho, "": echo });
    const wrong: string[] = [];
    const bodies = [content(300_001, 1), content(131_072, 7), content(200_000, 9)];
    for (const target of ["/async", ...SIZES.map((size) => `/?${size}`)]) {
      const requests = bodies.map((body, at) =>
        upload(target, body, framing, at === bodies.length - 1)
      );
      // Two connections upload at the same time.
      const clients = [await open(), await open()];
      for (const client of clients) client.send(Buffer.concat(requests));
      for (const client of clients) {
        await client.until("the end", () => client.ended);
        const isRight = bodiesOf(client.text).map((text, at) =>
          text === bodies[at]?.toString("latin1")
        );
        if (isRight.length < 3 || isRight.includes(false)) wrong.push(`${target}: ${isRight}`);
      }
    }
    await finish();
    assertEquals(wrong, []);
  });
}
