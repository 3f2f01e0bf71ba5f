/**
 * The second argument of a handler: the client's address, and the controls of the request that a `Request` and
 * a `Response` have no place for.
 *
 * `from_fetch.ts` calls this.
 *
 * @module
 */

import { type Coroutine, type Operation, until } from "../coroutine/mod.ts";
import type { ByteSocket, SocketHandler } from "../socket/mod.ts";
import type { Cogen, Environ } from "../wsgi/mod.ts";

/** Header fields, as `new Headers` takes them. */
export type HeaderFields = ConstructorParameters<typeof Headers>[0];

/** The address of a client, in the shape of `Deno.serve`. */
export type RemoteAddress =
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

/** The request beside its `Request`. */
export class FetchInfo {
  /** The environ of the request; the controls of `environ.cogen` are all there. */
  readonly environ: Environ;
  #taken: Response | undefined;

  /**
   * Wraps an environ.
   *
   * @param environ The environ of the request.
   */
  constructor(environ: Environ) {
    this.environ = environ;
  }

  /** The client's address; the path of a Unix socket is empty. */
  get remoteAddr(): RemoteAddress {
    const { REMOTE_ADDR: hostname, REMOTE_PORT: port } = this.environ;
    if (hostname === "") return { transport: "unix", path: "" };
    return { transport: "tcp", hostname, port: Number(port) };
  }

  /**
   * Keeps work that goes on after the response. Its error is reported as an error of the app is.
   *
   * @param promise The work.
   */
  waitUntil(promise: PromiseLike<unknown>): void {
    const { cogen } = this.environ;
    // The coroutine begins in a later turn; the promise has a handler from now on.
    cogen.scheduler.add(waitUntil, until(Promise.resolve(promise)), cogen);
  }

  /**
   * Sends an informational response at once: `info.inform(103, { Link: "</a.css>; rel=preload" })`.
   *
   * @param status 103 (Early Hints, RFC 8297), or 102.
   * @param headers Its header fields.
   * @throws As `environ.cogen.inform` does.
   */
  inform(status: 102 | 103, headers: HeaderFields): void {
    this.environ.cogen.inform(status, [...new Headers(headers)]);
  }

  /**
   * Sets the trailer fields. The response must announce their names in a `Trailer` field, and its body must be
   * a stream.
   *
   * @param trailers The fields; a later call replaces them.
   * @throws As `environ.cogen.setTrailers` does.
   */
  setTrailers(trailers: HeaderFields): void {
    this.environ.cogen.setTrailers([...new Headers(trailers)]);
  }

  /**
   * Takes the connection over: sends 101 (Switching Protocols), or 200 to CONNECT.
   *
   * @param headers The header fields of the answer; for 101 with an `Upgrade` field.
   * @param accept Called with the connection; returns the handler of its events.
   * @returns A response that only marks the upgrade: the handler returns it.
   * @throws As `environ.cogen.takeSocket` does.
   */
  upgrade(headers: HeaderFields, accept: (socket: ByteSocket) => SocketHandler): Response {
    this.environ.cogen.takeSocket([...new Headers(headers)], accept);
    return this.#taken = new Response(null);
  }

  /**
   * Whether a response is the mark of {@linkcode FetchInfo.upgrade}.
   *
   * @param response The response of the handler.
   * @returns Whether the connection was taken over by it.
   */
  isUpgrade(response: Response): boolean {
    return this.#taken !== undefined && this.#taken === response;
  }
}

/** The coroutine of {@linkcode FetchInfo.waitUntil}. */
function* waitUntil(work: Operation<unknown>, cogen: Cogen): Coroutine<void> {
  try {
    yield* work;
  } catch (error) {
    cogen.report(error);
  }
}
