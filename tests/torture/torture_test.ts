/** A small slice of `npm run torture`, with a fixed seed for each runtime. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Random } from "../fuzz/random.ts";
import { runsOf, seedOf } from "../support/shares.ts";
import { FaultStage, randomFault, undisturbedBytes } from "./faults/faults.ts";
import { SCENARIOS } from "./faults/scenarios.ts";

/** The random faults of each conversation, on all runtimes together. */
const FAULTS = 12;

test("a conversation that fails at random places leaves nothing behind, and no part is taken for whole", async () => {
  const random = new Random(seedOf(7));
  const stage = await FaultStage.open();
  for (const scenario of SCENARIOS) {
    const outBytes = await undisturbedBytes(scenario);
    for (let count = 0; count < runsOf(FAULTS); count++) {
      const fault = randomFault(random, scenario, outBytes);
      assertEquals(stage.run([[scenario, fault]]), [], `${scenario.name} ${JSON.stringify(fault)}`);
    }
  }
  assertEquals(await stage.close(), []);
});
