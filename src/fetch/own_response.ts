/**
 * The class `Response` of the runtime, also after another class has replaced it in the program: servers such as
 * `Bun.serve` take no other one.
 *
 * `bun_body.ts`, `fast_response.ts`, `memory_exchange.ts`, `to_fetch.ts` and `whole_body.ts` use this.
 *
 * @module
 */

/** The runtime's own class. */
export const OwnResponse: typeof Response = Response;
