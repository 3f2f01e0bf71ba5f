/**
 * Field names in lower case, and the cutting of scanned fields into strings.
 *
 * Strategy: a table maps the names that clients commonly send to one shared string each. A hit costs no
 * conversion, and engines compare a shared string with a constant by pointer. The table is fixed, so no
 * client can fill it.
 *
 * `reading/head_reader.ts` and `reading/trailer_reader.ts` call this.
 *
 * @module
 */

/** The table's names, in the usual spelling. HTTP/2 gateways send the names in lower case. */
const KNOWN_NAMES = `
  Accept Accept-Charset Accept-Encoding Accept-Language Access-Control-Request-Headers
  Access-Control-Request-Method Authorization Cache-Control Connection Content-Disposition
  Content-Encoding Content-Language Content-Length Content-Location Content-Range Content-Type Cookie
  DNT Date Expect Forwarded From Host If-Match If-Modified-Since If-None-Match If-Range
  If-Unmodified-Since Keep-Alive Last-Event-ID Max-Forwards Origin Pragma Prefer Priority
  Proxy-Authorization Proxy-Connection Range Referer Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform
  Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User Sec-GPC Sec-WebSocket-Extensions
  Sec-WebSocket-Key Sec-WebSocket-Protocol Sec-WebSocket-Version TE Trailer Transfer-Encoding Upgrade
  Upgrade-Insecure-Requests User-Agent Via X-Forwarded-For X-Forwarded-Host X-Forwarded-Port
  X-Forwarded-Proto X-Real-IP X-Request-ID X-Requested-With
`.trim().split(/\s+/);

/** The lower-case name, by its usual spelling and by itself. */
const LOWERCASE_OF = new Map<string, string>();
for (const name of KNOWN_NAMES) {
  const lowercase = name.toLowerCase();
  LOWERCASE_OF.set(name, lowercase).set(lowercase, lowercase);
}

/** The lower case of `name`, as field names are case-insensitive (RFC 9110 §5.1). */
export function lowercaseName(name: string): string {
  return LOWERCASE_OF.get(name) ?? name.toLowerCase();
}

/**
 * Cuts scanned fields out of the text of their bytes.
 *
 * @param text The text with one character for each byte. It begins where the positions in `marks`
 *   begin.
 * @param marks Four positions for each field: name start, name end, value start, value end. A
 *   `FieldScanner` makes them.
 * @returns Lower-case name, value, name, value, ... in the order received.
 */
export function sliceFields(text: string, marks: readonly number[]): string[] {
  const fields: string[] = [];
  for (let index = 0; index < marks.length; index += 4) {
    const name = text.slice(marks[index], marks[index + 1]);
    fields.push(lowercaseName(name), text.slice(marks[index + 2], marks[index + 3]));
  }
  return fields;
}
