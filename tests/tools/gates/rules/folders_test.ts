import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { checkFolders } from "./folders.ts";

test("allows 25 names in a folder, files and folders together", () => {
  assertEquals(checkFolders([...files("src", 24), ...files("src/http", 25)]), []);
});

test("complains about a folder with more names", () => {
  assertEquals(checkFolders([...files("src", 25), ...files("src/http", 26)]), [
    "src: lists 26 names, more than 25",
    "src/http: lists 26 names, more than 25",
  ]);
});

function files(folder: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${folder}/${index}.ts`);
}
