import { test } from "node:test";
import { denoAdapter } from "../../adapters/deno.ts";
import { adapterChecks } from "../../src/testing/mod.ts";
import { denoTlsConnect } from "./deno_client.ts";
import { checkTitle } from "./adapter_contract.ts";
import { handshakeTests } from "./handshake_tests.ts";
import { RUNTIME, tlsSubject } from "./runtime_subject.ts";

const GAPS = {
  "order: small writes are not delayed": "Deno has no setNoDelay for TLS",
  "vanishing: a reset is noticed behind a flood of unread bytes":
    "Deno reports a reset only to a read, or to a write of at least one byte",
};

/** The checks of peers that are slow: the peer of Deno's `node:tls` reads on while it is paused. */
const IS_SLOW = /^backpressure|^reset: it frees|hold each other up$|stalled$|stalled write$/;

if (RUNTIME === "deno") {
  const subject = {
    ...tlsSubject(denoAdapter()),
    machineGaps: {
      silence: "Deno does not cancel a handshake: the client's end stays open until it leaves",
    },
  };
  const options = { ...subject.options, gaps: GAPS };
  const slow = adapterChecks(subject.adapter, { ...options, connect: denoTlsConnect });
  for (const [index, check] of adapterChecks(subject.adapter, options).entries()) {
    const { run } = IS_SLOW.test(check.name) ? slow[index] ?? check : check;
    test(checkTitle(subject.name, check), run);
  }
  handshakeTests(subject);
} else {
  test("the contract of the deno adapter with TLS", { skip: "needs Deno" }, () => {});
}
