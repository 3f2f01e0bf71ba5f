/**
 * A call of `startResponse` that is kept until somebody knows what to make of it.
 *
 * @module
 */

import { type Block, type HeaderList, type StartResponse, WSGIError } from "../wsgi/mod.ts";

/** What an app has called, and the server has not heard yet. */
export interface StartCall {
  readonly status: string;
  readonly headers: HeaderList;
  readonly excInfo?: unknown;
}

/** The `startResponse` of one request, deferred. */
export class DeferredStart {
  readonly #startResponse: StartResponse;
  #call: StartCall | undefined;
  #begun = false;
  #write: (block: Block) => void = () => {};

  constructor(startResponse: StartResponse) {
    this.#startResponse = startResponse;
  }

  /** The last call that has not been passed on. */
  get call(): StartCall | undefined {
    return this.#call;
  }

  /** Keeps a call; like the server's own, it takes a second one only with `excInfo`. */
  keep(status: string, headers: HeaderList, excInfo?: unknown): void {
    const isReplacement = excInfo !== undefined && excInfo !== null;
    if (this.#begun) {
      // The server rethrows `excInfo` if the head has gone, and refuses a second call without it.
      this.#startResponse(status, headers, excInfo);
      return;
    }
    if (this.#call !== undefined && !isReplacement) {
      throw new WSGIError("startResponse() was called twice without excInfo");
    }
    this.#call = { status, headers, excInfo };
  }

  /** Passes the kept call on, once; `change` may alter its header fields. */
  begin(change: (headers: HeaderList) => HeaderList = (headers) => headers): void {
    const call = this.#call;
    if (call === undefined) return;
    this.#call = undefined;
    this.#begun = true;
    this.#write = this.#startResponse(call.status, change(call.headers), call.excInfo);
  }

  /** The server's `write`; it works once begun. */
  write(block: Block): void {
    this.#write(block);
  }
}
