import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { contentComplaints } from "./steps.ts";

const EXPORTS = {
  ".": { types: "./dist/mod.d.ts", default: "./dist/mod.js" },
  "./http": { types: "./dist/http.d.ts", default: "./dist/http.js" },
};
const CODE = ["dist/mod.d.ts", "dist/mod.js", "dist/http.d.ts", "dist/http.js"];

test("accepts a package that has the code of each entry", () => {
  assertEquals(contentComplaints(EXPORTS, ["package.json", ...CODE, "dist/more.js"]), []);
});

test("rejects a package without code", () => {
  const files = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
  const complaints = contentComplaints(EXPORTS, files);
  assertEquals(complaints.length, 4);
  assertEquals(
    complaints[0],
    `./dist/mod.d.ts, "types" of ., is not among the package's 4 files`,
  );
});

test("rejects a package that lacks one file", () => {
  const files = CODE.filter((path) => path !== "dist/http.js");
  assertEquals(contentComplaints(EXPORTS, files), [
    `./dist/http.js, "default" of ./http, is not among the package's 3 files`,
  ]);
});

test("rejects an entry that has no declarations", () => {
  assertEquals(contentComplaints({ ".": { default: "./dist/mod.js" } }, CODE), [
    `. of the package has no "types"`,
  ]);
});
