/**
 * A mutation fuzzer of the request parser.
 *
 * Strategy: the fuzzer mutates messages of the corpus, and parses each one whole and in random
 * pieces, now and then one byte at a time. Both runs must give the same events, and each run must
 * keep the promises that `observation.ts` checks. A message whose outcome has a new shape is mutated
 * further. The seed decides everything, so every failure can be repeated.
 *
 * `main.ts` (`npm run fuzz`) and `fuzzer_test.ts` call this.
 */

import { DEFAULT_LIMITS, type ParserLimits, RequestParser } from "../../src/http/mod.ts";
import type { CorpusCase } from "../http/corpus.ts";
import { escapeBytes, latin1Text } from "../http/transcript.ts";
import { mutate } from "./mutations.ts";
import { BrokenPromise, type MakeSubject, type Observation, observe } from "./observation.ts";
import { Random } from "./random.ts";
import { shrink } from "./shrink.ts";

/** The most messages that are kept for further mutation, and the most shapes that are counted. */
const MAX_SEEDS = 4096;

/** A message to mutate. */
export type Seed = Pick<CorpusCase, "bytes" | "limits">;

/**
 * The parser broke a promise. The message has the shortest input, and the command that repeats the
 * run.
 */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

/** The input of a run: bytes, the positions of the cuts, and the limits. */
interface Input {
  readonly bytes: Uint8Array;
  readonly cuts: readonly number[];
  readonly limits: ParserLimits;
}

/** Makes one input after the other, and checks the parser with it. */
export class Fuzzer {
  readonly #seed: number;
  readonly #random: Random;
  readonly #seeds: Seed[];
  readonly #makeSubject: MakeSubject;
  /** The number of inputs so far. */
  runs = 0;
  /** The bytes of all inputs so far. */
  bytes = 0;
  /** The number of inputs by the shape of their outcome. */
  readonly shapes: Map<string, number> = new Map();

  constructor(
    seed: number,
    seeds: readonly Seed[],
    makeSubject: MakeSubject = (options) => new RequestParser(options),
  ) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#seeds = [...seeds];
    this.#makeSubject = makeSubject;
  }

  /**
   * Makes and checks one input.
   *
   * @throws {FuzzFailure} If the parser broke a promise.
   */
  step(): void {
    const input = this.#makeInput();
    this.runs++;
    this.bytes += input.bytes.length;
    try {
      this.#learn(input, this.#check(input));
    } catch (error) {
      if (!(error instanceof BrokenPromise)) throw error;
      throw this.#failure(input);
    }
  }

  #makeInput(): Input {
    const random = this.#random;
    const { bytes: original, limits: own } = random.pick(this.#seeds);
    const bytes = mutate(original, random, random.pick(this.#seeds).bytes);
    return { bytes, cuts: chooseCuts(bytes.length, random), limits: chooseLimits(own, random) };
  }

  #check({ bytes, cuts, limits }: Input): Observation {
    const whole = observe(bytes, [], limits, this.#makeSubject);
    const pieces = observe(bytes, cuts, limits, this.#makeSubject);
    if (pieces.text !== whole.text) {
      throw new BrokenPromise(`in pieces gives\n${pieces.text}\nbut whole\n${whole.text}`);
    }
    return whole;
  }

  #learn({ bytes, limits }: Input, { shape }: Observation): void {
    const seen = this.shapes.get(shape) ?? 0;
    if (seen === 0 && this.#seeds.length < MAX_SEEDS) this.#seeds.push({ bytes, limits });
    if (seen > 0 || this.shapes.size < MAX_SEEDS) this.shapes.set(shape, seen + 1);
  }

  #failure(input: Input): FuzzFailure {
    const { limits } = input;
    let reason = "";
    const bytes = shrink(input.bytes, (shorter) => {
      // The original cuts may not matter, so any split that fails is good enough.
      for (const cuts of [input.cuts.filter((cut) => cut <= shorter.length), everyCut(shorter)]) {
        try {
          this.#check({ bytes: shorter, cuts, limits });
        } catch (error) {
          reason = (error as Error).message;
          return true;
        }
      }
      return false;
    });
    return new FuzzFailure([
      `Run ${this.runs} of seed ${this.#seed}: the parser ${reason || this.#reason(input)}`,
      `limits ${JSON.stringify(limits)}, cuts ${JSON.stringify(input.cuts)}`,
      `input ${escapeBytes(latin1Text(bytes))}`,
      `again: npm run fuzz -- --seed ${this.#seed} --runs ${this.runs}`,
    ].join("\n"));
  }

  #reason(input: Input): string {
    try {
      this.#check(input);
      return "did it once only";
    } catch (error) {
      return (error as Error).message;
    }
  }
}

function chooseCuts(length: number, random: Random): number[] {
  if (length < 400 && random.onceIn(8)) return everyCut({ length });
  const cuts = Array.from({ length: 1 + random.below(5) }, () => random.below(length + 1));
  return cuts.sort((one, other) => one - other);
}

function everyCut({ length }: { readonly length: number }): number[] {
  return Array.from({ length: Math.max(0, length - 1) }, (_, index) => index + 1);
}

/** The limits of the message and the defaults, or small limits that short messages reach. */
function chooseLimits(own: Partial<ParserLimits>, random: Random): ParserLimits {
  if (!random.onceIn(3)) return { ...DEFAULT_LIMITS, ...own };
  const upTo = (limit: number) => random.onceIn(6) ? Infinity : random.below(limit);
  return {
    maxLineBytes: upTo(60),
    maxHeadBytes: upTo(200),
    maxFieldCount: upTo(6),
    maxBodyBytes: upTo(40),
    maxChunkExtensionBytes: upTo(20),
    maxTrailerBytes: upTo(60),
    maxEmptyLines: upTo(4),
  };
}
