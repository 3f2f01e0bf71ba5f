import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { listSurface, surfaceChanges } from "./surface.ts";

class Server {}
const VALUES = { Server, serve: () => {}, LIMITS: { size: 1 } };
const ROOT = { name: ".", names: ["serve", "Options", "Server", "LIMITS"], values: VALUES };
const HTTP = { name: "./http", names: ["Server"], values: {} };

test("lists each name with its kind; a class without a value is a type", () => {
  const [, ...lines] = listSurface([ROOT, HTTP]).split("\n");
  assertEquals(lines, [
    "",
    ". (4)",
    "  constant LIMITS",
    "  type     Options",
    "  class    Server",
    "  function serve",
    "",
    "./http (1)",
    "  type     Server",
    "",
  ]);
});

test("finds no change in the same names", () => {
  const list = listSurface([ROOT, HTTP]);
  assertEquals(surfaceChanges(list, list), []);
});

test("names the entry point of each name that came, went or changed its kind", () => {
  const current = listSurface([
    { name: ".", names: ["serve", "Options", "LIMITS"], values: { serve: 1, LIMITS: 2 } },
    { ...HTTP, names: ["Server", "Parser"] },
  ]);
  assertEquals(surfaceChanges(listSurface([ROOT, HTTP]), current), [
    "- .: class Server",
    "- .: function serve",
    "+ .: constant serve",
    "+ ./http: type Parser",
  ]);
});

test("lists a value that the documentation does not have", () => {
  const list = listSurface([{ name: ".", names: [], values: { LIMITS: 1 } }]);
  assertEquals(list.includes("  constant LIMITS"), true);
});
