/**
 * `environ.cogen.core`: the modules of `cogen.core`, in cogen's style.
 *
 * A module is made when an app first asks for it: most apps use one of them, or none. The `cogen` of a request
 * makes this object.
 *
 * @module
 */

import type { Planner } from "../waiting.ts";
import { Events } from "./events.ts";
import { PubSub } from "./pubsub.ts";
import { Queues } from "./queues.ts";
import { Sockets } from "./sockets.ts";
import { Util } from "./util.ts";

/** The operations of `cogen.core`. Each call plans an operation and returns `""`, to be yielded. */
export class Core {
  readonly #cogen: Planner;
  #events: Events | undefined;
  #sockets: Sockets | undefined;
  #queue: Queues | undefined;
  #pubsub: PubSub | undefined;
  #util: Util | undefined;

  /**
   * @param cogen Keeps each operation until the server performs it.
   * @ignore
   */
  constructor(cogen: Planner) {
    this.#cogen = cogen;
  }

  /** Time, signals, coroutines, and several operations at once. */
  get events(): Events {
    return this.#events ??= new Events(this.#cogen);
  }

  /** Connections, their bytes and lines. */
  get sockets(): Sockets {
    return this.#sockets ??= new Sockets(this.#cogen);
  }

  /** The waits of a `Queue`. */
  get queue(): Queues {
    return this.#queue ??= new Queues(this.#cogen);
  }

  /** The waits of a `PublishSubscribeQueue`. */
  get pubsub(): PubSub {
    return this.#pubsub ??= new PubSub(this.#cogen);
  }

  /** The priorities. */
  get util(): Util {
    return this.#util ??= new Util(this.#cogen);
  }
}
