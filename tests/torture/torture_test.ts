/** A small slice of `npm run torture`, with a fixed seed for each runtime. */

import { assert, assertEquals } from "@std/assert";
import { test } from "node:test";
import { Random } from "../fuzz/random.ts";
import { crowdOf, isMine, runsOf, seedOf } from "../support/shares.ts";
import { unsteadyClocks } from "./clocks.ts";
import { leavingClients, stalledCrowd } from "./events.ts";
import { slowSubscribers } from "./topics.ts";
import { everyFault, FaultStage, randomFault, undisturbedBytes } from "./faults/faults.ts";
import type { ConnectionFault } from "./faults/faulty_adapter.ts";
import { EFFECTS } from "./faults/faulty_socket.ts";
import { type Scenario, SCENARIOS } from "./faults/scenarios.ts";

/** One in so many places of a conversation meets each effect, on all runtimes together. */
const STRIDE = 10;
/** The random faults of each conversation, on all runtimes together; some accepts fail. */
const FAULTS = 12;

test("a conversation that fails leaves nothing behind, and no part is taken for whole", async () => {
  const random = new Random(seedOf(7));
  const stage = await FaultStage.open();
  for (const scenario of SCENARIOS) {
    const outBytes = await undisturbedBytes(scenario);
    const faults: (ConnectionFault | undefined)[] = [];
    for (const effect of EFFECTS) {
      const all = [...everyFault(scenario, outBytes, effect)];
      faults.push(...all.filter((_, index) => index % STRIDE === 0 && isMine(index / STRIDE)));
    }
    assert(faults.length >= EFFECTS.length);
    for (let count = 0; count < runsOf(FAULTS); count++) {
      faults.push(randomFault(random, scenario, outBytes));
    }
    for (const fault of faults) {
      assertEquals(stage.run([[scenario, fault]]), [], `${scenario.name} ${JSON.stringify(fault)}`);
    }
  }
  assertEquals(await stage.close(), []);
});

test("an app whose end begins before a leap of the clock still ends by itself", async () => {
  const named = (name: string) => SCENARIOS.find((each) => each.name === name) as Scenario;
  const stage = await FaultStage.open();
  // The end of the first app waits half a second, and has 30 seconds.
  const complaints = stage.run([
    [named("promise"), { side: "out", at: 93, effect: "throw" }],
    [named("expectation"), { side: "out", at: 155, effect: "leap" }],
  ]);
  assertEquals([complaints, await stage.close()], [[], []]);
});

test("clocks that jump and stand still lose no deadline and make no duration below 0", async () => {
  const tally = await unsteadyClocks(new Random(seedOf(7)), runsOf(20));
  assertEquals(tally.broken, []);
  assert(tally.jumps > 10 && tally.dates > 10, JSON.stringify(tally));
});

test("clients that leave at random bytes miss no event and get none twice, or one stale event", async () => {
  const visits = runsOf(400);
  const tally = await leavingClients(new Random(seedOf(7)), visits);
  assertEquals([tally.broken, tally.visits >= visits], [[], true]);
  assert(tally.stales > 0 && tally.events > visits && tally.restarts > 0, JSON.stringify(tally));
});

test("of 500 clients, 50 do not read: their memory is bounded, and the others miss nothing", async () => {
  const clients = crowdOf(500);
  const events = 60;
  const { sentBytes, heldBytes, broken } = await stalledCrowd({
    clients,
    stalled: clients / 10,
    events,
  });
  assertEquals(broken, []);
  assert(heldBytes > 0 && heldBytes < sentBytes, `${heldBytes} of ${sentBytes} bytes`);
});

test("of 100 subscribers of a topic, 20 are slow: the policy holds, and the others miss nothing", async () => {
  for (const policy of ["drop", "close"] as const) {
    const sizes = { clients: crowdOf(100), messages: 120, policy };
    const { heldBytes, sentBytes, broken } = await slowSubscribers(sizes);
    assertEquals(broken, []);
    assert(heldBytes > 0 && heldBytes < sentBytes, `${heldBytes} of ${sentBytes} bytes`);
  }
});
