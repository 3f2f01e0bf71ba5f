/**
 * The field `Forwarded` (RFC 7239 §4).
 *
 *     Forwarded         = 1#forwarded-element
 *     forwarded-element = [ forwarded-pair ] *( ";" [ forwarded-pair ] )
 *     forwarded-pair    = token "=" ( token / quoted-string )
 *
 * The field is read from the left, because only so is it known where a quoted string begins. A fault anywhere
 * is a fault of the whole field: a client may send a quote that is never closed, and would otherwise hide the
 * elements that the proxies have added.
 *
 * `trust_proxy.ts` calls this.
 *
 * @module
 */

/** The parameters of one proxy, with names in lower case. */
export type ForwardedElement = ReadonlyMap<string, string>;

const PAIR = /[ \t]*([!#$%&'*+\-.^_`|~\w]+)=(?:([!#$%&'*+\-.^_`|~\w:[\]]+)|"((?:[^"\\]|\\.)*)")/y;
const SEPARATOR = /[ \t]*([;,]|$)/y;

/**
 * Divides the field into its elements. A value without quotes may have colons and brackets as well, since
 * many proxies write `for=[2001:db8::1]:80`.
 *
 * @param field The value of the field, all lines joined by commas.
 * @returns The elements, from the client's side to this server's; `undefined` for a malformed field.
 */
export function parseForwarded(field: string): readonly ForwardedElement[] | undefined {
  const elements: ForwardedElement[] = [];
  let element = new Map<string, string>();
  for (let at = 0; at < field.length;) {
    PAIR.lastIndex = at;
    const pair = PAIR.exec(field);
    if (pair !== null) {
      const [, name = "", token, quoted = ""] = pair;
      const key = name.toLowerCase();
      // RFC 7239 §4: each parameter occurs once in an element.
      if (element.has(key)) return undefined;
      element.set(key, token ?? quoted.replace(/\\(.)/g, "$1"));
      at = PAIR.lastIndex;
    }
    SEPARATOR.lastIndex = at;
    const [, separator] = SEPARATOR.exec(field) ?? [];
    if (separator === undefined) return undefined;
    at = SEPARATOR.lastIndex;
    if (separator === ";") continue;
    if (element.size > 0) elements.push(element);
    element = new Map();
    if (separator === "") break;
  }
  if (element.size > 0) elements.push(element);
  return elements;
}
