/**
 * What an app may say beside its status, headers and body, and the connection it may take over.
 *
 * @module
 */

import type { HeaderList } from "./app.ts";
import type { ByteSocket, Files, SocketHandler } from "../socket/mod.ts";
import type { RequestTimeouts } from "./request_timeouts.ts";

/** What `environ.cogen` passes on to the exchange it belongs to. */
export interface RequestControls {
  /** See {@linkcode Cogen.files}. */
  readonly files?: Files | undefined;
  /** See {@linkcode Cogen.setTrailers}. */
  setTrailers(trailers: HeaderList): void;
  /** See {@linkcode Cogen.inform}. */
  inform(status: 102 | 103, headers: HeaderList): void;
  /** See {@linkcode Cogen.setTimeouts}. */
  setTimeouts(timeouts: RequestTimeouts): void;
  /** See {@linkcode Cogen.report}. */
  report(error: unknown): void;
  /** See {@linkcode Cogen.takeSocket}. */
  takeSocket(headers: HeaderList, accept: (socket: ByteSocket) => SocketHandler): void;
}
