import { test } from "node:test";
import { bunAdapter } from "../../adapters/bun.ts";
import { adapterContract } from "./adapter_contract.ts";
import { RUNTIME, runtimeSubject } from "./runtime_subject.ts";

if (RUNTIME === "bun") adapterContract(runtimeSubject(bunAdapter()));
else test("the contract of the bun adapter", { skip: "needs Bun" }, () => {});
