import { test } from "node:test";
import { bunAdapter } from "../../adapters/bun.ts";
import { tlsContract } from "./adapter_contract.ts";
import { RUNTIME, tlsSubject } from "./runtime_subject.ts";

if (RUNTIME === "bun") tlsContract(tlsSubject(bunAdapter()));
else test("the contract of the bun adapter with TLS", { skip: "needs Bun" }, () => {});
