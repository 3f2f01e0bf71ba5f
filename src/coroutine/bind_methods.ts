/**
 * Methods that work without their object: `environ.cogen.call(queue.get)(...)`, as in Python.
 *
 * The constructors of queues and semaphores call this. The properties are enumerable, because plain assignments
 * cost less than `Object.defineProperty`.
 *
 * @module
 */

/** Binds methods of an object to the object, those of a subclass included. */
export function bindMethods<O extends object>(object: O, ...names: (keyof O)[]): void {
  for (const name of names) {
    const method = object[name] as (...args: unknown[]) => unknown;
    object[name] = method.bind(object) as O[typeof name];
  }
}
