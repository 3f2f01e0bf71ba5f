/**
 * Sockets that the process has inherited, which Deno does not take.
 *
 * `every_address.ts` imports this for the first descriptor.
 *
 * @module
 */

/**
 * Refuses a descriptor on Deno.
 *
 * The trap: `Deno.listen` ignores a descriptor, and opens a random port on every interface.
 *
 * @throws {TypeError} On Deno, with the code `EOPNOTSUPP`.
 */
export function refuseOnDeno(): void {
  if (!("Deno" in globalThis)) return;
  const text = "Deno takes no inherited socket; use Node or Bun, or a host and a port";
  throw Object.assign(new TypeError(text), { code: "EOPNOTSUPP" });
}
