/**
 * The environ on its way to a thread.
 *
 * `request.ts` calls this.
 *
 * @module
 */

import type { Environ } from "../wsgi/mod.ts";

/** The keys that belong to the main thread: a thread has its own, or none. */
const OWN_KEYS: readonly string[] = ["cogen", "wsgi.input", "wsgi.errors", "wsgi.file_wrapper"];

/**
 * Posts the keys of an environ whose value can be cloned.
 *
 * @param post Clones a message, and throws for one that cannot be cloned.
 */
export function postEnviron(
  environ: Environ,
  post: (message: Record<string, unknown>) => void,
): void {
  const sent: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(environ)) {
    if (typeof value === "function" || typeof value === "symbol") continue;
    if (!OWN_KEYS.includes(key)) sent[key] = value;
  }
  sent["wsgi.multithread"] = true;
  try {
    post(sent);
  } catch {
    post(withoutUncloneable(sent));
  }
}

function withoutUncloneable(environ: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(environ).filter(([, value]) => canBeCloned(value)));
}

function canBeCloned(value: unknown): boolean {
  if (typeof value !== "object") return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
