/**
 * The response writer, read back by llhttp: a law about any response.
 */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import { ResponseWriter } from "../../../src/http/mod.ts";
import { latin1Bytes, latin1Text } from "../transcript.ts";
import { runLlhttp } from "./llhttp.ts";
import { assertLaw } from "../../support/shares.ts";

const VISIBLE = Array.from({ length: 94 }, (_, index) => String.fromCharCode(0x21 + index));
const TOKEN_CHARACTERS = VISIBLE.filter((character) => /[!#$%&'*+\-.^_`|~\w]/.test(character));
const CONTENT = [...VISIBLE, " ", "\t", "\x80", "\xe9", "\xff"];

const text = (characters: string[], minLength: number) =>
  fc.array(fc.constantFrom(...characters), { minLength, maxLength: 12 }).map((all) => all.join(""));
const field = fc.tuple(
  text(TOKEN_CHARACTERS, 1).map((name) => `x-${name}`.toLowerCase()),
  text(CONTENT, 0).map((value) => value.replace(/^[ \t]+|[ \t]+$/g, "")),
);
const fields = fc.array(field, { maxLength: 5 });
const block = fc.uint8Array({ maxLength: 20 }).chain((bytes) =>
  fc.constantFrom<string | Uint8Array>(bytes, latin1Text(bytes))
);

const response = fc.record({
  method: fc.constantFrom("GET", "HEAD", "POST"),
  minorVersion: fc.constantFrom<0 | 1>(0, 1),
  keepAlive: fc.boolean(),
  protocol: fc.constantFrom<"HTTP/1.1" | "HTTP/1.0">("HTTP/1.1", "HTTP/1.0"),
  status: fc.constantFrom(200, 201, 204, 206, 302, 304, 404, 500, 599),
  fields,
  blocks: fc.array(block, { maxLength: 5 }),
  knowsLength: fc.boolean(),
  trailers: fields,
});

test("law: llhttp reads a response back, and finds its end", () => {
  assertLaw(fc.property(response, (given) => {
    const { method, status, blocks } = given;
    const body = blocks.map((block) => typeof block === "string" ? block : latin1Text(block)).join(
      "",
    );
    const writer = new ResponseWriter(given);
    const bodyLength = given.knowsLength ? body.length : undefined;
    let wire = writer.head(`${status} Phrase`, given.fields, { bodyLength });
    const sink = (part: string | Uint8Array) =>
      void (wire += typeof part === "string" ? part : latin1Text(part));
    for (const block of blocks) writer.data(block, sink);
    writer.end(sink, given.trailers);
    const isChunked = wire.includes("\r\nTransfer-Encoding: chunked\r\n");

    // A second response shows whether the first one ended at the right byte.
    const next = writer.keepAlive ? "HTTP/1.1 418 Next\r\nContent-Length: 0\r\n\r\n" : "";
    const reading = runLlhttp(latin1Bytes(wire + next), {
      type: "response",
      isLast: ({ status }) => status === 418,
      skipBody: method === "HEAD",
    });
    assertEquals(reading.refusal, undefined, wire);
    assertEquals(reading.messages.length, writer.keepAlive ? 2 : 1);
    const [read] = reading.messages;
    assertEquals(read!.status, status);
    assertEquals(read!.body, writer.bodyAllowed ? body : "");
    assertEquals(read!.keepAlive, writer.keepAlive);
    assertEquals(read!.fields.slice(0, 2 * given.fields.length), given.fields.flat());
    assertEquals(read!.trailers, isChunked ? given.trailers.flat() : []);
    assert(!(isChunked && /\r\nContent-Length:/i.test(wire)), "framed twice");
  }));
});
