import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { countTests } from "./junit.ts";

test("counts what passed, failed and was skipped in Node's report", () => {
  const report = `<testsuites>
    <testcase name="a &lt;b> c" time="0.1" classname="test"/>
    <testcase name="skipped" time="0.1" classname="test">
      <skipped type="skipped" message="needs Bun"/>
    </testcase>
    <testsuite name="group" tests="1">
      <testcase name="inner" time="0.1" classname="group"/>
    </testsuite>
    <testcase name="bad" time="0.1" classname="test" failure="no">
      <failure type="testCodeFailure" message="no">Error: &lt;/testcase></failure>
    </testcase>
  </testsuites>`;
  assertEquals(countTests(report), { passed: 2, failed: 1, skipped: 1 });
});

test("does not count the parents of nested tests in Deno's report", () => {
  const report = `<testsuites name="deno test" tests="3" failures="0" errors="0" time="0.01">
    <testsuite name="./a_test.ts" tests="2">
      <testcase name="group" classname="./a_test.ts" time="0.006" line="4" col="1">
      </testcase>
      <testcase name="alone" classname="./a_test.ts" time="0.006" line="9" col="1">
      </testcase>
    </testsuite>
    <testsuite name="testing.ts" tests="1">
      <testcase name="group &gt; inner" classname="testing.ts" time="0.000" line="1" col="2">
      </testcase>
    </testsuite>
  </testsuites>`;
  assertEquals(countTests(report), { passed: 2, failed: 0, skipped: 0 });
});

test("counts Bun's report", () => {
  const report = `<testsuites name="bun test" tests="3" failures="1" skipped="1">
    <testsuite name="a_test.ts" file="a_test.ts" tests="3">
      <testcase name="good" classname="" time="0" file="a_test.ts" line="2" assertions="0" />
      <testcase name="todo" classname="" time="0" file="a_test.ts" line="3" assertions="0">
        <skipped message="TODO" />
      </testcase>
      <testcase name="bad" classname="" time="0" file="a_test.ts" line="8" assertions="0">
        <failure type="Error" message="no">Error: no</failure>
      </testcase>
    </testsuite>
  </testsuites>`;
  assertEquals(countTests(report), { passed: 1, failed: 1, skipped: 1 });
});

test("finds nothing in an empty or missing report", () => {
  assertEquals(countTests(""), { passed: 0, failed: 0, skipped: 0 });
  assertEquals(countTests("<testsuites></testsuites>"), { passed: 0, failed: 0, skipped: 0 });
});
