import { nodeAdapter } from "../../adapters/node.ts";
import { adapterContract, checkTests } from "./adapter_contract.ts";
import { LOOPBACK, RUNTIME, runtimeSubject } from "./runtime_subject.ts";

/** The promises that Deno's `node:net` does not keep. The workers of `--workers` serve with it. */
const DENO_GAPS = {
  "half-close: a large write that begins in onEnd arrives whole":
    "a write to a peer that has sent its FIN, and nothing before, fails when the window is full",
  "vanishing: a reset is noticed behind a flood of unread bytes":
    "an empty write does not reach the kernel",
  "vanishing: the end of the peer is noticed while a write is stalled":
    "nothing is read while a write waits",
};

// Bun's `node:net` keeps every promise.
const subject = runtimeSubject(nodeAdapter());
if (RUNTIME === "deno") {
  const { dial: _, ...adapter } = subject.adapter;
  const options = { ...subject.options, addresses: [LOOPBACK], gaps: DENO_GAPS };
  checkTests(subject.name, { adapter }, options);
} else adapterContract(subject);
