/**
 * The contract of this package's adapters: the checks of `./testing` for any adapter, and tests of the
 * machine below: name lookups, socket files, backlogs, handshakes.
 *
 * @module
 */

import { test } from "node:test";
import type { Adapter } from "../../src/socket/mod.ts";
import {
  type AdapterCheck,
  type AdapterCheckOptions,
  adapterChecks,
} from "../../src/testing/mod.ts";
import { handshakeTests } from "./handshake_tests.ts";
import { logTests, machineTests } from "./machine_tests.ts";
import { reachTests } from "./reach_tests.ts";
import type { Subject } from "./runtime_subject.ts";

/** Registers the tests of one adapter. */
export function adapterContract(subject: Subject): void {
  checkTests(subject.name, subject, subject.options);
  machineTests(subject);
  logTests(subject);
  reachTests(subject);
}

/** Registers the tests of one adapter with TLS. Connections are never dialled with TLS. */
export function tlsContract(subject: Subject): void {
  checkTests(subject.name, subject, subject.options);
  handshakeTests(subject);
}

/** Registers the checks that hold for any adapter. */
export function checkTests(
  name: string,
  { adapter }: { readonly adapter: Adapter },
  options: AdapterCheckOptions,
): void {
  for (const check of adapterChecks(adapter, options)) test(checkTitle(name, check), check.run);
}

/** The name of the test of a check. The test of a gap passes while the adapter has the gap. */
export function checkTitle(subject: string, { name, gap }: AdapterCheck): string {
  return `${gap === undefined ? "" : "gap, "}${subject}: ${name}`;
}
