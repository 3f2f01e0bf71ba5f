import { test } from "node:test";
import { nodeAdapter } from "../../adapters/node.ts";
import { adapterContract } from "./adapter_contract.ts";
import { RUNTIME, runtimeSubject } from "./runtime_subject.ts";

// Bun's `node:net` keeps every promise. Deno's drops what a closing socket has still to write, and
// does not hear a peer's end while it writes: there, use Deno's own adapter.
const SKIP = RUNTIME === "deno" && "Deno's node:net does not keep all promises";

if (SKIP) test("the contract of the Node adapter", { skip: SKIP }, () => {});
else adapterContract(runtimeSubject(nodeAdapter()));
