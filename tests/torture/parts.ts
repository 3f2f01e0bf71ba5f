/**
 * The parts of the torture run, in their order.
 *
 * @module
 */

import { clocksPart } from "./clocks.ts";
import { eventsPart } from "./events.ts";
import { faultsPart } from "./faults/faults_part.ts";
import type { Part } from "./part.ts";
import { logPart } from "./same_log.ts";
import { shutdownsPart } from "./shutdowns.ts";
import { slowPart } from "./slow_clients.ts";
import { slowhttptestPart } from "./traffic/slowhttptest.ts";
import { socketsPart } from "./faults/sockets.ts";
import { suspendedPart } from "./suspended.ts";
import { greedyPart } from "./traffic/greedy.ts";
import { topicsPart } from "./topics.ts";
import { pausedPart } from "./traffic/paused.ts";
import { diskPart } from "./workers/full_disk.ts";
import { trafficPart } from "./traffic/traffic.ts";

export const PARTS: readonly Part[] = [
  faultsPart,
  clocksPart,
  shutdownsPart,
  slowPart,
  eventsPart,
  topicsPart,
  logPart,
  socketsPart,
  suspendedPart,
  diskPart,
  pausedPart,
  greedyPart,
  slowhttptestPart,
  trafficPart,
];
