/**
 * This rule checks the links of Markdown files: each relative path is a file or a folder of the
 * repository, and each anchor is a heading of its page, as GitHub names anchors.
 *
 * Links to other sites are not fetched. Code is left out. The step `links` calls this.
 *
 * @module
 */

import { posix } from "node:path";
import { countLineFeeds } from "../rules/source_text.ts";

/**
 * Matches the target of `[text](target)`, of `[name]: target`, and of the HTML attributes `src`, `srcset` and
 * `href`.
 */
const TARGET =
  /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|^\[[^\]\n]+\]:\s*(\S+)|\b(?:src|srcset|href)="([^"\s]*)"/gm;

const CODE =
  /^([ \t]*)(`{3,}|~{3,})[^\n]*\n[^]*?^\1\2[ \t]*$|(`+)(?!`)[^]*?[^`]\3(?!`)|<!--[^]*?-->/gm;

/**
 * Gives a complaint for each broken link.
 *
 * @param pages The text of each Markdown file, by its path.
 * @param files Every path of the repository.
 */
export function linkComplaints(
  pages: ReadonlyMap<string, string>,
  files: Iterable<string>,
): string[] {
  const known = new Set<string>(["."]);
  for (const file of files) {
    for (let path = file; path !== "."; path = posix.dirname(path)) known.add(path);
  }
  const anchors = new Map([...pages].map(([path, text]) => [path, anchorsOf(text)]));
  return [...pages].flatMap(([path, text]) =>
    linksOf(text).flatMap(({ line, target }) => {
      const complaint = checkLink(path, target, known, anchors);
      return complaint === undefined ? [] : [`${path}:${line}: ${target} ${complaint}`];
    })
  );
}

/** The links of a page to places of the repository. */
function linksOf(text: string): { readonly line: number; readonly target: string }[] {
  // Code keeps its length and its lines.
  const prose = text.replace(CODE, (code) => code.replaceAll(/[^\n]/g, " "));
  return [...prose.matchAll(TARGET)].flatMap((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? "";
    if (/^[a-z][a-z+.-]*:/i.test(target)) return [];
    return [{ line: countLineFeeds(prose.slice(0, match.index)) + 1, target }];
  });
}

function checkLink(
  from: string,
  target: string,
  known: ReadonlySet<string>,
  anchors: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  const [written = "", anchor] = target.split("#");
  if (written.startsWith("/")) return "begins at the root of a site: write a relative path";
  const path = written === ""
    ? from
    : posix.join(posix.dirname(from), decodeURIComponent(written)).replace(/\/$/, "");
  if (!known.has(path)) return `leads to ${path}, which does not exist`;
  if (anchor === undefined) return undefined;
  const names = anchors.get(path);
  if (names === undefined) return undefined;
  return names.has(anchor) ? undefined : `leads to no heading of ${path}`;
}

/** The anchors of a page: of its headings, and of elements with an `id`. */
export function anchorsOf(markdown: string): Set<string> {
  const prose = markdown.replaceAll(/^([ \t]*)(`{3,}|~{3,})[^\n]*\n[^]*?^\1\2[ \t]*$/gm, "");
  const counts = new Map<string, number>();
  const names = new Set<string>();
  for (const [, heading = ""] of prose.matchAll(/^#{1,6}[ \t]+(.+?)[ \t]*#*$/gm)) {
    const name = slugOf(heading);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    names.add(count === 0 ? name : `${name}-${count}`);
  }
  for (const [, id = ""] of prose.matchAll(/<\w+[^>]*\b(?:id|name)="([^"]+)"/g)) names.add(id);
  return names;
}

/** The anchor that GitHub gives to a heading. */
function slugOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  return text.toLowerCase().replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
}
