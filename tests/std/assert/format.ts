/**
 * The text of a value: one property on each line, in the order of the keys, so that two texts can
 * be compared line by line.
 */

const MAX_DEPTH = 12;
const MAX_INLINE = 60;

/** Prints any value; no property is left out, however large the value is. */
export function format(value: unknown): string {
  return print(value, 0, []);
}

function print(value: unknown, depth: number, above: readonly object[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[Function: ${value.name || "anonymous"}]`;
  if (typeof value !== "object" || value === null) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  if (above.includes(value)) return "[Circular]";
  if (depth > MAX_DEPTH) return "[...]";
  return printObject(value, depth, [...above, value]);
}

function printObject(value: object, depth: number, above: readonly object[]): string {
  const inner = (part: unknown) => print(part, depth + 1, above);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toJSON();
  if (value instanceof RegExp) return String(value);
  if (value instanceof Uint8Array) {
    return `${value.constructor.name}(${value.length}) ${wrap("[", [...value].map(String), "]")}`;
  }
  if (Array.isArray(value)) return wrap("[", value.map(inner), "]");
  if (value instanceof Set) return `Set ${wrap("{", [...value].map(inner), "}")}`;
  if (value instanceof Map) {
    return `Map ${wrap("{", [...value].map(([k, v]) => `${inner(k)} => ${inner(v)}`), "}")}`;
  }
  const name = value.constructor?.name ?? "Object";
  const head = value instanceof Error ? `${name}(${JSON.stringify(value.message)}) ` : `${name} `;
  return `${name === "Object" ? "" : head}${wrap("{", printProperties(value, inner), "}")}`;
}

function printProperties(value: object, inner: (part: unknown) => string): string[] {
  return Reflect.ownKeys(value)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))
    .map((key) => `${printKey(key)}: ${inner(Reflect.get(value, key))}`)
    .sort();
}

function printKey(key: string | symbol): string {
  if (typeof key === "symbol") return `[${String(key)}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}

function wrap(open: string, parts: readonly string[], close: string): string {
  const inline = parts.join(", ");
  if (inline.length <= MAX_INLINE && !inline.includes("\n")) {
    return parts.length === 0 ? open + close : `${open} ${inline} ${close}`;
  }
  const lines = parts.map((part) => `${part},`).join("\n").split("\n");
  return [open, ...lines.map((line) => `  ${line}`), close].join("\n");
}
