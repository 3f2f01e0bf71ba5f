import { test } from "node:test";
import { denoAdapter } from "../../adapters/deno.ts";
import { adapterContract } from "./adapter_contract.ts";
import type { Subject } from "./connection.ts";
import { RUNTIME, runtimeSubject } from "./runtime_subject.ts";

const GAPS: Subject["gaps"] = { reset: "Deno cannot reset a connection" };

if (RUNTIME === "deno") adapterContract({ ...runtimeSubject(denoAdapter()), gaps: GAPS });
else test("the contract of the deno adapter", { skip: "needs Deno" }, () => {});
