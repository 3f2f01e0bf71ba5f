/**
 * The class `Response` of the runtime, also after another class has replaced it in the program: servers such as
 * `Bun.serve` take no other one.
 *
 * `fast_response.ts`, `memory_exchange.ts` and `to_fetch.ts` use this.
 *
 * @module
 */

/** The runtime's own class. */
export const OwnResponse: typeof Response = Response;
