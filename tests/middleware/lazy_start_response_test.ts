/** The moment at which `lazyStartResponse` passes a call on. */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { WSGIError } from "../../src/wsgi/mod.ts";
import { lazyStartResponse } from "../../src/middleware/mod.ts";
import { answer, PLAIN } from "./answering.ts";

test("lazyStartResponse calls startResponse just before the first block", async () => {
  const calls: string[] = [];
  const app = lazyStartResponse(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    calls.push("called");
    yield "";
    calls.push("waited");
    yield "block";
  });
  const response = await answer((environ, startResponse) =>
    app(environ, (...call) => {
      calls.push("passed on");
      return startResponse(...call);
    })
  );
  assertEquals([response.body, calls], ["block", ["called", "waited", "passed on"]]);
});

test("lazyStartResponse passes a call without blocks on at the end", async () => {
  const response = await answer(lazyStartResponse((_environ, startResponse) => {
    startResponse("204 No Content", []);
    return [];
  }));
  assertEquals(response.status, "204 No Content");
});

test("lazyStartResponse takes a replacement, but no second call", async () => {
  const response = await answer(lazyStartResponse(function* (_environ, startResponse) {
    startResponse("200 OK", PLAIN);
    try {
      startResponse("201 Created", PLAIN);
    } catch (error) {
      assert(error instanceof WSGIError);
      startResponse("202 Accepted", PLAIN, error);
    }
    yield "replaced";
  }));
  assertEquals([response.status, response.body], ["202 Accepted", "replaced"]);
});

test("lazyStartResponse sends the blocks of write()", async () => {
  const response = await answer(lazyStartResponse((_environ, startResponse) => {
    startResponse("200 OK", PLAIN)("written, ");
    return ["given"];
  }));
  assertEquals(response.body, "written, given");
});
