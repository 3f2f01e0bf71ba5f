/**
 * Objects that all processes of a server share over its bus: a channel, a topic, a room.
 *
 * Only a request knows the bus of its server, so the object is made with the first request that needs it. A server
 * without a bus has an object of its own process.
 */

import type { Environ } from "../mod.ts";
import type { ServedBus } from "../src/wsgi/mod.ts";

/** The key of the object without a bus. */
const NO_BUS = {};

/** Makes the function that gives the object of a request. */
export function shared<T>(make: (bus: ServedBus | undefined) => T): (environ: Environ) => T {
  const made = new WeakMap<object, T>();
  return ({ cogen: { servedBus } }) => {
    const key = servedBus ?? NO_BUS;
    const known = made.get(key);
    if (known !== undefined) return known;
    const object = make(servedBus);
    made.set(key, object);
    return object;
  };
}
