/**
 * The server's part of the opening handshake (RFC 6455 §4.2): a request is answered with 101, or refused.
 *
 * | the request | the answer |
 * |---|---|
 * | another method than GET | 405 with `Allow: GET` |
 * | HTTP/1.0, a body, a key that is not 16 bytes in base64, a malformed or repeated list | 400 |
 * | no `Upgrade: websocket`, or no `Connection: upgrade` | 426 with `Upgrade: websocket` |
 * | another version than 13 | 426 with `Sec-WebSocket-Version: 13` |
 * | a page of another origin | 403 |
 *
 * The server itself has refused a request without a Host, or with a repeated Host or Origin. Other repeated
 * fields come joined by commas, so that a repeated key or version is a wrong one.
 *
 * `accept.ts` calls this.
 *
 * @module
 */

import { type Environ, type HeaderList, HTTPException } from "../wsgi/mod.ts";
import {
  agreeOnDeflate,
  type DeflateAgreement,
  type DeflateParameters,
  isToken,
  parseExtensions,
} from "./codec/extensions.ts";
import { sha1 } from "./codec/sha1.ts";
import type { OriginTest } from "./origin.ts";

/** The conditions of an app for a handshake. */
export interface HandshakeTerms {
  /** The subprotocols of the app, the preferred one first. */
  readonly protocols: readonly string[];
  /** Whether a page of this origin may connect. */
  readonly allowsOrigin: OriginTest;
  /** The compression of the app; `undefined` for none. */
  readonly deflate: DeflateParameters | undefined;
}

/** The result of a handshake. */
export interface Handshake {
  /** The header fields of the answer, for `takeSocket`. */
  readonly headers: HeaderList;
  /** The subprotocol; `undefined` if the client and the app have none in common. */
  readonly protocol: string | undefined;
  /** The compression; `undefined` if the client has offered none that is valid. */
  readonly deflate: DeflateAgreement | undefined;
}

/** The version of the protocol (RFC 6455 §4.1). */
const VERSION = "13";
/** 16 bytes in base64. */
const KEY = /^[A-Za-z0-9+/]{22}==$/;
/** The text that follows the key in the hash (RFC 6455 §1.3). */
const KEY_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Judges a request for a WebSocket.
 *
 * @param environ The request.
 * @param terms The conditions of the app.
 * @returns The answer.
 * @throws {HTTPException} If the request is refused.
 */
export function shakeHands(environ: Environ, terms: HandshakeTerms): Handshake {
  checkRequest(environ);
  const key = environ.HTTP_SEC_WEBSOCKET_KEY ?? "";
  if (!KEY.test(key)) refuse(400, "Sec-WebSocket-Key is not 16 bytes in base64");
  const origin = environ.HTTP_ORIGIN;
  if (origin !== undefined && !terms.allowsOrigin(origin, environ)) {
    refuse(403, "Pages of this origin may not connect");
  }
  const protocol = chooseProtocol(environ.HTTP_SEC_WEBSOCKET_PROTOCOL, terms.protocols);
  const deflate = chooseDeflate(environ.HTTP_SEC_WEBSOCKET_EXTENSIONS, terms.deflate);
  const headers: [string, string][] = [
    ["Upgrade", "websocket"],
    ["Connection", "Upgrade"],
    ["Sec-WebSocket-Accept", acceptKey(key)],
  ];
  if (protocol !== undefined) headers.push(["Sec-WebSocket-Protocol", protocol]);
  if (deflate !== undefined) headers.push(["Sec-WebSocket-Extensions", deflate.field]);
  return { headers, protocol, deflate };
}

/**
 * Makes the value of `Sec-WebSocket-Accept` (RFC 6455 §4.2.2).
 *
 * @param key The value of `Sec-WebSocket-Key`.
 */
export function acceptKey(key: string): string {
  return btoa(String.fromCharCode(...sha1(key + KEY_SUFFIX)));
}

function checkRequest(environ: Environ): void {
  if (environ.REQUEST_METHOD !== "GET") {
    refuse(405, "A WebSocket begins with GET", [["Allow", "GET"]]);
  }
  if (environ.SERVER_PROTOCOL !== "HTTP/1.1") refuse(400, "A WebSocket needs HTTP/1.1");
  if (!hasMember(environ.HTTP_UPGRADE, "websocket")) {
    refuse(426, "This address is a WebSocket: expected Upgrade: websocket", UPGRADE);
  }
  if (!hasMember(environ.HTTP_CONNECTION, "upgrade")) {
    refuse(426, "This address is a WebSocket: expected Connection: Upgrade", UPGRADE);
  }
  const hasLength = environ.CONTENT_LENGTH !== "" && Number(environ.CONTENT_LENGTH) !== 0;
  if (hasLength || environ.HTTP_TRANSFER_ENCODING !== undefined) {
    refuse(400, "The request for a WebSocket has no body");
  }
  if (environ.HTTP_SEC_WEBSOCKET_VERSION !== VERSION) {
    refuse(426, `Sec-WebSocket-Version must be ${VERSION}`, UPGRADE);
  }
}

/** The fields of a 426 (RFC 9110 §15.5.22, RFC 6455 §4.4). */
const UPGRADE: HeaderList = [["Upgrade", "websocket"], ["Sec-WebSocket-Version", VERSION]];

function refuse(status: number, reason: string, headers: HeaderList = []): never {
  throw new HTTPException(status, headers, `${reason}\n`);
}

/** Whether a list of tokens in any case contains `member`, which is in lower case. */
function hasMember(list: string | undefined, member: string): boolean {
  return list !== undefined && membersOf(list.toLowerCase()).includes(member);
}

/** The members of a list; empty ones are ignored (RFC 9110 §5.6.1). */
function membersOf(list: string): string[] {
  return list.split(",").map(withoutBlanks).filter((member) => member !== "");
}

/** Removes the whitespace around a member. A regular expression for the end would try each blank inside as well. */
function withoutBlanks(member: string): string {
  let end = member.length;
  while (end > 0 && isBlank(member, end - 1)) end--;
  let start = 0;
  while (start < end && isBlank(member, start)) start++;
  return member.slice(start, end);
}

function isBlank(text: string, index: number): boolean {
  return text[index] === " " || text[index] === "\t";
}

/** Chooses the first subprotocol of the app that the client offers. */
function chooseProtocol(offered: string | undefined, own: readonly string[]): string | undefined {
  if (offered === undefined) return undefined;
  const offers = membersOf(offered);
  const isValid = offers.length > 0 && offers.every((name) => isToken(name)) &&
    new Set(offers).size === offers.length;
  if (!isValid) refuse(400, "Sec-WebSocket-Protocol is not a list of different tokens");
  return own.find((name) => offers.includes(name));
}

function chooseDeflate(
  offered: string | undefined,
  own: DeflateParameters | undefined,
): DeflateAgreement | undefined {
  if (offered === undefined) return undefined;
  const offers = parseExtensions(offered);
  if (offers === undefined) {
    return refuse(400, "Sec-WebSocket-Extensions is not a list of extensions");
  }
  return own === undefined ? undefined : agreeOnDeflate(offers, own);
}
