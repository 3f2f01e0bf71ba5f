import { test } from "node:test";
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { bunAdapter } from "../../adapters/bun.ts";
import { denoAdapter } from "../../adapters/deno.ts";

const FOREIGN = [
  ["Deno", denoAdapter()],
  ["Bun", bunAdapter()],
] as const;

for (const [runtime, adapter] of FOREIGN) {
  if (runtime in globalThis) continue;
  test(`the ${runtime} adapter can be imported elsewhere, and names the missing global`, async () => {
    assertEquals(adapter.name, runtime.toLowerCase());
    const never = () => {
      throw new Error("was opened");
    };
    const listen = () => adapter.listen({ host: "127.0.0.1", port: 0 }, {}, never);
    const dial = () => adapter.dial({ host: "127.0.0.1", port: 7 }, never);
    for (const act of [listen, dial]) {
      const error = await assertRejects(act, Error);
      assertStringIncludes(error.message, `no global ${runtime}`);
    }
  });
}
