/**
 * Apps of the web's `fetch` on the engine, and apps of the engine behind `fetch`.
 *
 * @module
 */

export { FastResponse, installFastResponse } from "./fast_response.ts";
export { type FetchHandler, type FetchObject, fromFetch } from "./from_fetch.ts";
export { FetchInfo, type HeaderFields, type RemoteAddress } from "./fetch_info.ts";
export { type AppFetch, toFetch, type ToFetchOptions } from "./to_fetch.ts";
