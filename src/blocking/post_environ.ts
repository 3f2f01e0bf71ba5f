/**
 * The environ as a thread gets it.
 *
 * `request.ts` calls this.
 *
 * @module
 */

import type { Environ } from "../wsgi/mod.ts";

/** The keys that belong to the main thread: a thread has its own, or none. */
const OWN_KEYS: readonly string[] = ["cogen", "wsgi.input", "wsgi.errors", "wsgi.file_wrapper"];

/** The keys of an environ that a thread gets: those whose value can be cloned. */
export function clonedEnviron(environ: Environ): Record<string, unknown> {
  const cloned: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(environ)) {
    if (OWN_KEYS.includes(key)) continue;
    if (typeof value !== "object" || value === null) {
      if (typeof value !== "function" && typeof value !== "symbol") cloned[key] = value;
      continue;
    }
    try {
      cloned[key] = structuredClone(value);
    } catch {
      // The thread cannot have it.
    }
  }
  cloned["wsgi.multithread"] = true;
  return cloned;
}
