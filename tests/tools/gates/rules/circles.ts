/**
 * This file finds circles of imports. A type import counts, because the files of a circle can only
 * be read together.
 *
 * Tarjan's algorithm gives the strongly connected components of the graph of imports; A component
 * of more than one file is one circle, or several circles that share files. The step `layering`
 * calls this.
 *
 * @module
 */

import { posix } from "node:path";
import { blankComments, importedModules } from "./source_text.ts";

/** Files by their path from the root, with their sources. */
export type Sources = ReadonlyMap<string, string>;

/** Gives a complaint for each circle, with the imports that close it. */
export function checkCircles(sources: Sources): string[] {
  const graph = importGraph(sources);
  return components([...graph.keys()], (path) => graph.get(path) ?? [])
    .filter((paths) => paths.length > 1 || graph.get(paths[0] ?? "")?.includes(paths[0] ?? ""))
    .map((paths) => describeCircle(paths.sort(), graph));
}

/** Gives for each file the files of the same set that it imports. */
function importGraph(sources: Sources): Map<string, string[]> {
  return new Map([...sources].map(([path, source]) => {
    const targets = importedModules(blankComments(source))
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => posix.join(posix.dirname(path), specifier))
      .filter((target) => sources.has(target));
    return [path, [...new Set(targets)].sort()];
  }));
}

function describeCircle(paths: readonly string[], graph: ReadonlyMap<string, string[]>): string {
  const lines = paths.map((path) => {
    const targets = (graph.get(path) ?? []).filter((target) => paths.includes(target));
    return `  ${path} imports ${targets.join(", ")}`;
  });
  return [`a circle of imports over ${paths.length} files:`, ...lines].join("\n");
}

/** Finds the strongly connected components of a graph with Tarjan's algorithm. */
function components(
  nodes: readonly string[],
  targets: (node: string) => readonly string[],
): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const onPath = new Set<string>();
  const found: string[][] = [];
  const visit = (node: string): number => {
    const number = order.size;
    order.set(node, number);
    lowest.set(node, number);
    path.push(node);
    onPath.add(node);
    for (const target of targets(node)) {
      const reached = order.has(target)
        ? onPath.has(target) ? order.get(target) as number : number
        : visit(target);
      lowest.set(node, Math.min(lowest.get(node) as number, reached));
    }
    if (lowest.get(node) === number) {
      const component = path.splice(path.indexOf(node));
      for (const member of component) onPath.delete(member);
      found.push(component);
    }
    return lowest.get(node) as number;
  };
  for (const node of nodes) if (!order.has(node)) visit(node);
  return found;
}
