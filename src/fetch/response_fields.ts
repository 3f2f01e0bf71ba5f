/**
 * The header fields of a response as a list: lower-case names in the order of `Headers`, and each `Set-Cookie`
 * apart.
 *
 * A list of a few plain fields costs a tenth of the `Headers` of a runtime. Fields that are not plain go
 * through `Headers`, which corrects or refuses them.
 *
 * `fast_response.ts` and `from_fetch.ts` call this.
 *
 * @module
 */

import type { HeaderFields } from "./fetch_info.ts";
import { OwnResponse } from "./own_response.ts";
import { isWhole, type ResponseBody } from "./whole_body.ts";

/** Header fields, sorted by their names, which are in lower case. */
export type FieldList = readonly (readonly [name: string, value: string])[];

/** RFC 9110 §5.6.2, `token`. */
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** RFC 9110 §5.5, `field-value`, which has no whitespace around it. */
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;

/**
 * Lists header fields as they are now.
 *
 * @param given The fields, as the constructor of `Response` takes them.
 * @param contentType The media type of the body, which is added if the fields have none.
 * @throws {TypeError} If the constructor of `Headers` refuses the fields.
 */
export function listFields(given: HeaderFields, contentType: string | undefined): FieldList {
  return withType(plainFields(given) ?? entriesOf(new Headers(given)), contentType);
}

/** Sorts fields, and adds a media type if they have none. */
export function withType(given: FieldList, contentType: string | undefined): FieldList {
  const hasType = contentType === undefined || given.some(([name]) => name === "content-type");
  const fields = hasType ? given : [...given, ["content-type", contentType] as const];
  if (fields.length < 2) return fields;
  return fields.toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0);
}

/** The media type of a string (Fetch standard, "extract a body"). */
export const TEXT = "text/plain;charset=UTF-8";
/** Whether a response has the media type of its string: not on Bun. */
const tellsType = new OwnResponse("a").headers.has("content-type");
/** The bytes that are looked at to see whether a body may be a string. */
const PROBED_BYTES = 4096;

/**
 * Adds the media type that the runtime does not tell: without one, a browser may take a text for HTML. A body that
 * is UTF-8 counts as a string, because nothing tells it from bytes.
 */
export function typed(fields: FieldList, body: ResponseBody): FieldList {
  if (tellsType || body === null || !isWhole(body) || body.length === 0) return fields;
  if (fields.some(([name]) => name === "content-type") || !isText(body)) return fields;
  return withType(fields, TEXT);
}

function isText(body: Uint8Array | string): boolean {
  if (typeof body === "string") return true;
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    decoder.decode(body.subarray(0, PROBED_BYTES), { stream: body.length > PROBED_BYTES });
    return true;
  } catch {
    return false;
  }
}

/** Lists the fields of a `Headers`. One of a package, such as that of `@whatwg-node/fetch`, keeps upper case. */
export function entriesOf(headers: Headers): [string, string][] {
  const fields: [string, string][] = [];
  headers.forEach((value, name) => void fields.push([name.toLowerCase(), value]));
  return fields;
}

/** The fields of a `Headers` or of a plain object with valid names, each once; else `undefined`. */
function plainFields(given: HeaderFields): [string, string][] | undefined {
  if (given === undefined) return [];
  if (given instanceof Headers) return entriesOf(given);
  if (typeof given !== "object" || given === null) return undefined;
  if (Object.getPrototypeOf(given) !== Object.prototype) return undefined;
  const fields: [string, string][] = [];
  for (const key of Reflect.ownKeys(given)) {
    const value = (given as Record<string | symbol, unknown>)[key];
    if (typeof key !== "string" || typeof value !== "string") return undefined;
    const name = key.toLowerCase();
    if (!NAME.test(name) || !VALUE.test(value)) return undefined;
    if (fields.some(([other]) => other === name)) return undefined;
    fields.push([name, value]);
  }
  return fields;
}
