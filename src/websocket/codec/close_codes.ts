/**
 * The status codes of Close frames (RFC 6455 §7.4, and the registry of IANA).
 *
 * The reader refuses a code that may not stand in a frame, and the connection refuses to send one.
 *
 * @module
 */

/** The purpose of the connection is fulfilled. */
export const NORMAL = 1000;
/** The server shuts down, or the page was left. */
export const GOING_AWAY = 1001;
/** The peer broke the protocol. */
export const PROTOCOL_ERROR = 1002;
/** Never in a frame: the Close frame of the peer had no code. */
export const NO_STATUS = 1005;
/** Never in a frame: the connection ended without a Close frame. */
export const ABNORMAL = 1006;
/** The content of a message does not fit its type: text that is not UTF-8, or broken compression. */
export const INVALID_DATA = 1007;
/** A message is too large. */
export const TOO_BIG = 1009;
/** The app has failed. */
export const INTERNAL_ERROR = 1011;

/**
 * Whether a code may stand in a Close frame.
 *
 * 1004 is reserved; 1005, 1006 and 1015 only describe an end to an app. IANA has registered 1012 to 1014.
 * Libraries and apps use 3000 to 4999.
 *
 * @param code A whole number.
 * @returns True for 1000 to 1003, 1007 to 1014, and 3000 to 4999.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isCloseCode } from "@x/cogen-wsgi/websocket";
 *
 * assertEquals([1000, 1004, 1006, 1014, 2999, 4999].map(isCloseCode), [
 *   ...[true, false, false, true, false, true],
 * ]);
 * ```
 */
export function isCloseCode(code: number): boolean {
  return code >= 1000 && code <= 1003 || code >= 1007 && code <= 1014 ||
    code >= 3000 && code <= 4999;
}
