/**
 * A fuzzer of the reader of the PROXY protocol.
 *
 * Strategy: the fuzzer mutates the headers of the corpus, and reads each input whole and in random pieces. Both
 * runs must give the same result, in any mode, and no run may hold more bytes than a header can have. The seed
 * decides everything, so every failure can be repeated.
 *
 * `main.ts` (`npm run fuzz`) and `proxy_fuzzer_test.ts` call this.
 */

import type { ProxyVersion } from "../../src/socket/mod.ts";
import { escapeBytes, latin1Text } from "../http/transcript.ts";
import { type HeaderCase, resultOf } from "../socket/proxy_protocol/corpus.ts";
import { FuzzFailure } from "./fuzzer.ts";
import { mutate } from "./mutations.ts";
import { Random } from "./random.ts";

const VERSIONS: readonly ProxyVersion[] = ["auto", "auto", "v1", "v2"];

/** Gives the result of a reader that gets pieces. */
export type ReadPieces = (pieces: readonly Uint8Array[], version: ProxyVersion) => string;

/** Makes one input after the other, and checks the reader with it. */
export class ProxyFuzzer {
  readonly #seed: number;
  readonly #random: Random;
  readonly #seeds: readonly HeaderCase[];
  readonly #read: ReadPieces;
  /** The number of inputs so far. */
  runs = 0;
  /** The bytes of all inputs so far. */
  bytes = 0;
  /** The kinds of outcome so far: the results without their contents. */
  readonly shapes: Set<string> = new Set();

  constructor(seed: number, seeds: readonly HeaderCase[], read: ReadPieces = resultOf) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#seeds = seeds;
    this.#read = read;
  }

  /**
   * Makes and checks one input.
   *
   * @throws {FuzzFailure} If the reader broke a promise.
   */
  step(): void {
    const random = this.#random;
    const own = random.pick(this.#seeds).bytes;
    const bytes = mutate(own, random, random.pick(this.#seeds).bytes);
    const version = random.pick(VERSIONS);
    const cuts = Array.from({ length: 1 + random.below(5) }, () => random.below(bytes.length + 1))
      .sort((one, other) => one - other);
    this.runs++;
    this.bytes += bytes.length;
    const pieces = [...cuts, bytes.length].map((cut, at) => bytes.subarray(cuts[at - 1] ?? 0, cut));
    const whole = this.#outcome([bytes], version);
    const cut = this.#outcome(pieces, version);
    this.shapes.add(whole.replace(/"(?:[^"\\]|\\.)*"|[\da-f:.]+/g, "#"));
    if (whole === cut && !whole.startsWith("throws")) return;
    throw new FuzzFailure([
      `Run ${this.runs} of seed ${this.#seed}: the reader of PROXY headers gives`,
      `whole     ${whole}`,
      `in pieces ${cut}`,
      `version ${version}, cuts ${JSON.stringify(cuts)}`,
      `input ${escapeBytes(latin1Text(bytes))}`,
      `again: npm run fuzz -- --seed ${this.#seed} --runs ${this.runs}`,
    ].join("\n"));
  }

  #outcome(pieces: readonly Uint8Array[], version: ProxyVersion): string {
    try {
      return this.#read(pieces, version);
    } catch (error) {
      return `throws ${String(error)}`;
    }
  }
}
