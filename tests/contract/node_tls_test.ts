import { test } from "node:test";
import { nodeAdapter } from "../../adapters/node.ts";
import { tlsContract } from "./adapter_contract.ts";
import { handshakeTests } from "./handshake_tests.ts";
import { RUNTIME, tlsSubject } from "./runtime_subject.ts";

const subject = tlsSubject(nodeAdapter());
const SKIP = "a reset is a FIN to Deno's node:tls, and its client reads on while it is paused";

if (RUNTIME === "deno") {
  test("the checks of sockets for the Node adapter with TLS", { skip: SKIP }, () => {});
  handshakeTests(subject);
} else tlsContract(subject);
