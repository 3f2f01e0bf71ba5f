/**
 * The control fields of a request: the fields that decide framing, routing and the connection.
 *
 *     Connection = #connection-option
 *     Expect     = #expectation
 *     Upgrade    = #protocol
 *
 * Strategy: one pass over the fields of a head picks the control fields and refuses repeated
 * singletons (`repeated_fields.ts`). Getters derive the facts about the connection, so that a fact is
 * computed only for a head that needs it.
 *
 * `head_reader.ts` calls this.
 *
 * @module
 */

import { ProtocolError } from "../errors.ts";
import { listMembers, quote } from "../grammar.ts";
import { refuseRepeated } from "../repeated_fields.ts";

// Each singleton whose value is not read here has one bit.
const AUTHORIZATION = 1;
const PROXY_AUTHORIZATION = 2;
const CONTENT_TYPE = 4;
const ORIGIN = 8;

/**
 * The control fields of one head. The lines of a repeated field are joined by `, `. The constructor
 * refuses repeated singletons, except Host, which `head_reader.ts` refuses, and Content-Length, whose
 * joined value `framing.ts` refuses.
 */
export class ControlFields {
  readonly minorVersion: 0 | 1;
  /** The value of the last Host line. */
  host: string | undefined;
  /** The number of Host lines. */
  hostCount = 0;
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string | undefined;
  expect: string | undefined;
  upgrade: string | undefined;
  /** The bits of the singletons that have come so far. */
  #seen = 0;

  constructor(fields: readonly string[], minorVersion: 0 | 1) {
    this.minorVersion = minorVersion;
    for (let index = 0; index < fields.length; index += 2) {
      const value = fields[index + 1] as string;
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

  /**
   * Whether the connection may persist: in HTTP/1.1 without `close`, in HTTP/1.0 only with
   * `keep-alive` (RFC 9112 §9.3).
   */
  get keepAlive(): boolean {
    if (this.connection === undefined) return this.minorVersion === 1;
    if (hasMember(this.connection, "close")) return false;
    return this.minorVersion === 1 || hasMember(this.connection, "keep-alive");
  }

  /**
   * Whether the peer offers an upgrade. Upgrade counts only if Connection names it, and never in
   * HTTP/1.0 (RFC 9110 §7.8).
   */
  get wantsUpgrade(): boolean {
    if (this.upgrade === undefined || this.connection === undefined) return false;
    return this.minorVersion === 1 && hasMember(this.connection, "upgrade");
  }

  /**
   * Whether the peer waits for 100 (Continue). `100-continue` is the only defined expectation; the
   * answer to another one is 417 (RFC 9110 §10.1.1). In HTTP/1.0 the field has no meaning.
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

/** Whether a list of tokens in any case contains `member`, which is in lower case. */
function hasMember(list: string, member: string): boolean {
  const lowercase = list.toLowerCase();
  return lowercase === member || listMembers(lowercase).includes(member);
}
