/**
 * A count of the work that a program does with bytes: reads, writes, copies and allocations.
 *
 * Strategy: while the program runs, every `Uint8Array` that it makes is a proxy that counts. The work
 * is thus measured without a clock, and is the same number on every machine.
 */

/** The work so far: bytes read, written, copied and allocated. */
export interface Meter {
  work: number;
}

const originals = new WeakMap<object, Uint8Array>();

/** The array behind a counting proxy. */
export function uncounted(bytes: Uint8Array): Uint8Array {
  return originals.get(bytes) ?? bytes;
}

/** A proxy of `bytes` that counts the work with it into `meter`. */
export function counted(bytes: Uint8Array, meter: Meter): Uint8Array {
  const methods: Readonly<Record<string, unknown>> = {
    set(source: Uint8Array, offset: number): void {
      meter.work += source.length;
      bytes.set(uncounted(source), offset);
    },
    copyWithin(target: number, start: number, end: number): void {
      meter.work += end - start;
      bytes.copyWithin(target, start, end);
    },
    subarray: (start: number, end: number) => counted(bytes.subarray(start, end), meter),
    slice(start: number, end: number): Uint8Array {
      const copy = bytes.slice(start, end);
      meter.work += copy.length;
      return counted(copy, meter);
    },
  };
  const proxy = new Proxy(bytes, {
    get(target, key): unknown {
      if (typeof key === "string") {
        const method = methods[key];
        if (method !== undefined) return method;
        if (isIndex(key)) meter.work++;
      }
      return Reflect.get(target, key, target);
    },
    set(target, key, value): boolean {
      meter.work++;
      return Reflect.set(target, key, value, target);
    },
  });
  originals.set(proxy, bytes);
  return proxy;
}

/** Runs `program`. Every new `Uint8Array` counts into `meter`, its allocation included. */
export function withCountedArrays(meter: Meter, program: () => void): void {
  const original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(original, {
    construct(target, args: [number]): Uint8Array {
      const bytes = new target(...args);
      meter.work += bytes.length;
      return counted(bytes, meter);
    },
  });
  try {
    program();
  } finally {
    globalThis.Uint8Array = original;
  }
}

function isIndex(key: string): boolean {
  const code = key.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}
