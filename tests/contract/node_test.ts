import { test } from "node:test";
import { nodeAdapter } from "../../adapters/node.ts";
import { adapterContract } from "./adapter_contract.ts";
import { RUNTIME, runtimeSubject } from "./runtime_subject.ts";

// Bun's `node:net` keeps every promise. Deno's `node:net` drops bytes that a closing socket has still to
// send, and misses a peer's end during a write: Deno needs the Deno adapter.
const SKIP = RUNTIME === "deno" && "Deno's node:net does not keep all promises";

if (SKIP) test("the contract of the Node adapter", { skip: SKIP }, () => {});
else adapterContract(runtimeSubject(nodeAdapter()));
