/**
 * A request head: scanned, then decoded once, then judged as a whole.
 */

import { isAuthority } from "../authority.ts";
import { ControlFields } from "./control_fields.ts";
import { placeError, ProtocolError } from "../errors.ts";
import type { RequestHead } from "../events.ts";
import { sliceFields } from "../field_names.ts";
import { FieldScanner } from "./field_scanner.ts";
import { requestFraming } from "./framing.ts";
import { quote } from "../grammar.ts";
import { type BytesEqual, HeadMemory, type ReadFields } from "./head_memory.ts";
import type { InputBuffer } from "./input_buffer.ts";
import type { Latin1Decoder } from "../latin1.ts";
import type { ParserLimits } from "../parser_limits.ts";
import { refuseRepeated } from "../repeated_fields.ts";
import { RequestLineScanner } from "./request_line_scanner.ts";
import { parseRequestTarget, type RequestTarget } from "../request_target.ts";

/** Reads one head after the other. */
export class HeadReader {
  readonly #line: RequestLineScanner;
  readonly #fields: FieldScanner;
  readonly #latin1: Latin1Decoder;
  readonly #maxBodyBytes: number;
  readonly #maxHeadBytes: number;
  readonly #memory: HeadMemory;
  #lineDone = false;

  constructor(limits: ParserLimits, latin1: Latin1Decoder, equals: BytesEqual) {
    this.#memory = new HeadMemory(equals);
    this.#line = new RequestLineScanner(limits);
    this.#fields = new FieldScanner("Head", limits.maxHeadBytes, limits.maxFieldCount);
    this.#maxBodyBytes = limits.maxBodyBytes;
    this.#maxHeadBytes = limits.maxHeadBytes;
    this.#latin1 = latin1;
  }

  /** Forgets a head under way. */
  restart(): void {
    this.#line.reset();
    this.#lineDone = false;
  }

  /** Goes on with the head at the input's start; undefined when it needs more bytes. */
  read(input: InputBuffer): RequestHead | undefined {
    if (!this.#lineDone) {
      if (this.#line.scanned === 0) {
        const same = this.#memory.recallHead(input);
        if (same !== undefined) return same;
      }
      if (!this.#line.scan(input)) return undefined;
      const known = this.#recall(input);
      if (known !== undefined) return this.#finish(input, this.#memory.sectionLength, known);
      this.#lineDone = true;
      this.#fields.reset(this.#line.scanned);
    }
    if (!this.#fields.scan(input)) return undefined;
    this.#lineDone = false;
    return this.#finish(input, this.#fields.scanned - this.#line.scanned, undefined);
  }

  /** Judges a head that has wholly come; its fields are `known` if they are those of the last. */
  #finish(input: InputBuffer, sectionLength: number, known: ReadFields | undefined): RequestHead {
    const { bytes, start } = input;
    const lineEnd = start + this.#line.scanned;
    input.start = lineEnd + sectionLength;
    try {
      const text = this.#latin1(bytes, start, known === undefined ? input.start : lineEnd);
      const fields = known?.fields ?? sliceFields(text, this.#fields.marks, 0);
      const control = known?.control ?? new ControlFields(fields, this.#line.minorVersion);
      // Of several errors in a head, that of the target comes before those of Host and framing.
      const line = this.#parseLine(text);
      const read = known ?? this.#judge(fields, control);
      const head = makeHead(line, read);
      if (known === undefined) this.#memory.keepFields(bytes, lineEnd, input.start, read);
      this.#memory.keepLine(bytes, start, lineEnd, head);
      return head;
    } catch (error) {
      throw placeError(error, input.offsetOf(input.start));
    } finally {
      this.#line.reset();
    }
  }

  /** What was read in the same fields before, if they have wholly come and the head is not too long. */
  #recall(input: InputBuffer): ReadFields | undefined {
    const { scanned, minorVersion } = this.#line;
    if (scanned + this.#memory.sectionLength > this.#maxHeadBytes) return undefined;
    return this.#memory.recallFields(input, scanned, minorVersion);
  }

  #parseLine(text: string): ReadLine {
    const { methodEnd, targetEnd } = this.#line;
    const method = text.slice(0, methodEnd);
    const target = text.slice(methodEnd + 1, targetEnd);
    return { method, target, parsed: parseRequestTarget(method, target) };
  }

  /** What the fields say by themselves. */
  #judge(fields: readonly string[], control: ControlFields): ReadFields {
    checkHost(control);
    const framing = requestFraming(control);
    if (framing.kind === "length" && framing.length > this.#maxBodyBytes) {
      throw new ProtocolError(413, `Body too large: over ${this.#maxBodyBytes} bytes`);
    }
    return { minorVersion: control.minorVersion, fields, control, framing };
  }
}

/** What the request line says. */
interface ReadLine {
  readonly method: string;
  readonly target: string;
  readonly parsed: RequestTarget;
}

/** What line and fields say together. */
function makeHead({ method, target, parsed }: ReadLine, read: ReadFields): RequestHead {
  const { minorVersion, fields, control, framing } = read;
  const { form, path, query, authority } = parsed;
  const hasBody = framing.kind === "length" ? framing.length > 0 : framing.kind === "chunked";
  if (hasBody && method === "CONNECT") {
    // RFC 9110 §9.3.6: it has no content. Some take what follows for the tunnel's, some for a body.
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
    // Who has no body to hold back is not waiting for 100 (Continue), whatever it expects.
    expectContinue: control.expectsContinue && hasBody,
    upgrade: control.wantsUpgrade,
    host: authority ?? control.host,
  };
}

/** RFC 9112 §3.2: exactly one Host in HTTP/1.1, at most one in HTTP/1.0, and always a valid one. */
function checkHost({ host, hostCount, minorVersion }: ControlFields): void {
  if (host === undefined) {
    if (minorVersion === 1) throw new ProtocolError(400, "Cannot serve HTTP/1.1 without Host");
    return;
  }
  if (hostCount > 1) refuseRepeated("Host");
  if (!isAuthority(host)) throw new ProtocolError(400, `Cannot parse Host ${quote(host)}`);
}
