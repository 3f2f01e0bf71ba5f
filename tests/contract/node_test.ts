import { test } from "node:test";
import { nodeAdapter } from "../../adapters/node.ts";
import { adapterContract } from "./adapter_contract.ts";
import { RUNTIME, runtimeSubject } from "./runtime_subject.ts";

// Bun's `node:net` keeps every promise. Deno's drops what a closing socket has still to write, and
// does not hear a peer's end while it writes: there, use Deno's own adapter.
if (RUNTIME !== "deno") adapterContract(runtimeSubject(nodeAdapter()));
else {test(
    "the contract of the node adapter",
    { skip: "Deno's node:net is not up to it" },
    () => {},
  );}
