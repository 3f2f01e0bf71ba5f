/**
 * The text of a message: its schema version, and a JSON value or bytes.
 *
 *     {"v":1,"j":{"any":"JSON"}}        {"v":1,"b":"base64"}
 *
 * One form of text passes through every broker and every channel between workers. A value that JSON would
 * change without a word, such as `NaN` or a `Map`, is an error.
 *
 * The bus calls this.
 *
 * @module
 */

import { optionError, showValue } from "../coroutine/mod.ts";

/** The version of the schema. Readers refuse any other. */
const VERSION = 1;

const utf8 = new TextEncoder();

const EXPECTED = "a JSON value or a Uint8Array";

/**
 * Writes a message.
 *
 * @param value A JSON value, or a `Uint8Array`.
 * @param maxBytes The largest number of bytes in UTF-8.
 * @throws {TypeError} If the value is neither.
 * @throws {RangeError} If the text is too long.
 */
export function encodeMessage(value: unknown, maxBytes: number): string {
  const text = value instanceof Uint8Array
    ? `{"v":${VERSION},"b":"${toBase64(value)}"}`
    : `{"v":${VERSION},"j":${toJson(value)}}`;
  // A character of a string has at most 3 bytes.
  const bytes = text.length * 3 <= maxBytes ? 0 : utf8.encode(text).length;
  if (bytes <= maxBytes) return text;
  throw new RangeError(`The message has ${bytes} bytes on the bus: expected at most ${maxBytes}`);
}

/**
 * Reads a message.
 *
 * @returns The value; `undefined` if the message has another schema.
 */
export function decodeMessage(text: string): { readonly value: unknown } | undefined {
  try {
    const message = JSON.parse(text) as { v?: unknown; j?: unknown; b?: unknown } | null;
    if (message?.v !== VERSION) return undefined;
    if (typeof message.b === "string") return { value: fromBase64(message.b) };
    return message.j === undefined ? undefined : { value: message.j };
  } catch {
    return undefined;
  }
}

function toJson(value: unknown): string {
  const json = JSON.stringify(value, function (this: unknown, key, part: unknown) {
    // A `Buffer` of Node has been replaced by its own `toJSON`.
    const given = (this as Record<string, unknown>)[key];
    const isHole = part === undefined && Array.isArray(this);
    if (!isHole && !isLost(part) && !ArrayBuffer.isView(given)) return part;
    throw optionError(key === "" ? "The message" : `"${key}" of the message`, given, EXPECTED);
  }) as string | undefined;
  if (json !== undefined) return json;
  throw new TypeError(`The message is ${showValue(value)}: expected ${EXPECTED}, such as null`);
}

/** The kinds of objects that JSON keeps, by their names in `toString`. */
const KEPT = /^\[object (?:Object|Array|String|Number|Boolean)\]$/;

/** Whether JSON would drop a value, or write another one for it: `null` for `NaN`, `{}` for a `Map`. */
function isLost(value: unknown): boolean {
  if (typeof value === "number") return !Number.isFinite(value);
  if (typeof value === "function" || typeof value === "symbol") return true;
  if (typeof value !== "object" || value === null) return false;
  if (value instanceof Error) return true;
  return !KEPT.test(Object.prototype.toString.call(value)) && Object.keys(value).length === 0;
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The bytes as base64 (RFC 4648, section 4). Not all runtimes have a function for this. */
function toBase64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let index = 0; index < bytes.length; index += 3) {
    const [one = 0, two = 0, three = 0] = bytes.subarray(index, index + 3);
    const bits = one << 16 | two << 8 | three;
    parts.push(digit(bits >> 18) + digit(bits >> 12) + digit(bits >> 6) + digit(bits));
  }
  const missing = (3 - bytes.length % 3) % 3;
  const text = parts.join("");
  return missing === 0 ? text : text.slice(0, -missing) + "=".repeat(missing);
}

function digit(bits: number): string {
  return DIGITS[bits & 63] as string;
}

const VALUES = new Map(Array.from(DIGITS, (digit, value) => [digit, value]));

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  let { length } = text;
  while (text[length - 1] === "=") length--;
  const bytes = new Uint8Array(Math.floor(length * 3 / 4));
  let bits = 0;
  let filled = 0;
  for (let index = 0; index < length; index++) {
    const value = VALUES.get(text[index] as string);
    if (value === undefined) throw new SyntaxError("no base64");
    bits = (bits << 6 | value) & 0xffffff;
    if (index % 4 > 0) bytes[filled++] = bits >> (6 - index % 4 * 2);
  }
  return bytes;
}
