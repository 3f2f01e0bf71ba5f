/**
 * Field names to lower case without work for the names that clients send.
 *
 * The table is fixed, so no client can fill it; a name found here is one shared string, which also
 * makes comparing it with a constant a comparison of pointers.
 */

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

const LOWERCASE_OF = new Map<string, string>();
for (const name of KNOWN_NAMES) {
  const lowercase = name.toLowerCase();
  LOWERCASE_OF.set(name, lowercase).set(lowercase, lowercase);
}

/** `name` in lower case: field names are case-insensitive (RFC 9110 §5.1). */
export function lowercaseName(name: string): string {
  return LOWERCASE_OF.get(name) ?? name.toLowerCase();
}

/**
 * Cuts scanned fields out of `text`, which begins `from` bytes after what the marks count from.
 * Gives name, value, name, value, ... in the order received.
 */
export function sliceFields(text: string, marks: readonly number[], from: number): string[] {
  const fields: string[] = [];
  for (let index = 0; index < marks.length; index += 4) {
    const name = text.slice(marks[index]! - from, marks[index + 1]! - from);
    fields.push(
      lowercaseName(name),
      text.slice(marks[index + 2]! - from, marks[index + 3]! - from),
    );
  }
  return fields;
}
