/**
 * The principle of trailers (RFC 9110 §6.5.1), field by field, with siblings that no list names: a
 * recipient refuses, discards or keeps them, and a sender may send only those that a recipient keeps.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { checkTrailers, ProtocolError, RequestParser, ResponseError } from "../../src/http/mod.ts";
import { latin1Bytes } from "./transcript.ts";

const REFUSED: Readonly<Record<string, readonly string[]>> = {
  "framing": ["Content-Length", "Transfer-Encoding", "Expect"],
  "the connection": ["Connection", "Keep-Alive", "Close", "TE", "Upgrade", "HTTP2-Settings"],
  "routing": ["Host", "Max-Forwards", "Via", "Forwarded"],
  "proxies": [
    ...["Proxy-Authorization", "Proxy-Authenticate", "Proxy-Connection", "Proxy-Status"],
    ...["X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Port"],
    ...["X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-Ssl", "X-Forwarded-User"],
    ...["X-Original-URL", "X-Original-Host", "X-Original-Method", "X-Rewrite-URL"],
    ...["X-HTTP-Method-Override", "X-Real-IP", "X-Client-IP"],
  ],
  "authentication": ["Authorization", "WWW-Authenticate", "Origin"],
  "cookies": ["Cookie", "Set-Cookie", "Cookie2", "Set-Cookie2"],
  "browsers": ["Sec-Fetch-Site", "Sec-WebSocket-Key", "Sec-CH-UA", "sec-gpc"],
};

const DISCARDED: Readonly<Record<string, readonly string[]>> = {
  "conditions": [
    ...["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"],
    "If-Schedule-Tag-Match",
  ],
  "negotiation": [
    ...["Accept", "Accept-Encoding", "Accept-Language", "Accept-Charset", "Accept-Patch"],
  ],
  "the context of a request": ["From", "Referer", "User-Agent", "Range", "Prefer"],
  "caching": ["Age", "Cache-Control", "Expires", "Pragma", "Warning", "Vary"],
  "control of a response": ["Date", "Location", "Retry-After", "Allow", "Server", "Last-Modified"],
  "content": [
    ...["Content-Type", "Content-Encoding", "Content-Range", "Content-Language"],
    ...["Content-Location", "Content-Disposition", "Content-Security-Policy"],
  ],
  "policies of browsers": [
    ...["Access-Control-Allow-Origin", "Access-Control-Request-Method"],
    ...["Cross-Origin-Opener-Policy", "Strict-Transport-Security"],
  ],
  "the announcement of trailers": ["Trailer"],
};

/** Fields whose definitions permit trailers, and fields that HTTP does not define. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  "RFC 9110": ["ETag", "Accept-Ranges", "Authentication-Info", "Proxy-Authentication-Info"],
  "digests": ["Digest", "Content-Digest", "Repr-Digest", "Content-MD5"],
  "signatures": ["Signature", "Signature-Input"],
  "others": ["Server-Timing", "Grpc-Status", "X-Checksum", "Checksum", "Security", "Iffy", "X-A"],
};

/** Reads a request with one trailer: the names of its trailers, or the status of its refusal. */
function read(name: string): string[] | number {
  const parser = new RequestParser();
  parser.push(latin1Bytes(
    `PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${name}: a\r\n\r\n`,
  ));
  try {
    for (let event = parser.next(); event.type !== "need-data"; event = parser.next()) {
      if (event.type === "end") return event.trailers.filter((_, index) => index % 2 === 0);
    }
  } catch (error) {
    if (error instanceof ProtocolError) return error.status;
    throw error;
  }
  throw new Error("The message has no end");
}

const GROUPS = [
  ["refuses", REFUSED, () => 400],
  ["discards", DISCARDED, () => []],
  ["keeps", KEPT, (name: string) => [name.toLowerCase()]],
] as const;

for (const [verb, groups, expected] of GROUPS) {
  for (const [group, names] of Object.entries(groups)) {
    test(`a recipient ${verb} trailers of ${group}; a sender does as a recipient`, () => {
      for (const name of names) {
        assertEquals(read(name), expected(name), name);
        const send = () => checkTrailers([[name, "a"]]);
        if (verb === "keeps") send();
        else assertThrows(send, ResponseError, `Cannot send ${name} as a trailer field`);
      }
    });
  }
}
