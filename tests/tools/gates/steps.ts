/**
 * The list of all steps of `npm test`.
 *
 * Steps run in this order, as lanes become free. The quick ones come first, for an early answer. A long step
 * is many programs at once, or a chain of programs. The chains begin first: no chain runs alone at the end.
 *
 * @module
 */

import { browserStep } from "./testing/browser.ts";
import { examplesStep, exampleTypesStep } from "./docs/examples.ts";
import { linkComplaints } from "./docs/links.ts";
import { figuresStep } from "./docs/figures.ts";
import { llmsStep } from "./docs/llms_step.ts";
import { supportStep } from "./docs/support_step.ts";
import { gitPackageStep, npmPackageStep } from "./package/steps.ts";
import { readmeStep } from "./package/readme.ts";
import { checkCircles } from "./rules/circles.ts";
import { checkFolders } from "./rules/folders.ts";
import { checkLayering } from "./rules/layering.ts";
import { checkProse } from "./rules/prose.ts";
import { textComplaints } from "./rules/text_rules.ts";
import { testStep } from "./testing/run_tests.ts";
import { committedFiles, entryPoints, publishedSources, readText } from "./sources.ts";
import { commandStep, complaintStep, type Step } from "./step.ts";
import { surfaceStep } from "./surface.ts";
import { denoTool, typesCommand } from "./tools.ts";

/** The steps of `--quick`. */
export const QUICK_STEPS: readonly string[] = [
  ...["text", "layering", "prose", "links", "format", "lint"],
  ...["types:core", "types:engine", "types:all", "tests:node"],
];

/** The steps that run only if they are chosen: other steps cover them, as `package:npm` builds the package. */
export const COVERED_STEPS: readonly string[] = ["types:all:package"];

export const STEPS: readonly Step[] = [
  complaintStep("text", textComplaints),
  complaintStep("layering", treeComplaints),
  complaintStep("prose", () => checkProse(proseFiles().map((path) => [path, readText(path)]))),
  complaintStep("links", brokenLinks),
  llmsStep("docs:llms"),
  figuresStep("docs:figures"),
  commandStep("format", () => denoTool("fmt", "--check")),
  commandStep("lint", () => denoTool("lint")),
  surfaceStep("surface"),
  commandStep("types:core", () => typesCommand("core")),
  commandStep("types:engine", () => typesCommand("engine")),
  commandStep("types:all", () => typesCommand("all")),
  // The sources as `npm run build` compiles them. `--only types:all` chooses this step, too.
  commandStep("types:all:package", () => [...typesCommand("build"), "--noEmit"]),
  commandStep("docs:lint", () => denoTool("doc", "--quiet", "--lint", ...entryPoints())),
  examplesStep("docs:examples"),
  npmPackageStep("package:npm"),
  gitPackageStep("package:git"),
  browserStep("tests:browser"),
  // The tests on Deno take longest.
  testStep("tests:deno", "deno"),
  testStep("tests:node", "node"),
  testStep("tests:current-node", "currentNode"),
  readmeStep("readme"),
  testStep("tests:bun", "bun"),
  exampleTypesStep("types:deno"),
  commandStep("package:jsr", () => denoTool("publish", "--dry-run", "--allow-dirty", "--no-check")),
  // The table needs the results of the steps tests:*.
  supportStep("docs:support"),
];

/** Matches the files of the step `prose`. */
const PROSE =
  /^(?:(?:src|adapters|docs|examples|bench|tests\/support|tests\/tools|\.github)\/.*\.(?:ts|md)|mod\.ts|README\.md|CHANGELOG\.md)$/;

function proseFiles(): string[] {
  return committedFiles().filter((path) => PROSE.test(path) && !path.includes("/results/"));
}

function brokenLinks(): string[] {
  const files = committedFiles();
  const pages = files.filter((path) => path.endsWith(".md"));
  return linkComplaints(new Map(pages.map((path) => [path, readText(path)])), files);
}

/** The complaints about the places of files and about their imports. */
function treeComplaints(): string[] {
  const sources = publishedSources();
  return [
    ...sources.flatMap((path) => checkLayering(path, readText(path))),
    ...checkCircles(new Map(sources.map((path) => [path, readText(path)]))),
    ...checkFolders(committedFiles()),
  ];
}
