/**
 * The compression of messages: the samples of RFC 7692, every window, both kinds of context, broken payloads and
 * bombs, and the memory of a connection that is idle.
 */

import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { test } from "node:test";
import * as zlib from "node:zlib";
import { agreeOnDeflate, parseExtensions } from "../../src/websocket/codec/extensions.ts";
import { MessageDeflate } from "../../src/websocket/deflate.ts";
import {
  type DeflateOptions,
  InflateError,
  type MessageCompression,
  permessageDeflate,
} from "../../src/websocket/mod.ts";
import { assertLaw } from "../support/shares.ts";

const MAX = 1024 * 1024;
const bytes = (...values: number[]) => Uint8Array.from(values);
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The compression of a connection, as a client has offered it. */
function agreedOn(compression: MessageCompression, offer: string): MessageDeflate {
  const offers = parseExtensions(`permessage-deflate${offer}`) ?? [];
  const agreement = agreeOnDeflate(offers, compression.parameters);
  if (agreement === undefined) throw new Error("no agreement");
  return MessageDeflate.of(compression, agreement);
}

function deflateFor(offer: string = "", options: DeflateOptions = {}): MessageDeflate {
  const compression = permessageDeflate(zlib, { contextTakeover: true, minBytes: 0, ...options });
  return agreedOn(compression, offer);
}

/** Payloads of RFC 7692 §7.2.3, and others that mean the same. */
const SAMPLES: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  "one block": [bytes(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00), "Hello"],
  "a block without compression": [
    bytes(0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00),
    "Hello",
  ],
  "a last block": [bytes(0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00), "Hello"],
  "two blocks": [
    bytes(0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00),
    "Hello",
  ],
  "an empty message": [bytes(0x00), ""],
  "an empty message in a fixed block": [bytes(0x02, 0x00), ""],
  "an empty payload": [bytes(), ""],
};

for (const [what, [payload, message]] of Object.entries(SAMPLES)) {
  test(`decompresses ${what}`, () => {
    assertEquals(deflateFor().inflate(payload, MAX), utf8(message));
    assertEquals(deflateFor().inflate(payload, message.length), utf8(message));
  });
}

test("decompresses a message that refers to the one before", () => {
  const deflate = deflateFor();
  assertEquals(
    deflate.inflate(bytes(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00), MAX),
    utf8("Hello"),
  );
  assertEquals(deflate.inflate(bytes(0xf2, 0x00, 0x11, 0x00, 0x00), MAX), utf8("Hello"));
});

test("a message that refers to the one before is broken without context takeover", () => {
  const deflate = deflateFor("; client_no_context_takeover");
  deflate.inflate(bytes(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00), MAX);
  const error = assertThrows(
    () => deflate.inflate(bytes(0xf2, 0x00, 0x11, 0x00, 0x00), MAX),
    InflateError,
  );
  assertEquals(error.isTooBig, false);
});

const BROKEN: Readonly<Record<string, Uint8Array>> = {
  "a reserved kind of block": bytes(0x07, 0x00),
  "any bytes": bytes(0xff, 0xff, 0xff, 0xff),
  "a payload that was cut off": bytes(0xf2, 0x48, 0xcd, 0xc9),
  "a block with a wrong length": bytes(0x00, 0x05, 0x00, 0x00, 0x00, 0x48),
  "text that was not compressed": utf8("this was not compressed at all"),
};

for (const [what, payload] of Object.entries(BROKEN)) {
  test(`refuses ${what}`, () => {
    const error = assertThrows(() => deflateFor().inflate(payload, MAX), InflateError);
    assertEquals(error.isTooBig, false);
  });
}

test("a bomb is refused at the limit, which is exact, with and without a context", () => {
  const zeros = zlib.deflateRawSync(new Uint8Array(100_000), { finishFlush: 2 });
  const payload = new Uint8Array(zeros.subarray(0, zeros.length - 4));
  assert(payload.length < 200);
  for (const hasContext of [false, true]) {
    const deflate = deflateFor();
    if (hasContext) deflate.inflate(payload, 100_000);
    assertEquals(deflate.inflate(payload, 100_000).length, 100_000);
    const error = assertThrows(() => deflate.inflate(payload, 99_999), InflateError);
    assertEquals(error.isTooBig, true);
    assertEquals(assertThrows(() => deflate.inflate(payload, 0), InflateError).isTooBig, true);
  }
});

/** Decompresses as a client with a window does: with one stream for all messages. */
function readByClient(payloads: readonly Uint8Array[], windowBits: number): Uint8Array {
  const tail = bytes(0x00, 0x00, 0xff, 0xff);
  const stream = payloads.flatMap((payload) => [...payload, ...tail]);
  return new Uint8Array(
    zlib.inflateRawSync(Uint8Array.from(stream), { finishFlush: 2, windowBits }),
  );
}

const message = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.tuple(fc.nat(6000), fc.integer({ min: 1, max: 70 })).map(([length, period]) =>
    Uint8Array.from({ length }, (_, index) => index % period ^ (index >> 9))
  ),
);

for (const takeover of [true, false]) {
  test(`a client reads each message ${takeover ? "with" : "without"} context, in any window`, () => {
    assertLaw(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 8, max: 15 }),
        (messages, bits) => {
          const rest = takeover ? "" : "; server_no_context_takeover";
          const deflate = deflateFor(`; server_max_window_bits=${bits}${rest}`);
          const sent = messages.map((each) => [each, deflate.deflate(each)] as const)
            .filter((pair): pair is [Uint8Array<ArrayBuffer>, Uint8Array] => pair[1] !== undefined);
          if (takeover) {
            const read = readByClient(sent.map(([, payload]) => payload), bits);
            assertEquals(read, Uint8Array.from(sent.flatMap(([each]) => [...each])));
          } else {
            for (const [each, payload] of sent) assertEquals(readByClient([payload], bits), each);
          }
        },
      ),
      25,
    );
  });
}

test("what one end compresses, the other decompresses, in a context that both keep", () => {
  assertLaw(
    fc.property(
      fc.array(message, { maxLength: 6 }),
      fc.integer({ min: 8, max: 15 }),
      (messages, bits) => {
        const offer = `; server_max_window_bits=${bits}; client_max_window_bits=${bits}`;
        const [one, other] = [deflateFor(offer), deflateFor(offer)];
        for (const each of messages) {
          const payload = one.deflate(each);
          if (payload !== undefined) assertEquals(other.inflate(payload, MAX), each);
        }
      },
    ),
    25,
  );
});

test("a context makes the same message shorter, where zlib takes a dictionary", () => {
  const deflate = deflateFor();
  const text = utf8('{"type":"price","symbol":"ABC","value":17.25,"currency":"EUR"}'.repeat(3));
  const first = deflate.deflate(text)?.length ?? 0;
  const second = deflate.deflate(text)?.length ?? 0;
  if (deflate.sharedKey === undefined) assert(second < first / 3);
  else assertEquals(second, first);
});

test("a message that does not become smaller, or is short, is sent as it is", () => {
  let state = 1;
  const noise = Uint8Array.from({ length: 500 }, () => {
    state = Math.imul(state, 1_103_515_245) + 12_345 | 0;
    return state >>> 16;
  });
  assertEquals(deflateFor().deflate(noise), undefined);
  assertEquals(deflateFor().deflate(new Uint8Array(0)), undefined);
  assertEquals(deflateFor("", { minBytes: 100 }).deflate(new Uint8Array(99)), undefined);
  assert(deflateFor("", { minBytes: 100 }).deflate(new Uint8Array(100)) !== undefined);
});

const OPTIONS: Readonly<Record<string, readonly [unknown, unknown]>> = {
  "The zlib of permessageDeflate is {}: expected the module node:zlib": [{}, {}],
  "The zlib of permessageDeflate is undefined": [undefined, {}],
  'Unknown option of options of permessageDeflate "treshold"': [zlib, { treshold: 5 }],
  "contextTakeover is 1: expected true or false": [zlib, { contextTakeover: 1 }],
  "windowBits is 16: expected a whole number from 8 to 15": [zlib, { windowBits: 16 }],
  "windowBits is 8.5: expected a whole number": [zlib, { windowBits: 8.5 }],
  "level is 0: expected a whole number from 1 to 9": [zlib, { level: 0 }],
  'minBytes is "5": expected a number': [zlib, { minBytes: "5" }],
};

for (const [error, [module, options]] of Object.entries(OPTIONS)) {
  test(`a wrong option is named: ${error}`, () => {
    assertThrows(() => permessageDeflate(module as never, options as never), Error, error);
  });
}

test("connections without context share one compression; the others have one each", () => {
  const compression = permessageDeflate(zlib, { contextTakeover: true });
  const agreed = (offer: string) => agreedOn(compression, offer);
  const none = "; server_no_context_takeover; client_no_context_takeover";
  assertStrictEquals(agreed(none), agreed(`${none}; client_max_window_bits=9`));
  assertNotStrictEquals(agreed(none), agreed(`${none}; server_max_window_bits=9`));
  for (const own of ["", "; server_no_context_takeover"]) {
    assertNotStrictEquals(agreed(own), agreed(own));
  }
});
