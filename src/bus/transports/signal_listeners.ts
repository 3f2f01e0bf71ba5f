/**
 * The listeners of signals in this process.
 *
 * `memory.ts` and `channel.ts` call this.
 *
 * @module
 */

import type { SignalListener, SignalTransport } from "../transport.ts";

/** The listeners of one transport. */
export class SignalListeners implements SignalTransport {
  readonly #listeners = new Set<SignalListener>();

  /** The number of listeners. */
  get size(): number {
    return this.#listeners.size;
  }

  async send(name: string, text: string): Promise<number> {
    const counts = await Promise.all([...this.#listeners].map((listener) => listener(name, text)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  listen(listener: SignalListener): () => void {
    // The same function may listen twice.
    const own: SignalListener = (name, text) => listener(name, text);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}
