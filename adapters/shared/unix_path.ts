/**
 * The length of the path of a Unix socket.
 *
 * The trap: Node 20 cuts a path that is too long, and listens at another path without an error.
 *
 * Every adapter calls this before it dials, and those of Node, Deno and Bun before they listen.
 *
 * @module
 */

/** The longest path of Linux in bytes: `sun_path` without its last zero (unix(7)). */
const MAX_LINUX_BYTES = 107;
/** The longest path of macOS and the BSDs in bytes. */
const MAX_BSD_BYTES = 103;
const BSD: readonly unknown[] = ["darwin", "freebsd", "netbsd", "openbsd", "dragonfly"];

/**
 * Tells how long the path of a Unix socket may be.
 *
 * @param platform The operating system, as `process.platform` names it.
 * @returns The number of bytes; infinite on Windows, where a path of Node names a pipe.
 */
export function maxPathBytes(platform: string | undefined): number {
  if (platform === "win32") return Infinity;
  return BSD.includes(platform) ? MAX_BSD_BYTES : MAX_LINUX_BYTES;
}

/**
 * Refuses a path that is longer than the system takes.
 *
 * @param path The path of a Unix socket.
 * @throws {RangeError} With the code `ENAMETOOLONG`, for a path that is too long in UTF-8.
 */
export function checkPath(path: string): void {
  const { process } = globalThis as { process?: { readonly platform?: string } };
  const longest = maxPathBytes(process?.platform);
  const { length } = new TextEncoder().encode(path);
  if (length <= longest) return;
  const reason =
    `the path of a Unix socket has at most ${longest} bytes here, and this one ${length}`;
  throw Object.assign(new RangeError(`${reason}: write a shorter one`), { code: "ENAMETOOLONG" });
}
