import { test } from "node:test";
import { denoAdapter } from "../../adapters/deno.ts";
import { adapterContract } from "./adapter_contract.ts";
import { RUNTIME, runtimeSubject } from "./runtime_subject.ts";

if (RUNTIME === "deno") adapterContract(runtimeSubject(denoAdapter()));
else test("the contract of the deno adapter", { skip: "needs Deno" }, () => {});
