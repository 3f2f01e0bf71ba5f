/** All that `npm test` checks, in order: what is quick comes first. */

import { checkLayering } from "./rules/layering.ts";
import { checkFolders } from "./rules/folders.ts";
import { examplesStep } from "./docs.ts";
import { gitPackageStep, npmPackageStep } from "./packaging.ts";
import { testStep } from "./run_tests.ts";
import { entryPoints, listFiles, publishedSources, readText } from "./sources.ts";
import { commandStep, complaintStep, type Step } from "./step.ts";
import { textComplaints } from "./rules/text_rules.ts";
import { denoTool, denoWithImports, typesCommand } from "./tools.ts";

/** What the type checkers see. */
const TYPED_FOLDERS: readonly string[] = ["src", "adapters", "tests", "bench", "examples"];

/** What is wrong with how the files lie and what they import. */
function treeComplaints(): string[] {
  const sources = publishedSources();
  return [
    ...sources.flatMap((path) => checkLayering(path, readText(path))),
    ...checkFolders([...sources, ...listFiles("tests", "")]),
  ];
}

export const STEPS: readonly Step[] = [
  complaintStep("text", textComplaints),
  complaintStep("layering", treeComplaints),
  commandStep("format", () => denoTool("fmt", "--check")),
  commandStep("lint", () => denoTool("lint")),
  commandStep("types:core", () => typesCommand("core")),
  commandStep("types:engine", () => typesCommand("engine")),
  commandStep("types:all", () => typesCommand("all")),
  commandStep(
    "types:deno",
    () => denoWithImports(["check", "--quiet"], "mod.ts", ...TYPED_FOLDERS),
  ),
  commandStep(
    "docs:readme",
    () => denoWithImports(["check", "--quiet", "--doc-only"], "README.md"),
  ),
  commandStep("docs:lint", () => denoTool("doc", "--quiet", "--lint", ...entryPoints())),
  examplesStep("docs:examples"),
  commandStep("package:jsr", () => denoTool("publish", "--dry-run", "--allow-dirty")),
  npmPackageStep("package:npm"),
  gitPackageStep("package:git"),
  testStep("tests:node", "node"),
  testStep("tests:current-node", "currentNode"),
  testStep("tests:deno", "deno"),
  testStep("tests:bun", "bun"),
];
