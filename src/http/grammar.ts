/**
 * The byte classes of RFC 9110 §5 and RFC 9112 as one table, and how a byte is named in an error.
 *
 *     token         = 1*tchar
 *     tchar         = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|"
 *                   / "~" / DIGIT / ALPHA
 *     field-content = HTAB / SP / VCHAR / obs-text
 *
 * A class is one bit, so that a scan costs one load and one `and` a byte.
 */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;

/** `tchar`: methods, field names, chunk extension names. */
export const TOKEN = 1;
/**
 * What may stand in a request target: visible ASCII but `#`. Wider than the URI grammar on purpose:
 * browsers send `|`, `^` and braces in queries (WHATWG URL); what was smuggled with is refused.
 */
export const TARGET = 2;
/** What may stand in a field value. */
export const VALUE = 4;
/** `qdtext` of a quoted string: a field value's bytes without `"` and `\`. */
export const QUOTED_TEXT = 8;

/** The classes of each byte. */
export const CLASS_OF: Uint8Array = classTable();

function classTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const character = String.fromCharCode(byte);
    const visible = byte > SPACE && byte < 0x7f;
    const content = visible || byte === TAB || byte === SPACE || byte >= 0x80;
    if (isToken(character)) table[byte]! |= TOKEN;
    if (visible && character !== "#") table[byte]! |= TARGET;
    if (content) table[byte]! |= VALUE;
    if (content && character !== '"' && character !== "\\") table[byte]! |= QUOTED_TEXT;
  }
  return table;
}

/** Whether `text` is a `token` (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/**
 * The members of a list, whose empty ones are ignored (RFC 9110 §5.6.1.2). Around them only OWS is cut
 * off: `trim()` would take a no-break space for one, and hide what another party sees.
 */
export function listMembers(list: string): string[] {
  return list.split(",").map(trimWhitespace).filter((member) => member !== "");
}

/** `text` without the OWS (RFC 9110 §5.6.3) around it. */
export function trimWhitespace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isWhitespace(text, start)) start++;
  while (end > start && isWhitespace(text, end - 1)) end--;
  return text.slice(start, end);
}

function isWhitespace(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code === SPACE || code === TAB;
}

const NAMED_BYTES = new Map([
  [0, "NUL"],
  [TAB, "tab"],
  [LF, "LF"],
  [CR, "CR"],
  [SPACE, "space"],
]);

/** A byte as an error names it: `CR`, `"x"`, `0x80`. */
export function describeByte(byte: number): string {
  const name = NAMED_BYTES.get(byte);
  if (name !== undefined) return name;
  if (byte > SPACE && byte < 0x7f) return `"${String.fromCharCode(byte)}"`;
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/** A peer's text as an error quotes it: printable ASCII, at most 40 characters. */
export function quote(text: string): string {
  const printable = text.slice(0, 40).replace(/[^ -~]/g, "?");
  return `"${printable}${text.length > 40 ? "..." : ""}"`;
}
