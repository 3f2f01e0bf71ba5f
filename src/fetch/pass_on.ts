/**
 * A class whose instances stand for an object of the runtime: the members that the class does not have itself
 * are those of the runtime's own object, which is made when one of them is asked for.
 *
 * The trap: functions of a runtime look for the state of a request or a response in the object itself. Node 20
 * and Deno keep it under symbols, which are passed on like the other members. Later Nodes and Bun keep it in
 * private fields, which no other object can have.
 *
 * `lazy_request.ts` and `fast_response.ts` call this.
 *
 * @module
 */

/**
 * Gives a prototype all members of a class of the runtime that it does not have, and makes it inherit from
 * that class.
 *
 * @param prototype The prototype.
 * @param sample An instance of the runtime's class.
 * @param own Gives the runtime's own object of an instance.
 */
export function passOn<T extends object>(
  prototype: T,
  sample: object,
  own: (instance: T) => object,
): void {
  const inherited = Object.getPrototypeOf(sample) as object;
  const keys = [...Reflect.ownKeys(inherited), ...Object.getOwnPropertySymbols(sample)];
  for (const key of keys) {
    if (Object.hasOwn(prototype, key)) continue;
    const member = Object.getOwnPropertyDescriptor(inherited, key);
    Object.defineProperty(prototype, key, passedOn(key, member, own));
  }
  Object.setPrototypeOf(prototype, inherited);
}

function passedOn<T extends object>(
  key: string | symbol,
  member: PropertyDescriptor | undefined,
  own: (instance: T) => object,
): PropertyDescriptor {
  const value: unknown = member?.value;
  if (typeof value === "function") {
    const method = function (this: T, ...all: unknown[]): unknown {
      return Reflect.apply(value, own(this), all);
    };
    return { ...member, value: method };
  }
  // A plain value, such as the tag of `toString`, is the same for all instances.
  if (member !== undefined && member.get === undefined) return member;
  return {
    get(this: T): unknown {
      return Reflect.get(own(this), key);
    },
    set(this: T, given: unknown) {
      Reflect.set(own(this), key, given);
    },
    enumerable: member?.enumerable ?? false,
    configurable: true,
  };
}
