/**
 * The reason phrases of the statuses with which the engine and its embedders answer.
 *
 * `writing/error_response.ts` and `writing/bodiless_heads.ts` call this.
 *
 * @module
 */

const REASON_PHRASES: Readonly<Record<number, string>> = {
  100: "Continue",
  101: "Switching Protocols",
  102: "Processing",
  103: "Early Hints",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

/**
 * Gives the phrase of a status (RFC 9110 §15). The phrase of an unknown status is empty, as clients
 * ignore the phrase.
 */
export function reasonPhrase(status: number): string {
  return REASON_PHRASES[status] ?? "";
}
