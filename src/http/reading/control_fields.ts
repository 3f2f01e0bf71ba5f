/**
 * The fields that steer the protocol itself, picked from a head in one pass, and what they say about
 * the connection.
 */

import { ProtocolError } from "../errors.ts";
import { listMembers, quote } from "../grammar.ts";
import { refuseRepeated } from "../repeated_fields.ts";

/** One bit for each field that may come once and is not read here. */
const AUTHORIZATION = 1;
const PROXY_AUTHORIZATION = 2;
const CONTENT_TYPE = 4;
const ORIGIN = 8;

/**
 * The control fields of one head; what came on several lines is joined by `, `. A field that may come
 * once only is refused here (see `repeated_fields.ts`), or where its value is judged.
 */
export class ControlFields {
  readonly minorVersion: 0 | 1;
  host: string | undefined;
  hostCount = 0;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  expect: string | undefined;
  upgrade: string | undefined;
  #seen = 0;

  constructor(fields: readonly string[], minorVersion: 0 | 1) {
    this.minorVersion = minorVersion;
    for (let index = 0; index < fields.length; index += 2) {
      const value = fields[index + 1]!;
      switch (fields[index]) {
        case "host":
          this.host = value;
          this.hostCount++;
          break;
        case "content-length":
          this.contentLength = joined(this.contentLength, value);
          break;
        case "transfer-encoding":
          this.transferEncoding = joined(this.transferEncoding, value);
          break;
        case "connection":
          this.connection = joined(this.connection, value);
          break;
        case "expect":
          this.expect = joined(this.expect, value);
          break;
        case "upgrade":
          this.upgrade = joined(this.upgrade, value);
          break;
        case "authorization":
          this.#once("Authorization", AUTHORIZATION);
          break;
        case "proxy-authorization":
          this.#once("Proxy-Authorization", PROXY_AUTHORIZATION);
          break;
        case "content-type":
          this.#once("Content-Type", CONTENT_TYPE);
          break;
        case "origin":
          this.#once("Origin", ORIGIN);
          break;
      }
    }
  }

  /** RFC 9112 §9.3: HTTP/1.1 persists unless closed, HTTP/1.0 only when asked to. */
  get keepAlive(): boolean {
    if (this.connection === undefined) return this.minorVersion === 1;
    if (hasMember(this.connection, "close")) return false;
    return this.minorVersion === 1 || hasMember(this.connection, "keep-alive");
  }

  /** RFC 9110 §7.8: the field counts only when Connection names it, and never in HTTP/1.0. */
  get wantsUpgrade(): boolean {
    if (this.upgrade === undefined || this.connection === undefined) return false;
    return this.minorVersion === 1 && hasMember(this.connection, "upgrade");
  }

  /**
   * RFC 9110 §10.1.1: the only expectation there is; another is answered 417. HTTP/1.0 has none, so
   * there the field means nothing.
   */
  get expectsContinue(): boolean {
    if (this.expect === undefined || this.minorVersion === 0) return false;
    const members = listMembers(this.expect.toLowerCase());
    if (members.some((member) => member !== "100-continue")) {
      throw new ProtocolError(417, `Cannot meet expectation ${quote(this.expect)}`);
    }
    return members.length > 0;
  }

  #once(name: string, bit: number): void {
    if ((this.#seen & bit) !== 0) refuseRepeated(name);
    this.#seen |= bit;
  }
}

function joined(before: string | undefined, value: string): string {
  return before === undefined ? value : `${before}, ${value}`;
}

/** Whether a list of tokens has `member`, which is in lower case. */
function hasMember(list: string, member: string): boolean {
  const lowercase = list.toLowerCase();
  return lowercase === member || listMembers(lowercase).includes(member);
}
