/**
 * The reader of request heads: scans the bytes, decodes them once, and judges the head as a whole.
 *
 * Strategy: the reader first compares the input with the last head (`head_cache.ts`). A head that
 * is new passes three stages. The scanners check the syntax while bytes arrive, and raise errors at
 * the offending byte. Once the head is complete, one call decodes it and its fields are cut. In the
 * last stage, the rules that need the whole head are applied; the offset of their errors is the end
 * of the head.
 *
 * `request_parser.ts` calls this.
 *
 * @module
 */

import { isAuthority } from "../authority.ts";
import { ofMethod, placeError, ProtocolError } from "../errors.ts";
import type { RequestHead } from "../events.ts";
import { sliceFields } from "../field_names.ts";
import { quote } from "../grammar.ts";
import type { Latin1Decoder } from "../latin1.ts";
import type { ParserLimits } from "../parser_limits.ts";
import { refuseRepeated } from "../repeated_fields.ts";
import { parseRequestTarget, type RequestTarget } from "../request_target.ts";
import { ControlFields } from "./control_fields.ts";
import { FieldScanner } from "./field_scanner.ts";
import { requestFraming } from "./framing.ts";
import { type BytesEqual, HeadCache, type SectionFacts } from "./head_cache.ts";
import type { InputBuffer } from "./input_buffer.ts";
import { RequestLineScanner } from "./request_line_scanner.ts";

/** Reads one head after the other. */
export class HeadReader {
  readonly #line: RequestLineScanner;
  readonly #fields: FieldScanner;
  readonly #latin1: Latin1Decoder;
  readonly #maxBodyBytes: number;
  readonly #maxHeadBytes: number;
  readonly #cache: HeadCache;
  /** True from the end of the request line to the end of the head. */
  #lineDone = false;

  constructor(limits: ParserLimits, latin1: Latin1Decoder, equals: BytesEqual) {
    this.#cache = new HeadCache(equals);
    this.#line = new RequestLineScanner(limits);
    this.#fields = new FieldScanner("Head", limits.maxHeadBytes, limits.maxFieldCount);
    this.#maxBodyBytes = limits.maxBodyBytes;
    this.#maxHeadBytes = limits.maxHeadBytes;
    this.#latin1 = latin1;
  }

  /** Forgets an incomplete head. The cache stays. */
  restart(): void {
    this.#line.reset();
    this.#lineDone = false;
  }

  /** Gives the method of the head that begins at the input's start, or at `from`; `undefined` before it is read. */
  method({ bytes, start }: InputBuffer, from: number = start): string | undefined {
    const { methodEnd } = this.#line;
    if (methodEnd === 0) return undefined;
    return String.fromCharCode(...bytes.subarray(from, from + methodEnd));
  }

  /**
   * Continues with the head at the input's start. Returns `undefined` if the reader needs more
   * bytes.
   */
  read(input: InputBuffer): RequestHead | undefined {
    if (!this.#lineDone) {
      if (this.#line.scanned === 0) {
        const head = this.#cache.takeHead(input);
        if (head !== undefined) return head;
      }
      if (!this.#line.scan(input)) return undefined;
      const known = this.#findSection(input);
      if (known !== undefined) return this.#finish(input, this.#cache.sectionLength, known);
      this.#lineDone = true;
      this.#fields.reset(this.#line.scanned);
    }
    if (!this.#fields.scan(input)) return undefined;
    this.#lineDone = false;
    return this.#finish(input, this.#fields.scanned - this.#line.scanned, undefined);
  }

  /**
   * Gives the facts in the section, if the cached section follows the line and the head is not too
   * long.
   */
  #findSection(input: InputBuffer): SectionFacts | undefined {
    const { scanned, minorVersion } = this.#line;
    if (scanned + this.#cache.sectionLength > this.#maxHeadBytes) return undefined;
    return this.#cache.findSection(input, scanned, minorVersion);
  }

  /** Consumes and judges a complete head. `known` are the facts in its section, if it is cached. */
  #finish(
    input: InputBuffer,
    sectionLength: number,
    known: SectionFacts | undefined,
  ): RequestHead {
    const { bytes, start } = input;
    const lineEnd = start + this.#line.scanned;
    input.start = lineEnd + sectionLength;
    try {
      const text = this.#latin1(bytes, start, known === undefined ? input.start : lineEnd);
      const fields = known?.fields ?? sliceFields(text, this.#fields.marks);
      const control = known?.control ?? new ControlFields(fields, this.#line.minorVersion);
      // If a head has several errors, an error in its target comes before errors in Host and framing.
      const line = this.#parseLine(text);
      const facts = known ?? this.#judge(fields, control);
      const head = makeHead(line, facts);
      if (known === undefined) this.#cache.storeSection(bytes, lineEnd, input.start, facts);
      this.#cache.storeLine(bytes, start, lineEnd, head);
      return head;
    } catch (error) {
      const placed = placeError(error, input.offsetOf(input.start));
      throw ofMethod(placed, this.method(input, start));
    } finally {
      this.#line.reset();
    }
  }

  #parseLine(text: string): RequestLine {
    const { methodEnd, targetEnd } = this.#line;
    const method = text.slice(0, methodEnd);
    const target = text.slice(methodEnd + 1, targetEnd);
    return { method, target, parsed: parseRequestTarget(method, target) };
  }

  /** Applies the rules that concern the fields alone. */
  #judge(fields: readonly string[], control: ControlFields): SectionFacts {
    checkHost(control);
    const framing = requestFraming(control);
    if (framing.kind === "length" && framing.length > this.#maxBodyBytes) {
      throw new ProtocolError(413, `Body too large: over ${this.#maxBodyBytes} bytes`);
    }
    return { minorVersion: control.minorVersion, fields, control, framing };
  }
}

/** The parts of a request line, without the version. */
interface RequestLine {
  readonly method: string;
  readonly target: string;
  readonly parsed: RequestTarget;
}

/** Makes the event of a line and its fields, and applies the rules that concern both. */
function makeHead({ method, target, parsed }: RequestLine, facts: SectionFacts): RequestHead {
  const { minorVersion, fields, control, framing } = facts;
  const { form, path, query, authority } = parsed;
  const hasBody = framing.kind === "length" ? framing.length > 0 : framing.kind === "chunked";
  if (hasBody && method === "CONNECT") {
    // CONNECT has no content (RFC 9110 §9.3.6). Parties disagree whether the bytes after such a head
    // are its body or the first bytes in the tunnel.
    throw new ProtocolError(400, "Cannot serve CONNECT with a body");
  }
  return {
    type: "request",
    method,
    target,
    form,
    path,
    query,
    authority,
    minorVersion,
    fields,
    framing,
    keepAlive: control.keepAlive,
    // A client without a body does not wait for 100 (Continue), even if it sends the expectation.
    expectContinue: control.expectsContinue && hasBody,
    upgrade: control.wantsUpgrade,
    host: authority ?? control.host,
  };
}

/**
 * Checks for exactly one valid Host in HTTP/1.1, and for at most one in HTTP/1.0 (RFC 9112 §3.2).
 */
function checkHost({ host, hostCount, minorVersion }: ControlFields): void {
  if (host === undefined) {
    if (minorVersion === 1) throw new ProtocolError(400, "Cannot serve HTTP/1.1 without Host");
    return;
  }
  if (hostCount > 1) refuseRepeated("Host");
  if (!isAuthority(host)) throw new ProtocolError(400, `Cannot parse Host ${quote(host)}`);
}
