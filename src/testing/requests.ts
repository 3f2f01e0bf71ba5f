/**
 * The requests of a client, and the cookies that it keeps from one to the next.
 *
 * `client.ts` calls this for each kind of request.
 *
 * @module
 */

import { Cookies } from "./cookies.ts";
import { Exchange } from "./exchange.ts";
import { checkRequest, prepareRequest, type RequestOptions } from "./request.ts";
import { TestResponse } from "./response.ts";
import type { ServerUnderTest } from "./server_under_test.ts";

/** The requests of one client. */
export class Requests {
  readonly #under: Pick<ServerUnderTest, "connections" | "isClosing" | "time">;
  readonly #cookies: Cookies | undefined;

  constructor(
    under: Pick<ServerUnderTest, "connections" | "isClosing" | "time">,
    keepsCookies: boolean,
  ) {
    this.#under = under;
    this.#cookies = keepsCookies ? new Cookies() : undefined;
  }

  /** Sends a request, and waits for the whole response. The connection may be used again. */
  async whole(method: string, path: string, options: RequestOptions): Promise<TestResponse> {
    const { connections } = this.#under;
    const exchange = await this.#begin(method, path, options);
    const response = await exchange.response();
    if (exchange.socket.reusable && response.complete && exchange.reader.state === "complete") {
      connections.keep(exchange.socket);
    } else if (!exchange.socket.closed) {
      exchange.socket.end("reset");
    }
    this.#keepCookies(path, response);
    return response;
  }

  /** Sends a request, and waits for the head of the response. */
  async head(
    method: string,
    path: string,
    options: RequestOptions,
  ): Promise<{ readonly exchange: Exchange; readonly headers: Headers }> {
    const exchange = await this.#begin(method, path, options);
    await exchange.head();
    const response = new TestResponse(exchange.reader, 0);
    this.#keepCookies(path, response);
    return { exchange, headers: response.headers };
  }

  async #begin(method: string, path: string, options: RequestOptions): Promise<Exchange> {
    const { connections, isClosing, time } = this.#under;
    if (isClosing) throw new TypeError("The client is closed");
    options = checkRequest(method, path, options);
    const cookie = this.#cookies?.header(targetOf(path), time.clock.now()) ?? "";
    const request = await prepareRequest(method, path, options, cookie);
    const { fault } = options;
    const socket = fault === undefined ? connections.take() : connections.connect();
    return new Exchange(socket, time, request, fault);
  }

  #keepCookies(path: string, response: TestResponse): void {
    if (this.#cookies === undefined) return;
    const lines = response.headers.getSetCookie();
    this.#cookies.keep(targetOf(path), lines, this.#under.time.clock.now());
  }
}

/** The path and query of an absolute URL; any other path as it is. */
function targetOf(path: string): string {
  return path.replace(/^https?:\/\/[^/?#]*/i, "");
}
