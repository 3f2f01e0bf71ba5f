/** The example of a trailer. */

import { assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { digest } from "../../examples/trailers.ts";
import { get, serving } from "../support/serving.ts";

test("the digest of the body follows it in a trailer", async () => {
  const stage = await serving(digest);
  const client = stage.ask(get("/"));
  for (let line = 0; line < 3; line++) await stage.settle(100);
  const hash = createHash("sha256").update("line 1\nline 2\nline 3\n").digest("base64");
  const end = `7\r\nline 3\n\r\n0\r\nContent-Digest: sha-256=:${hash}:\r\n\r\n`;
  assertStringIncludes(client.received(), end);
  await stage.finish();
});
