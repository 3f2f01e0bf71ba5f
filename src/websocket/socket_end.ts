/**
 * The end of a connection: its code and its reason, and the error of an app that sends after it.
 *
 * @module
 */

import { type AppOutcome, ClientDisconnected } from "../wsgi/mod.ts";
import { ABNORMAL, GOING_AWAY, INTERNAL_ERROR, NORMAL } from "./codec/close_codes.ts";

/** The end of a connection, as its app sees it. */
export interface SocketEnd {
  /**
   * The code of the first Close frame, whichever side has sent it; 1005 if that frame had no code, and 1006
   * if the connection ended without one (RFC 6455 §7.1.5).
   */
  readonly code: number;
  /** The reason of that frame; after 1006, the observation of the server, or empty. */
  readonly reason: string;
}

/**
 * The connection has ended: nothing can be sent, and `receive` tells the end only once.
 *
 * An app need not catch this error: like every {@linkcode ClientDisconnected}, it is not reported.
 */
export class WebSocketClosed extends ClientDisconnected {
  /** `WebSocketClosed`. */
  override readonly name: string = "WebSocketClosed";
  /** The end of the connection. */
  readonly end: SocketEnd;

  /**
   * Makes the error.
   *
   * @param end The end of the connection.
   * @param advice The code to write instead, after the end of the message.
   */
  constructor(end: SocketEnd, advice: string = "") {
    const reason = end.reason === "" ? "" : `, ${end.reason}`;
    super(`The WebSocket is closed: ${end.code}${reason}${advice}`);
    this.end = end;
  }
}

/** The connection has ended without a Close frame. */
export const LOST: SocketEnd = { code: ABNORMAL, reason: "" };
/** The client has not answered a Ping. */
export const SILENT: SocketEnd = { code: ABNORMAL, reason: "The client gave no sign of life" };
/** The server shuts down. */
export const SHUTDOWN: SocketEnd = { code: GOING_AWAY, reason: "The server is shutting down" };
/** The Close frame after each end of an app. */
export const APP_ENDS: Readonly<Record<AppOutcome, SocketEnd>> = {
  complete: { code: NORMAL, reason: "" },
  failed: { code: INTERNAL_ERROR, reason: "The app has failed" },
  cancelled: SHUTDOWN,
};
