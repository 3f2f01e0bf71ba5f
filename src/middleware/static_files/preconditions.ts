/**
 * The conditions of a GET or HEAD request (RFC 9110 §13), for a resource with an entity tag and a date.
 *
 * `staticFiles` calls this.
 *
 * @module
 */

import type { Environ } from "../../wsgi/mod.ts";
import { parseHttpDate } from "../../http/mod.ts";

/** The validators of one version of a resource (RFC 9110 §8.8). */
export interface Validators {
  /** A strong entity tag, with its quotes; `undefined` for none. */
  readonly etag: string | undefined;
  /** The value of Last-Modified; `undefined` for none. */
  readonly lastModified: string | undefined;
}

/**
 * Evaluates the preconditions of a request in the order of RFC 9110 §13.2.2.
 *
 * @param environ The request.
 * @param validators The validators of the requested resource.
 * @returns The status code of the answer.
 */
export function evaluatePreconditions(environ: Environ, validators: Validators): 200 | 304 | 412 {
  const { etag, lastModified } = validators;
  // Without a date, the conditions on a date are ignored (RFC 9110 §13.1.3, §13.1.4).
  const modified = dateOf(lastModified);
  const { HTTP_IF_MATCH: match, HTTP_IF_NONE_MATCH: noneMatch } = environ;
  if (match !== undefined) {
    if (!lists(match, etag, isStrongMatch)) return 412;
  } else {
    const since = dateOf(environ.HTTP_IF_UNMODIFIED_SINCE);
    if (since !== undefined && modified !== undefined && modified > since) return 412;
  }
  if (noneMatch !== undefined) return lists(noneMatch, etag, isWeakMatch) ? 304 : 200;
  const since = dateOf(environ.HTTP_IF_MODIFIED_SINCE);
  return since !== undefined && modified !== undefined && modified <= since ? 304 : 200;
}

/**
 * Whether the Range field applies: there is no If-Range, or If-Range names this version. A weak entity tag
 * never names a version (RFC 9110 §13.1.5).
 */
export function rangeApplies(environ: Environ, { etag, lastModified }: Validators): boolean {
  const condition = environ.HTTP_IF_RANGE;
  return condition === undefined || condition === etag || condition === lastModified;
}

function dateOf(field: string | undefined): number | undefined {
  return field === undefined ? undefined : parseHttpDate(field);
}

const ENTITY_TAGS = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

function lists(
  field: string,
  etag: string | undefined,
  matches: (one: string, other: string) => boolean,
): boolean {
  if (field.trim() === "*") return true;
  return etag !== undefined && (field.match(ENTITY_TAGS) ?? []).some((tag) => matches(tag, etag));
}

function isStrongMatch(one: string, other: string): boolean {
  return one === other && !one.startsWith("W/");
}

function isWeakMatch(one: string, other: string): boolean {
  return one.replace(/^W\//, "") === other.replace(/^W\//, "");
}
