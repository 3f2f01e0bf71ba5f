/**
 * This rule limits the names in a folder, so that the output of `ls` can be read at once. The step
 * `layering` calls it.
 *
 * @module
 */

/** The largest number of names in one folder. */
const MAX_NAMES = 25;

/** Gives a complaint for each folder of these files that has too many names. */
export function checkFolders(paths: Iterable<string>): string[] {
  const names = new Map<string, Set<string>>();
  for (const path of paths) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const folder = parts.slice(0, depth).join("/");
      const listed = names.get(folder) ?? new Set();
      names.set(folder, listed.add(parts[depth] as string));
    }
  }
  return [...names].sort()
    .filter(([, listed]) => listed.size > MAX_NAMES)
    .map(([folder, { size }]) => `${folder}: lists ${size} names, more than ${MAX_NAMES}`);
}
