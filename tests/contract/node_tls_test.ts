import { test } from "node:test";
import { nodeAdapter } from "../../adapters/node.ts";
import { tlsContract } from "./adapter_contract.ts";
import { RUNTIME, tlsSubject } from "./runtime_subject.ts";

// As without TLS, Deno needs the Deno adapter.
const SKIP = RUNTIME === "deno" && "Deno's node:tls does not keep all promises";

if (SKIP) test("the contract of the Node adapter with TLS", { skip: SKIP }, () => {});
else tlsContract(tlsSubject(nodeAdapter()));
