/**
 * The cookies of a test's client: RFC 6265 for a single host.
 *
 * `client.ts` calls this.
 *
 * @module
 */

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** On the clock of the test, in milliseconds; `Infinity` for a cookie of the session. */
  readonly expires: number;
}

/** Cookies by their name and path. */
export class Cookies {
  readonly #cookies = new Map<string, Cookie>();

  /**
   * Keeps the cookies of a response.
   *
   * @param target The target of the request, for the default of `Path`.
   * @param lines The values of `Set-Cookie`.
   * @param now The time of the test in milliseconds, for `Max-Age`.
   */
  keep(target: string, lines: readonly string[], now: number): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split(";");
      const equals = pair.indexOf("=");
      if (equals < 1) continue;
      const attribute = (name: string) =>
        attributes.map((each) => each.trim()).find((each) =>
          each.toLowerCase().startsWith(`${name}=`)
        )?.slice(name.length + 1);
      const asked = attribute("path");
      const cookie = {
        name: pair.slice(0, equals).trim(),
        value: pair.slice(equals + 1).trim(),
        path: asked?.startsWith("/") ? asked : defaultPath(target),
        expires: now + lifetimeMs(attribute("max-age"), attribute("expires")),
      };
      const key = `${cookie.name};${cookie.path}`;
      if (cookie.expires <= now) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /**
   * Gives the value of `Cookie` for a request.
   *
   * @param target The target of the request.
   * @param now The time of the test in milliseconds.
   * @returns The pairs, the longest paths first; empty if there are none.
   */
  header(target: string, now: number): string {
    const path = target.replace(/\?.*$/s, "");
    return [...this.#cookies.values()]
      .filter((cookie) => cookie.expires > now && matches(path, cookie.path))
      .sort((one, other) => other.path.length - one.path.length)
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
  }
}

/** RFC 6265 §5.1.4. */
function defaultPath(target: string): string {
  const path = target.replace(/\?.*$/s, "");
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/** RFC 6265 §5.1.4. */
function matches(path: string, cookiePath: string): boolean {
  if (path === cookiePath) return true;
  return path.startsWith(cookiePath.endsWith("/") ? cookiePath : `${cookiePath}/`);
}

/** `Max-Age` counts before `Expires`; a date counts only if it has passed. */
function lifetimeMs(maxAge: string | undefined, expires: string | undefined): number {
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Number(maxAge) * 1000;
  const date = Date.parse(expires ?? "");
  return date <= Date.now() ? 0 : Infinity;
}
