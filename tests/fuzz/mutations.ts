/**
 * The mutations of messages: each one is a small function, and several are applied in a row.
 *
 * `fuzzer.ts` calls this, and so does the differential test for messages that llhttp reads, too.
 */

import { latin1Bytes } from "../http/transcript.ts";
import type { Random } from "./random.ts";

/** The length to which most mutated messages are cut, as splicing makes them grow. */
const MAX_BYTES = 2048;
/** The most repetitions of one byte. Some default limits are reached by long messages only. */
const MAX_REPEATS = 40_000;

type Mutation = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

/** Parts of messages that parsers have read in different ways. */
const TOKENS: readonly Uint8Array[] = [
  ...[
    "\r\n",
    "\r",
    "\n",
    "\r\n\r\n",
    "\n\n",
    "\r\r\n",
    "\0",
    "\t",
    " ",
    "\v",
    "\f",
    "\x7f",
    "\x80",
  ],
  ...[
    "\xa0",
    "\xff",
    "\u00b2",
    ":",
    ";",
    ",",
    "=",
    '"',
    "\\",
    "#",
    "?",
    "/",
    "*",
    "@",
    "[",
    "]",
    "%",
  ],
  ...[
    "GET",
    "POST ",
    "OPTIONS * ",
    "CONNECT ",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.1",
    "HTTP/1.0",
  ],
  ...["http://", "HTTPS://a", "//", "/../", "%00", "%2f", "x:1", "[::1]", "a@b", ":65536"],
  ...["Host: x\r\n", "Host:\r\n", "host: y\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n"],
  ...["Content-Length: 5, 5\r\n", "content-length:+5\r\n", "Transfer-Encoding: chunked\r\n"],
  ...[
    "Transfer-Encoding: gzip, chunked\r\n",
    "transfer-encoding:\tChunked\r\n",
    "TE: trailers\r\n",
  ],
  ...["Connection: close\r\n", "Connection: keep-alive\r\n", "Connection: upgrade, close\r\n"],
  ...["Upgrade: websocket\r\n", "Expect: 100-continue\r\n", "Expect: x\r\n", "Trailer: a\r\n"],
  ...[
    "Authorization: Basic YTpi\r\n",
    "Cookie: a=b\r\n",
    " folded\r\n",
    "A\r\n",
    ": b\r\n",
    "A : b\r\n",
  ],
  ...[
    "0\r\n\r\n",
    "5\r\nhello\r\n",
    "5;a\r\nhello\r\n",
    '1;a="b;\\"";c=d\r\nx\r\n',
    '1 ;\ta = b ; c\t= "d"\r\nx\r\n',
    "1 \r\nx\r\n",
    "0x5\r\n",
    "-1\r\n",
  ],
  ...["ffffffffffffffff\r\n", "10000000000000000\r\n", "0\r\nA: b\r\n\r\n", "0\r\nHost: x\r\n\r\n"],
  ...["0\r\nVary: a\r\nB: c\r\n\r\n", "Vary: a\r\n"],
].map(latin1Bytes);

/** Valid lengths, nearly valid lengths, and lengths beyond the range of some integer type. */
const LENGTHS: readonly string[] = [
  ...[
    "0",
    "1",
    "2",
    "5",
    "9",
    "a",
    "f",
    "10",
    "00",
    "05",
    "-1",
    "+1",
    "1.0",
    "1e1",
    "0x1",
    "1_0",
    " 1",
  ],
  ...["7fffffff", "80000000", "ffffffff", "100000000", "2147483648", "4294967295", "4294967296"],
  ...["9007199254740991", "9007199254740992", "1fffffffffffff", "20000000000000"],
  ...["18446744073709551615", "18446744073709551616", "ffffffffffffffff", "10000000000000000"],
];

const flipBit: Mutation = (bytes, random) => {
  const changed = bytes.slice();
  if (changed.length > 0) changed[random.below(changed.length)]! ^= 1 << random.below(8);
  return changed;
};

const setByte: Mutation = (bytes, random) => {
  const changed = bytes.slice();
  if (changed.length > 0) changed[random.below(changed.length)] = random.below(256);
  return changed;
};

const insertToken: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  return replaceRange(bytes, at, at, random.pick(TOKENS));
};

const overwriteWithToken: Mutation = (bytes, random) => {
  const at = random.below(bytes.length + 1);
  const token = random.pick(TOKENS);
  return replaceRange(bytes, at, Math.min(bytes.length, at + token.length), token);
};

const removeRange: Mutation = (bytes, random) => {
  const [from, to] = range(bytes, random);
  return replaceRange(bytes, from, to, new Uint8Array(0));
};

const duplicateRange: Mutation = (bytes, random) => {
  const [from, to] = range(bytes, random);
  return replaceRange(bytes, to, to, bytes.subarray(from, to));
};

/** Inserts a copy of a line at the start of another line. */
const repeatLine: Mutation = (bytes, random) => {
  const from = lineStart(bytes, random.below(bytes.length + 1));
  const to = lineStart(bytes, bytes.indexOf(0x0a, from) + 1);
  const at = lineStart(bytes, random.below(bytes.length + 1));
  return replaceRange(bytes, at, at, bytes.subarray(from, Math.max(from, to)));
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1));

/** Replaces a part of the message by a part of another message. */
const splice: Mutation = (bytes, random, other) => {
  const [from, to] = range(bytes, random);
  const [otherFrom, otherTo] = range(other, random);
  return replaceRange(bytes, from, to, other.subarray(otherFrom, otherTo));
};

/** Joins the beginning of the message and the end of another message. */
const cross: Mutation = (bytes, random, other) => {
  const at = random.below(bytes.length + 1);
  return replaceRange(bytes, at, bytes.length, other.subarray(random.below(other.length + 1)));
};

const append: Mutation = (bytes, _random, other) =>
  replaceRange(bytes, bytes.length, bytes.length, other);

/** Replaces a number by another length. */
const editLength: Mutation = (bytes, random) => {
  let from = random.below(bytes.length + 1);
  while (from < bytes.length && !isDigit(bytes[from] as number)) from++;
  let to = from;
  while (to < bytes.length && isDigit(bytes[to] as number)) to++;
  return replaceRange(bytes, from, to, latin1Bytes(random.pick(LENGTHS)));
};

/** Repeats one byte many times. */
const inflate: Mutation = (bytes, random) => {
  const at = random.below(bytes.length);
  const count = random.below(random.onceIn(40) ? MAX_REPEATS : 300);
  return replaceRange(bytes, at, at, new Uint8Array(count).fill(bytes[at] ?? 0x61));
};

const MUTATIONS: readonly Mutation[] = [
  ...[flipBit, setByte, insertToken, insertToken, overwriteWithToken, removeRange, duplicateRange],
  ...[repeatLine, truncate, splice, cross, append, editLength, editLength, inflate],
];

/**
 * Mutates a message.
 *
 * @param bytes The message, which is not changed itself.
 * @param random The source of all choices.
 * @param other Another message, which gives parts.
 */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let changed = bytes;
  for (let count = 1 + random.below(4); count > 0; count--) {
    changed = random.pick(MUTATIONS)(changed, random, other);
    if (changed.length > MAX_BYTES && !random.onceIn(20)) changed = changed.subarray(0, MAX_BYTES);
  }
  return changed;
}

function replaceRange(
  bytes: Uint8Array,
  from: number,
  to: number,
  middle: Uint8Array,
): Uint8Array {
  const result = new Uint8Array(from + middle.length + bytes.length - to);
  result.set(bytes.subarray(0, from));
  result.set(middle, from);
  result.set(bytes.subarray(to), from + middle.length);
  return result;
}

/** A random range, mostly a short one, as long ranges leave nothing of a message. */
function range(bytes: Uint8Array, random: Random): [number, number] {
  const from = random.below(bytes.length + 1);
  const length = random.below(random.onceIn(3) ? bytes.length + 1 : 12);
  return [from, Math.min(bytes.length, from + length)];
}

function lineStart(bytes: Uint8Array, at: number): number {
  return at <= 0 ? 0 : bytes.lastIndexOf(0x0a, at - 1) + 1;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
