/**
 * The elements of DER (X.690), the encoding of certificates.
 *
 * Each read is checked against the end of its element, because the bytes come from a client.
 *
 * `certificate.ts` and `distinguished_name.ts` call this.
 *
 * @module
 */

/** One element. */
export interface Element {
  /** The tag, with the bits of its class. */
  readonly tag: number;
  /** The bytes after the tag and the length. */
  readonly content: Uint8Array;
  /** The element with its tag and its length. */
  readonly whole: Uint8Array;
}

type TagName =
  | "integer"
  | "octetString"
  | "oid"
  | "utf8"
  | "printable"
  | "t61"
  | "ia5"
  | "utcTime"
  | "time"
  | "universal"
  | "bmp"
  | "sequence"
  | "set";

/** The tags of the elements that are read. */
export const TAGS: Readonly<Record<TagName, number>> = {
  ...{ integer: 0x02, octetString: 0x04, oid: 0x06, utf8: 0x0c, printable: 0x13, t61: 0x14 },
  ...{ ia5: 0x16, utcTime: 0x17, time: 0x18, universal: 0x1c, bmp: 0x1e },
  ...{ sequence: 0x30, set: 0x31 },
};

/** The largest number of bytes of a length. */
const MAX_LENGTH_BYTES = 3;

/**
 * Reads the elements that follow each other in some bytes.
 *
 * @param bytes The bytes: a certificate, or the content of an element.
 * @returns The elements.
 * @throws {SyntaxError} If an element is cut.
 */
export function elementsOf(bytes: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/**
 * Checks the tag of an element.
 *
 * @param element The element, if there is one.
 * @param tag The expected tag.
 * @returns The content of the element.
 * @throws {SyntaxError} If the element is missing or has another tag.
 */
export function contentOf(element: Element | undefined, tag: number): Uint8Array {
  if (element?.tag === tag) return element.content;
  throw new SyntaxError(`The certificate has the tag ${element?.tag}: expected ${tag}`);
}

/**
 * Writes an object identifier as text.
 *
 * @param content The content of the element.
 * @returns The numbers, with dots between them.
 */
export function oidText(content: Uint8Array): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      if (numbers.length > 0) numbers.push(value);
      else {
        const first = Math.min(Math.floor(value / 40), 2);
        numbers.push(first, value - 40 * first);
      }
      value = 0;
    }
  }
  return numbers.join(".");
}

/** Writes bytes in hexadecimal, in capital letters. */
export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase();
}

function elementAt(bytes: Uint8Array, at: number): Element {
  const [tag, first] = bytes.subarray(at, at + 2);
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw cut();
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > MAX_LENGTH_BYTES) throw cut();
    length = 0;
    for (const byte of bytes.subarray(start, start + count)) length = length * 256 + byte;
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw cut();
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) };
}

function cut(): SyntaxError {
  return new SyntaxError("The certificate is cut, or no DER");
}
