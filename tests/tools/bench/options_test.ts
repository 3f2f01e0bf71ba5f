import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { CONTENDER_NAMES, CONTENDERS, isAble } from "../../../bench/contenders.ts";
import { HELP, OptionError, parseOptions } from "../../../bench/options.ts";
import { WORKLOAD_NAMES } from "../../../bench/workloads/workloads.ts";

const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);

test("without options everything is measured", () => {
  const options = parseOptions([]);
  assertEquals(options.mode, "contenders");
  assertEquals(names(options.workloads), WORKLOAD_NAMES);
  assertEquals(names(options.contenders), CONTENDER_NAMES);
  assertEquals(options.runtimes, ["node", "currentNode", "deno", "bun"]);
  assertEquals([options.named, options.write, options.load], [false, false, undefined]);
});

test("--quick measures few workloads and contenders", () => {
  const options = parseOptions(["--quick"]);
  assertEquals(names(options.workloads), ["hello", "browser", "x16", "stream", "post"]);
  assertEquals(names(options.contenders), ["ours", "own", "limit"]);
  assertEquals(options.runtimes, ["node", "deno", "bun"]);
});

test("filters may be repeated, and the order is that of the tables", () => {
  const options = parseOptions([
    ...["--workload", "post", "--workload", "hello", "--quick"],
    ...["--contender", "srvx", "--contender", "ours", "--runtime", "bun"],
  ]);
  assertEquals(names(options.workloads), ["hello", "post"]);
  assertEquals(names(options.contenders), ["ours", "srvx"]);
  assertEquals(options.named, true);
  assertEquals(options.runtimes, ["bun"]);
});

test("a comparison is about the quick workloads, unless others are named", () => {
  const { mode, ref, workloads } = parseOptions(["--compare", "main"]);
  assertEquals([mode, ref, workloads.length], ["compare", "main", 5]);
  const named = parseOptions(["--compare", "main", "--workload", "upload"]);
  assertEquals(names(named.workloads), ["upload"]);
});

test("the other kinds of run", () => {
  assertEquals(parseOptions(["--scaling"]).mode, "scaling");
  assertEquals(parseOptions(["--fairness"]).mode, "fairness");
  assertEquals(parseOptions(["--websocket"]).mode, "websocket");
  assertEquals(parseOptions(["--overhead"]).mode, "overhead");
});

for (
  const [args, complaint] of [
    ["--nonsense", "nonsense"],
    ["more", "more"],
    ["--workload nonsense", "expected one of hello"],
    ["--runtime nonsense", "expected one of node"],
    ["--contender nonsense", "expected one of ours"],
    ["--load nonsense", "expected one of wrk"],
    ["--rounds 0", "from 1 to 600"],
    ["--rounds 1.5", "expected a whole number"],
    ["--rounds x", "expected a number"],
    ["--seconds 0.1", "from 0.2 to 600"],
    ["--scaling --fairness", "do not go together"],
    ["--compare", "compare"],
  ] as const
) {
  test(`rejects ${args}`, () => {
    assertThrows(() => parseOptions(args.split(" ")), OptionError, complaint);
  });
}

test("the help names every option and every value", () => {
  for (const name of [...WORKLOAD_NAMES, ...CONTENDER_NAMES]) {
    assertEquals(HELP.includes(name), true);
  }
});

test("every contender can run something, and ours and the own server everything", () => {
  for (const contender of CONTENDERS) assertEquals(isAble(contender, "node", "hello"), true);
  const [ours, own] = CONTENDERS;
  assertEquals(ours?.apps, own?.apps);
});
