import { assert, assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import {
  processCpuTime,
  processMemory,
  tellsMemory,
} from "../../../bench/processes/resource_usage.ts";

const NOBODY = 2 ** 31;

test("a process that is not there uses nothing", () => {
  assertEquals([processCpuTime(NOBODY), processMemory(NOBODY)], [0, 0]);
});

test("tells what this process uses, on Linux", { skip: process.platform !== "linux" }, () => {
  assert(tellsMemory());
  assert(processMemory(process.pid) > 1_000_000);
  const end = performance.now() + 60;
  const before = processCpuTime(process.pid);
  while (performance.now() < end);
  assert(processCpuTime(process.pid) >= before);
});
