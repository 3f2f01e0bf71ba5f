/**
 * The contract of every adapter. It is checked over real connections.
 *
 * Each `*_tests.ts` file holds one part of the contract; each `*_test.ts` file runs all parts for one
 * adapter. Both an accepted and a dialled connection must keep the promises of `Socket`.
 *
 * @module
 */

import { test } from "node:test";
import { canDial, type DiallingSubject, type Subject } from "./connection.ts";
import { backpressureTests, pausingTests } from "./backpressure_tests.ts";
import { clockTests } from "./clock_tests.ts";
import { closingTests, halfCloseTests, resetTests } from "./closing_tests.ts";
import { dialTests, reachTests } from "./dial_tests.ts";
import { failureTests, refusalTests } from "./failure_tests.ts";
import { handshakeTests } from "./handshake_tests.ts";
import { addressTests, listenerTests, machineTests } from "./listener_tests.ts";
import { orderTests } from "./order_tests.ts";
import { vanishingTests } from "./vanishing_tests.ts";

/** Registers the tests of one adapter. */
export function adapterContract(subject: Subject): void {
  connectionContract(subject);
  listenerTests(subject);
  machineTests(subject);
  clockTests(subject);
  if (canDial(subject)) dialledContract(subject);
  else test(`${subject.name}: dials`, { skip: "the adapter has no dial" }, () => {});
}

/** Registers the tests of the connections that an adapter dials. */
export function dialledContract(subject: DiallingSubject): void {
  dialTests(subject);
  reachTests(subject);
  const dialled: DiallingSubject = { ...subject, name: `${subject.name}, dialled`, dials: true };
  conversationTests(dialled);
}

/** Registers the tests of one adapter with TLS. */
export function tlsContract(subject: Subject): void {
  handshakeTests(subject);
  connectionContract(subject);
}

function connectionContract(subject: Subject): void {
  conversationTests(subject);
  refusalTests(subject);
  addressTests(subject);
}

/** Registers the tests that hold for accepted connections and for dialled ones. */
function conversationTests(subject: Subject): void {
  orderTests(subject);
  backpressureTests(subject);
  halfCloseTests(subject);
  closingTests(subject);
  resetTests(subject);
  vanishingTests(subject);
  pausingTests(subject);
  failureTests(subject);
}
