import { test } from "node:test";
import { denoAdapter } from "../../adapters/deno.ts";
import { tlsContract } from "./adapter_contract.ts";
import type { Subject } from "./connection.ts";
import { denoTlsClient } from "./deno_client.ts";
import { RUNTIME, tlsSubject } from "./runtime_subject.ts";

const GAPS: Subject["gaps"] = {
  noDelay: "Deno has no setNoDelay for TLS",
  reset: "Deno cannot reset a connection",
  silence: "Deno does not cancel a handshake: the client's end stays open until it leaves",
  unreadReset: "Deno reports a reset only to a read, or to a write of at least one byte",
};

if (RUNTIME === "deno") {
  const subject = { ...tlsSubject(denoAdapter()), gaps: GAPS };
  tlsContract({ ...subject, connectSlow: denoTlsClient });
} else {
  test("the contract of the deno adapter with TLS", { skip: "needs Deno" }, () => {});
}
