/**
 * Middleware that asks for a user and a password: the Basic scheme of RFC 7617.
 *
 * The trap: a comparison that stops at the first difference tells an attacker, by its time, how much of a
 * password was right. Therefore the given user is compared with every user, and every byte is compared.
 *
 * @module
 */

import { optionError, refuseSurplus } from "../coroutine/mod.ts";
import {
  basicCredentials,
  type Environ,
  isPromise,
  type StartResponse,
  type WSGIApp,
} from "../wsgi/mod.ts";
import { checkApp, checkCallback, checkOptionNames, checkRecord } from "./option_checks.ts";

/** Options of {@linkcode basicAuth}: the realm, and either the users or a check. */
export interface BasicAuthOptions {
  /** The name of the protected space, which browsers show. Printable ASCII. Default `"Restricted"`. */
  readonly realm?: string;
  /** The passwords by user. */
  readonly users?: Readonly<Record<string, string>>;
  /**
   * Decides on a user and a password, which are decoded from UTF-8. Any result except `true`, or a promise of
   * `true`, refuses. Compare secrets in constant time, or compare hashes.
   */
  readonly check?: (
    user: string,
    password: string,
    environ: Environ,
  ) => boolean | PromiseLike<boolean>;
}

type Check = NonNullable<BasicAuthOptions["check"]>;

const KNOWN_OPTIONS: readonly (keyof BasicAuthOptions)[] = ["realm", "users", "check"];

/**
 * Calls an app only for requests with the right user and password (RFC 7617). All others are answered 401, with
 * a challenge; browsers then ask for a user and a password.
 *
 * The app finds the user in `environ.REMOTE_USER`. The scheme sends the password with each request, and
 * does not encrypt it: serve the app over TLS. Put `cors` around this middleware, because browsers send a preflight
 * without credentials.
 *
 * @param app The app.
 * @param options The realm, and the users or the check.
 * @returns The app, protected.
 * @throws {TypeError} If an option is of the wrong kind, if both or none of `users` and `check` are given, or for
 *   a user with a colon or a control character.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { basicAuth, serve } from "@x/cogen-wsgi";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: basicAuth((environ, startResponse) => {
 *     startResponse("200 OK", [["Content-Type", "text/plain"]]);
 *     return [`Hello, ${environ.REMOTE_USER}!`];
 *   }, { realm: "Notes", users: { ann: "open sesame" } }),
 * });
 * const refused = await fetch(server.url);
 * await refused.body?.cancel();
 * assertEquals(refused.status, 401);
 * assertEquals(refused.headers.get("www-authenticate"), 'Basic realm="Notes", charset="UTF-8"');
 * const headers = { Authorization: `Basic ${btoa("ann:open sesame")}` };
 * assertEquals(await (await fetch(server.url, { headers })).text(), "Hello, ann!");
 * ```
 */
export function basicAuth(app: WSGIApp, options: BasicAuthOptions): WSGIApp {
  if (arguments.length > 2) refuseSurplus("basicAuth", arguments, 2);
  checkApp("basicAuth", app);
  options = checkOptionNames("basicAuth", options, KNOWN_OPTIONS);
  const check = checkOf(options);
  const { realm = "Restricted" } = options;
  const challenge = challengeOf(realm);
  return (environ, startResponse) => {
    const allowed = isAllowed(check, environ);
    const answer = (isRight: boolean) =>
      isRight ? app(environ, startResponse) : refuse(startResponse, challenge);
    return isPromise(allowed) ? allowed.then((isRight) => answer(isRight === true)) : answer(
      allowed === true,
    );
  };
}

function isAllowed(check: Check, environ: Environ): boolean | PromiseLike<boolean> {
  const credentials = basicCredentials(environ.HTTP_AUTHORIZATION ?? "");
  if (credentials === undefined) return false;
  return check(decodeUTF8(credentials.user), decodeUTF8(credentials.password), environ);
}

function refuse(startResponse: StartResponse, challenge: string): string[] {
  startResponse("401 Unauthorized", [
    ["WWW-Authenticate", challenge],
    ["Content-Type", "text/plain; charset=utf-8"],
  ]);
  return ["401 Unauthorized\n"];
}

/** RFC 7617 §2: the realm is a quoted string; `charset` asks the client for UTF-8. */
function challengeOf(realm: unknown): string {
  if (typeof realm !== "string" || !/^[\x20-\x7e]*$/.test(realm)) {
    throw optionError("realm of basicAuth", realm, "a string of printable ASCII");
  }
  return `Basic realm="${realm.replace(/["\\]/g, "\\$&")}", charset="UTF-8"`;
}

function checkOf({ users, check }: BasicAuthOptions): Check {
  if ((users === undefined) === (check === undefined)) {
    throw new TypeError("basicAuth needs either users or a check");
  }
  if (check !== undefined) {
    checkCallback("basicAuth", "check", check);
    return check;
  }
  checkRecord("users of basicAuth", users, "an object of passwords by user");
  const known = Object.entries(users as Readonly<Record<string, string>>).map(
    ([user, password]) => {
      // deno-lint-ignore no-control-regex -- RFC 7617 §2 forbids control characters
      if (/[:\x00-\x1f\x7f]/.test(user)) {
        throw optionError("A user of basicAuth", user, "a name without a colon");
      }
      if (typeof password !== "string") {
        throw optionError(`The password of ${user} of basicAuth`, typeof password, "a string");
      }
      return [encoder.encode(user), encoder.encode(password)] as const;
    },
  );
  return (user, password) => {
    const given = [encoder.encode(user), encoder.encode(password)] as const;
    let isRight = 0;
    for (const pair of known) isRight |= areEqual(pair[0], given[0]) & areEqual(pair[1], given[1]);
    return isRight === 1;
  };
}

const encoder = new TextEncoder();

/** Compares in a time that depends on the length of `given` alone; 1 for equal arrays, 0 for others. */
function areEqual(expected: Uint8Array, given: Uint8Array): 0 | 1 {
  let difference = expected.length ^ given.length;
  for (let at = 0; at < given.length; at++) {
    difference |= (given[at] as number) ^ (expected[at % expected.length] ?? 0);
  }
  return difference === 0 ? 1 : 0;
}

/** Text of a client that was asked for UTF-8; latin-1 if it sent other bytes. */
function decodeUTF8(latin1: string): string {
  try {
    const bytes = Uint8Array.from(latin1, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return latin1;
  }
}
