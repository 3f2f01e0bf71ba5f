/**
 * The parts of the torture run, in their order.
 *
 * @module
 */

import { faultsPart } from "./faults_part.ts";
import type { Part } from "./part.ts";
import { logPart } from "./same_log.ts";
import { shutdownsPart } from "./shutdowns.ts";
import { slowPart } from "./slow_clients.ts";
import { slowhttptestPart } from "./slowhttptest.ts";
import { socketsPart } from "./sockets.ts";
import { suspendedPart } from "./suspended.ts";
import { trafficPart } from "./traffic.ts";

export const PARTS: readonly Part[] = [
  faultsPart,
  shutdownsPart,
  slowPart,
  logPart,
  socketsPart,
  suspendedPart,
  slowhttptestPart,
  trafficPart,
];
