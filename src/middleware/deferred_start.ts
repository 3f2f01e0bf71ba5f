/**
 * The `startResponse` of one request, held back until its middleware has decided on the header fields.
 *
 * The trap: PEP 3333 lets an app call `startResponse` a second time with `excInfo`, before and after the
 * head has been sent. Before the head, the second call replaces the kept one. After the head, the second
 * call goes to the server, which refuses it.
 *
 * `compress` and `lazyStartResponse` call this.
 *
 * @module
 */

import { type Block, type HeaderList, type StartResponse, WSGIError } from "../wsgi/mod.ts";

/** The arguments of an app's call of `startResponse`. */
export interface StartCall {
  readonly status: string;
  readonly headers: HeaderList;
  readonly excInfo?: unknown;
}

/** Keeps the app's call of `startResponse` until {@linkcode DeferredStart.begin}. */
export class DeferredStart {
  readonly #startResponse: StartResponse;
  /** The state: `none` until the app has called, then the kept call, then `begun`. */
  #state: "none" | StartCall | "begun" = "none";
  /** The server's `write`, from `begin` on. */
  #write: (block: Block) => void = () => {};

  constructor(startResponse: StartResponse) {
    this.#startResponse = startResponse;
  }

  /** The kept call; `undefined` before the app has called, and after `begin`. */
  get call(): StartCall | undefined {
    return typeof this.#state === "object" ? this.#state : undefined;
  }

  /**
   * Keeps a call of the app.
   *
   * @throws {WSGIError} For a second call without `excInfo`, as the server's `startResponse` does.
   */
  keep(status: string, headers: HeaderList, excInfo?: unknown): void {
    if (this.#state === "begun") {
      // The server rethrows `excInfo`, or refuses a second call without it.
      this.#startResponse(status, headers, excInfo);
      return;
    }
    const isReplacement = excInfo !== undefined && excInfo !== null;
    if (this.#state !== "none" && !isReplacement) {
      throw new WSGIError("startResponse() was called twice without excInfo");
    }
    this.#state = { status, headers, excInfo };
  }

  /** Passes the kept call to the server, once; `change` may alter the header fields. */
  begin(change: (headers: HeaderList) => HeaderList = (headers) => headers): void {
    const { call } = this;
    if (call === undefined) return;
    this.#state = "begun";
    this.#write = this.#startResponse(call.status, change(call.headers), call.excInfo);
  }

  /** Calls the server's `write`, after `begin`. */
  write(block: Block): void {
    this.#write(block);
  }
}
