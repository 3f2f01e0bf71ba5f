/**
 * The requests, byte for byte.
 *
 * @module
 */

import { BYTES, JSON_TYPE, MESSAGE, UPLOAD_BYTES } from "./content.ts";

/** A request without a body. */
export function get(path: string, ...fields: readonly string[]): string {
  return [`GET ${path} HTTP/1.1`, "Host: localhost", ...fields, "", ""].join("\r\n");
}

function post(contentType: string, body: string): string {
  const head = [
    "POST / HTTP/1.1",
    "Host: localhost",
    "Accept: */*",
    `Content-Type: ${contentType}`,
    `Content-Length: ${body.length}`,
  ];
  return [...head, "", body].join("\r\n");
}

export const PLAIN: string = get("/", "Accept: */*");

/** The request of a browser to a site that it has visited before. */
export const BROWSER: string = get(
  "/",
  "Connection: keep-alive",
  "Cache-Control: max-age=0",
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "Upgrade-Insecure-Requests: 1",
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "Chrome/140.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: navigate",
  "Sec-Fetch-User: ?1",
  "Sec-Fetch-Dest: document",
  "Referer: http://localhost/welcome",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
  "Cookie: session=6f1e9a1c0b5d4e7f8a9b0c1d2e3f4a5b; theme=dark; consent=1; seen=2026-01-02",
);

/** A request for the apps that compress. */
export const GZIP: string = get("/", "Accept: */*", "Accept-Encoding: gzip");

export const CLOSING: string = get("/", "Accept: */*", "Connection: close");

export const ECHO_POST: string = post(JSON_TYPE, MESSAGE);

export const UPLOAD_POST: string = post(BYTES, "u".repeat(UPLOAD_BYTES));

/** Whether a request asks for the connection to be closed. */
export function isClosing(request: string): boolean {
  return /^Connection: close\r$/im.test(request.slice(0, 4096));
}
