/**
 * Distinguished names as text (RFC 4514), as `SSL_CLIENT_S_DN` of Apache's mod_ssl has them.
 *
 * The trap: a client chooses the values. A comma, a plus or a line feed in a value is escaped, so that it
 * cannot look like a further attribute.
 *
 * `certificate.ts` calls this.
 *
 * @module
 */

import { decodeLatin1 } from "../../../socket/mod.ts";
import { contentOf, type Element, elementsOf, hexText, oidText, TAGS } from "./der.ts";

/** An attribute: its short name, or its object identifier, and its text. */
interface Attribute {
  readonly name: string;
  /** The bytes of the value in UTF-8, each as a character; `undefined` for an unknown kind. */
  readonly text: string | undefined;
  readonly value: Element;
}

/** The parts of a name: each has mostly one attribute. */
export type DistinguishedName = readonly (readonly Attribute[])[];

/** The short names of OpenSSL. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ "2.5.4.3": "CN", "2.5.4.4": "SN", "2.5.4.5": "serialNumber", "2.5.4.6": "C" },
  ...{ "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.9": "street", "2.5.4.10": "O", "2.5.4.11": "OU" },
  ...{ "2.5.4.12": "title", "2.5.4.42": "GN", "2.5.4.43": "initials", "2.5.4.46": "dnQualifier" },
  ...{ "1.2.840.113549.1.9.1": "emailAddress", "0.9.2342.19200300.100.1.1": "UID" },
  "0.9.2342.19200300.100.1.25": "DC",
};

/**
 * Reads a name.
 *
 * @param element The element of the name.
 * @returns Its parts, in the order of the certificate.
 * @throws {SyntaxError} If it is malformed.
 */
export function readName(element: Element | undefined): DistinguishedName {
  return elementsOf(contentOf(element, TAGS.sequence)).map((part) =>
    elementsOf(contentOf(part, TAGS.set)).map((attribute) => {
      const [type, value] = elementsOf(contentOf(attribute, TAGS.sequence));
      const oid = oidText(contentOf(type, TAGS.oid));
      if (value === undefined) throw new SyntaxError("The certificate has a name without a value");
      return { name: NAMES[oid] ?? oid, text: textOf(value), value };
    })
  );
}

/**
 * Writes a name: the last part first, as RFC 4514 demands.
 *
 * @param name The name.
 * @returns The text.
 */
export function formatName(name: DistinguishedName): string {
  const parts = name.map((attributes) => attributes.map(formatAttribute).reverse().join("+"));
  return parts.reverse().join(",");
}

/**
 * Finds the common name.
 *
 * @param name The name.
 * @returns The text of its last `CN`, not escaped; `undefined` if it has none.
 */
export function commonName(name: DistinguishedName): string | undefined {
  return name.flat().findLast((attribute) => attribute.name === "CN")?.text;
}

function formatAttribute({ name, text, value }: Attribute): string {
  const isKnown = text !== undefined && !/^\d/.test(name);
  return `${name}=${isKnown ? escape(text) : `#${hexText(value.whole)}`}`;
}

/** The characters that a value has only after a backslash; control characters are written in hexadecimal. */
// deno-lint-ignore no-control-regex
const SPECIAL = /[\x00-\x1f\x7f,+"\\<>;]/g;

function escape(text: string): string {
  return text
    .replace(SPECIAL, (character) => {
      const code = character.charCodeAt(0);
      return `\\${code < 0x20 || code === 0x7f ? hexText(Uint8Array.of(code)) : character}`;
    })
    .replace(/^[ #]| $/g, "\\$&");
}

function textOf({ tag, content }: Element): string | undefined {
  switch (tag) {
    case TAGS.utf8:
    case TAGS.printable:
    case TAGS.ia5:
      return decodeLatin1(content, 0, content.length);
    case TAGS.t61:
      return encoded(Array.from(content));
    case TAGS.bmp:
      return encoded(numbersOf(content, 2));
    case TAGS.universal:
      return encoded(numbersOf(content, 4));
    default:
      return undefined;
  }
}

/** The characters in UTF-8, each byte as a character. */
function encoded(codes: readonly number[]): string {
  const text = codes.map((code) => code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code)).join(
    "",
  );
  const bytes = new TextEncoder().encode(text);
  return decodeLatin1(bytes, 0, bytes.length);
}

function numbersOf(bytes: Uint8Array, size: number): number[] {
  const numbers: number[] = [];
  for (let at = 0; at + size <= bytes.length; at += size) {
    numbers.push(bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0));
  }
  return numbers;
}
