/**
 * The byte classes of RFC 9110 §5 and RFC 9112, the elements that several matchers share, and the words
 * for bytes in errors.
 *
 *     token         = 1*tchar
 *     tchar         = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|"
 *                   / "~" / DIGIT / ALPHA
 *     field-content = HTAB / SP / VCHAR / obs-text
 *     qdtext        = HTAB / SP / %x21 / %x23-5B / %x5D-7E / obs-text
 *     OWS           = *( SP / HTAB )
 *
 * Strategy: one table holds the classes of each byte as bits, so that a scan needs one load and one
 * `and` for each byte.
 *
 * The scanners in `reading/` and the checks of both directions call this.
 *
 * @module
 */

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;

/** The class `tchar`: methods, field names, names of chunk extensions. */
export const TOKEN = 1;
/**
 * The class of bytes in a request target: visible ASCII without `#`. The class is wider than the
 * URI grammar on purpose, as browsers send `|`, `^` and braces in queries (WHATWG URL). The class
 * has no whitespace, no control bytes and no bytes above 0x7f, because these have been used to
 * smuggle requests.
 */
export const TARGET = 2;
/** The class `field-content`: field values, and the second byte of a `quoted-pair`. */
export const FIELD_CONTENT = 4;
/** The class `qdtext`: the bytes of a quoted string other than `"` and `\`. */
export const QUOTED_TEXT = 8;

/** The class bits of each byte. */
const CLASSES_OF: Uint8Array = makeClassTable();

function makeClassTable(): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => {
    const character = String.fromCharCode(byte);
    const isVisible = byte > SPACE && byte < 0x7f;
    const isContent = isVisible || byte === TAB || byte === SPACE || byte >= 0x80;
    const isQuotedText = isContent && character !== '"' && character !== "\\";
    return (isToken(character) ? TOKEN : 0) |
      (isVisible && character !== "#" ? TARGET : 0) |
      (isContent ? FIELD_CONTENT : 0) |
      (isQuotedText ? QUOTED_TEXT : 0);
  });
}

/** Whether `byte` is in the class `wanted`. */
export function isInClass(byte: number, wanted: number): boolean {
  return ((CLASSES_OF[byte] as number) & wanted) !== 0;
}

/**
 * Finds the end of a run: the first index from `from` on with a byte that is not in the class
 * `wanted`, or `end`.
 */
export function endOfRun(bytes: Uint8Array, from: number, end: number, wanted: number): number {
  let at = from;
  while (at < end && ((CLASSES_OF[bytes[at] as number] as number) & wanted) !== 0) at++;
  return at;
}

/** Whether `text` is a `token` (RFC 9110 §5.6.2). */
export function isToken(text: string): boolean {
  return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text);
}

/**
 * Cuts a list into its members. Empty members are ignored (RFC 9110 §5.6.1.2).
 *
 *     list = [ element ] *( OWS "," OWS [ element ] )
 *
 * Only OWS is removed around a member. `trim()` would also remove a no-break space, which other
 * parties see as a part of the member.
 */
export function listMembers(list: string): string[] {
  return list.split(",").map(trimWhitespace).filter((member) => member !== "");
}

/** Removes the OWS (RFC 9110 §5.6.3) around `text`. */
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

/** The bytes that have a word of their own in errors. */
const NAMED_BYTES = new Map([
  [0, "NUL"],
  [TAB, "tab"],
  [LF, "LF"],
  [CR, "CR"],
  [SPACE, "space"],
]);

/** Gives the word for a byte in an error: `CR`, `"x"`, `0x80`. */
export function describeByte(byte: number): string {
  const name = NAMED_BYTES.get(byte);
  if (name !== undefined) return name;
  if (byte > SPACE && byte < 0x7f) return `"${String.fromCharCode(byte)}"`;
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

/** Quotes a peer's text for an error: printable ASCII, at most 40 characters. */
export function quote(text: string): string {
  const printable = text.slice(0, 40).replace(/[^ -~]/g, "?");
  return `"${printable}${text.length > 40 ? "..." : ""}"`;
}
