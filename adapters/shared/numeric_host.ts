/**
 * Tells numeric hosts from names, which need a lookup (`name_lookup.ts`).
 *
 * `every_address.ts` and `dialling.ts` call this.
 *
 * @module
 */

/** Four numbers up to 255 without leading zeros, which the lookup takes for octal numbers. */
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * Tells whether a host is numeric.
 *
 * @param host A host without brackets.
 * @returns Whether the host is an IP address, so that no lookup is needed.
 */
export function isNumeric(host: string): boolean {
  return host.includes(":") || IPV4.test(host);
}
