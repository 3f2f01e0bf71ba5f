/**
 * The parts of a certificate (RFC 5280), read from its DER.
 *
 * The runtimes describe a certificate in different ways: one escapes a name and another one does not, and
 * the serial numbers differ. So the bytes are read here, and an environ is the same everywhere. The runtime
 * has checked the signature and the issuer before.
 *
 * `environ_keys.ts` calls this.
 *
 * @module
 */

import { decodeLatin1 } from "../../../socket/mod.ts";
import { contentOf, type Element, elementsOf, hexText, oidText, TAGS } from "./der.ts";
import { type DistinguishedName, readName } from "./distinguished_name.ts";

/** The parts of a certificate that an environ has. */
export interface Certificate {
  /** The serial number in hexadecimal. */
  readonly serial: string;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  /** The first moment of its validity, such as `Jan  1 00:00:00 2026 GMT`. */
  readonly validFrom: string;
  /** The last moment of its validity. */
  readonly validTo: string;
  /** The addresses for mail among its alternative names. */
  readonly emails: readonly string[];
  /** The host names among its alternative names. */
  readonly hosts: readonly string[];
}

/** The tag of the version, which is optional. */
const VERSION = 0xa0;
/** The tag of the extensions. */
const EXTENSIONS = 0xa3;
/** The tags of alternative names. */
const [EMAIL, HOST] = [0x81, 0x82];
const ALTERNATIVE_NAMES = "2.5.29.17";
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/**
 * Reads a certificate.
 *
 * @param der Its bytes.
 * @returns Its parts.
 * @throws {SyntaxError} If they are no certificate.
 */
export function readCertificate(der: Uint8Array): Certificate {
  const [outer] = elementsOf(der);
  const [signed] = elementsOf(contentOf(outer, TAGS.sequence));
  const fields = elementsOf(contentOf(signed, TAGS.sequence));
  if (fields[0]?.tag === VERSION) fields.shift();
  const [serial, , issuer, validity, subject] = fields;
  const [from, to] = elementsOf(contentOf(validity, TAGS.sequence));
  const names = alternativeNames(fields.find(({ tag }) => tag === EXTENSIONS));
  const textsOf = (wanted: number | undefined) =>
    names.filter(({ tag }) => tag === wanted).map(({ content }) => textOf(content));
  return {
    serial: serialText(contentOf(serial, TAGS.integer)),
    subject: readName(subject),
    issuer: readName(issuer),
    validFrom: timeText(from),
    validTo: timeText(to),
    emails: textsOf(EMAIL),
    hosts: textsOf(HOST),
  };
}

function alternativeNames(extensions: Element | undefined): Element[] {
  if (extensions === undefined) return [];
  const [list] = elementsOf(extensions.content);
  for (const extension of elementsOf(contentOf(list, TAGS.sequence))) {
    const parts = elementsOf(contentOf(extension, TAGS.sequence));
    if (oidText(contentOf(parts[0], TAGS.oid)) !== ALTERNATIVE_NAMES) continue;
    // A flag may stand before the value.
    const [names] = elementsOf(contentOf(parts.at(-1), TAGS.octetString));
    return elementsOf(contentOf(names, TAGS.sequence));
  }
  return [];
}

/** A zero byte before a first bit that is set makes the number positive; OpenSSL leaves the byte out. */
function serialText(content: Uint8Array): string {
  return hexText(content.length > 1 && content[0] === 0 ? content.subarray(1) : content);
}

/** `20260101000000Z`, or without the century, as OpenSSL prints it. */
function timeText(element: Element | undefined): string {
  const isShort = element?.tag === TAGS.utcTime;
  const digits = textOf(contentOf(element, isShort ? TAGS.utcTime : TAGS.time));
  // RFC 5280 §4.1.2.5.1: from 50 on, the year is one of the last century.
  const century = isShort ? digits >= "50" ? "19" : "20" : "";
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/.exec(century + digits) ?? [];
  const name = MONTHS[Number(month) - 1];
  if (name === undefined) throw new SyntaxError("The certificate has a time that is none");
  return `${name} ${String(Number(day)).padStart(2)} ${hour}:${minute}:${second} ${year} GMT`;
}

function textOf(content: Uint8Array): string {
  return decodeLatin1(content, 0, content.length);
}
