/**
 * The parts of the torture run, in their order.
 *
 * @module
 */

import { faultsPart } from "./faults_part.ts";
import type { Part } from "./part.ts";
import { shutdownsPart } from "./shutdowns.ts";

export const PARTS: readonly Part[] = [faultsPart, shutdownsPart];
