/**
 * The parser beside llhttp and http-parser-js: they agree on every message of the corpus, except for
 * the disagreements in `disagreements.md`, each of which a sentence of an RFC decides.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { isDiscardedTrailer } from "../../../src/http/forbidden_trailers.ts";
import { readCorpus } from "../corpus.ts";
import { mutate } from "../../fuzz/mutations.ts";
import { Random } from "../../fuzz/random.ts";
import { escapeBytes, latin1Bytes, latin1Text } from "../transcript.ts";
import { type Disagreement, readDisagreements } from "./disagreements.ts";
import { readWithHttpParserJs } from "./http_parser_js_reader.ts";
import { readWithLlhttp } from "./llhttp_reader.ts";
import { readWithOwn } from "./own_reader.ts";
import { differentPart, disagreement, type ReadConnection, type Reading } from "./reading.ts";

const OTHERS: Readonly<Record<string, ReadConnection>> = {
  "llhttp": readWithLlhttp,
  "http-parser-js": readWithHttpParserJs,
};
const corpus = readCorpus();
const sections = readDisagreements();

function find(parser: string): string[] {
  const found: Disagreement[] = [];
  for (const { name, bytes, limits } of corpus) {
    const kind = disagreement(readWithOwn(bytes, limits), OTHERS[parser]!(bytes, limits));
    if (kind !== undefined) found.push({ message: name, parser, kind });
  }
  return found.map(describe);
}

function listed(parser: string): string[] {
  const all = sections.flatMap(({ disagreements }) => disagreements);
  return all.filter((one) => one.parser === parser).map(describe);
}

function describe({ message, kind }: Disagreement): string {
  return `${kind}: ${message}`;
}

for (const parser of Object.keys(OTHERS)) {
  test(`agrees with ${parser} on every message except those that are listed with a rule`, () => {
    assertEquals(find(parser).sort(), listed(parser).sort());
  });

  test(`${parser} takes part: it reads a message with a body, trailers and a next message`, () => {
    const bytes = latin1Bytes([
      ...["POST /a?b HTTP/1.1", "Host: x", "A:  b ", "Transfer-Encoding: chunked", ""],
      ...["5;c=d", "hello", "0", "E: f", "", "GET / HTTP/1.0", "", ""],
    ].join("\r\n"));
    const reading = OTHERS[parser]!(bytes, {});
    assertEquals(reading, readWithOwn(bytes, {}));
    assertEquals(reading.messages.map(({ method }) => method), ["POST", "GET"]);
  });

  test(`${parser} takes part: it refuses bytes that are not HTTP`, () => {
    assert(
      OTHERS[parser]!(latin1Bytes("\x16\x03\x01 / HTTP/1.1\r\n\r\n"), {}).refusal !== undefined,
    );
  });
}

/** A reading without the trailers that only the parser of this repository discards. */
function withoutDiscarded({ messages, refusal }: Reading): Reading {
  return {
    messages: messages.map((message) => {
      const { trailers } = message;
      const isKept = (_: string, index: number) =>
        !isDiscardedTrailer(trailers[index - index % 2] as string);
      return { ...message, trailers: trailers.filter(isKept) };
    }),
    refusal,
  };
}

test("llhttp reads a mutated message in the same way, unless it refuses the message", () => {
  const random = new Random(20_250_607);
  const good = corpus.filter(({ bytes }) => readWithOwn(bytes, {}).refusal === undefined);
  let read = 0;
  for (let count = 0; count < 6000; count++) {
    const bytes = mutate(random.pick(good).bytes, random, random.pick(good).bytes);
    const own = readWithOwn(bytes, {});
    const other = withoutDiscarded(readWithLlhttp(bytes, {}));
    const part = differentPart(own, other);
    read += Math.min(own.messages.length, other.messages.length);
    // The parsers differ on persistence in two listed ways. One of them then reads no further message.
    if (part === "keepAlive") continue;
    assertEquals(part, undefined, escapeBytes(latin1Text(bytes)));
  }
  assert(read > 1000, `only ${read} messages were read by both`);
});

test("every disagreement is listed under a sentence of an RFC", () => {
  for (const { rule, quote, source, disagreements } of sections) {
    assert(disagreements.length > 0, rule);
    assert(quote.length > 10, rule);
    assertMatch(source, /^RFC \d{4} §[\d.C]+$/);
  }
});

test("no disagreement is listed twice", () => {
  for (const parser of Object.keys(OTHERS)) {
    assertEquals(new Set(listed(parser)).size, listed(parser).length);
  }
});
