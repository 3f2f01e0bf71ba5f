/** Deep equality, by the rules of JSR's `equal`. */

type Keyed = Set<unknown> | Map<unknown, unknown>;

/** Tells whether two values are deeply equal. Key order does not matter; `0` equals `-0`. */
export function equal(a: unknown, b: unknown): boolean {
  return compare(a, b, new Map());
}

/** Compares two values. `seen` has the pairs that are being compared, so that cycles end. */
function compare(a: unknown, b: unknown, seen: Map<object, object>): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "number" && typeof b === "number") return a === b;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (!sameClass(a, b)) return false;
  if (isOpaque(a)) throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  if (isText(a) && isText(b)) return String(a) === String(b);
  if (a instanceof Error && b instanceof Error && a.message !== b.message) return false;
  if (isBoxed(a) && isBoxed(b)) return Object.is(a.valueOf(), b.valueOf());
  if (seen.get(a) === b) return true;
  seen.set(a, b);
  if (isBytes(a) && isBytes(b)) return sameBytes(a, b);
  if (isKeyed(a) && isKeyed(b) && !sameEntries(a, b, seen)) return false;
  return sameProperties(a, b, seen);
}

/**
 * Whether two objects have the same class. An object without a prototype counts as a plain object.
 */
function sameClass(a: object, b: object): boolean {
  const [left, right] = [a.constructor, b.constructor];
  return left === right || (left === Object && !right) || (!left && right === Object);
}

function isOpaque(value: object): boolean {
  return value instanceof WeakMap || value instanceof WeakSet;
}

function isText(value: object): boolean {
  return value instanceof RegExp || value.constructor?.name === "URL";
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean;
}

function isBytes(value: object): value is Uint8Array {
  return value instanceof Uint8Array;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function isKeyed(value: object): value is Keyed {
  return value instanceof Set || value instanceof Map;
}

function sameEntries(a: Keyed, b: Keyed, seen: Map<object, object>): boolean {
  if (a.size !== b.size) return false;
  const rest = new Set(b.entries());
  for (const entry of a.entries()) {
    const match = [...rest].find((other) => compare(entry, other, new Map(seen)));
    if (match === undefined) return false;
    rest.delete(match);
  }
  return true;
}

function sameProperties(a: object, b: object, seen: Map<object, object>): boolean {
  const keys = ownKeys(a);
  if (keys.length !== ownKeys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && compare(read(a, key), read(b, key), seen));
}

function ownKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value).filter((key) =>
    Object.prototype.propertyIsEnumerable.call(value, key)
  );
}

function read(value: object, key: PropertyKey): unknown {
  return Reflect.get(value, key);
}
