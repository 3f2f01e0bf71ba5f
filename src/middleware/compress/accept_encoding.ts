/**
 * The choice of a content coding by `Accept-Encoding` (RFC 9110 §12.5.3).
 *
 * `compress` calls this.
 *
 * @module
 */

import type { Encoding } from "./zlib.ts";

/** The result of the negotiation. */
export interface Negotiated {
  /** The coding of compressible content; `undefined` for none. */
  readonly encoding: Encoding | undefined;
  /** Whether the client allows content without a coding. */
  readonly acceptsIdentity: boolean;
}

/**
 * Chooses the coding with the highest weight. Among equal weights, the order of the server decides.
 *
 * A client that gives `identity` a higher weight than every coding gets no coding. A coding with a
 * malformed weight counts as refused.
 *
 * @param field The value of `Accept-Encoding`; without such a field, no coding is chosen.
 * @param offered The codings of the server, the preferred one first.
 */
export function negotiate(field: string | undefined, offered: readonly Encoding[]): Negotiated {
  if (field === undefined) return { encoding: undefined, acceptsIdentity: true };
  const weights = parseWeights(field);
  const any = weights.get("*");
  let encoding: Encoding | undefined;
  let best = 0;
  for (const candidate of offered) {
    const weight = weights.get(candidate) ?? any ?? 0;
    if (weight <= best) continue;
    best = weight;
    encoding = candidate;
  }
  // Without a weight of its own, identity is acceptable, but a coding need not have a higher weight
  // than identity.
  const identity = weights.get("identity");
  if (identity !== undefined && identity > best) encoding = undefined;
  return { encoding, acceptsIdentity: (identity ?? any ?? 1) > 0 };
}

/**
 * Reads the weight of each coding that the field names. If a name comes twice, the first weight
 * counts.
 */
function parseWeights(field: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of field.toLowerCase().split(",")) {
    const [name = "", ...parameters] = item.split(";").map((part) => part.trim());
    const coding = name === "x-gzip" ? "gzip" : name; // RFC 9110 §8.4.1.3
    if (coding !== "" && !weights.has(coding)) weights.set(coding, weightOf(parameters));
  }
  return weights;
}

/** Matches a weight: a number from 0 to 1 with up to three decimals (RFC 9110 §12.4.2). */
const WEIGHT = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

function weightOf(parameters: readonly string[]): number {
  const parameter = parameters.find((candidate) => /^q\s*=/.test(candidate));
  return parameter === undefined ? 1 : Number(WEIGHT.exec(parameter)?.[1] ?? 0);
}
