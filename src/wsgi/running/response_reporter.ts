/**
 * The report on one response: the status that was really sent to the client, and the end of the response.
 *
 * Most responses need no report, and end as the app has asked for. The exchange therefore makes a reporter only
 * for a response that a listener waits for, or whose end is a special one: the server answers in place of
 * the app, the client leaves, or an error is reported.
 *
 * @module
 */

import type { Clock } from "../../coroutine/mod.ts";
import type { ResponseListener, ResponseOutcome, ResponseReport } from "../response_report.ts";
import { isPromise } from "./app_steps.ts";
import type { Response } from "./response.ts";

/** The kind of a response whose client has left; the other kinds are the first digits of statuses. */
export const LEFT = 6;

/** The part of a response that was sent. */
type SentResponse = Pick<ResponseReport, "status" | "bytes">;

/** The request of a reporter. */
export interface ReportedRequest {
  readonly response: Response;
  readonly output: {
    /** Calls a function once the socket has taken all bytes so far; with `false` if it never does. */
    whenTaken(done: (taken: boolean) => void): void;
  };
  /** Whether the server has ended the connection in the middle of a response. */
  readonly wasCut: boolean;
  /** Reports an error of a listener. */
  report(error: unknown): void;
}

/** Makes the report on one response. */
export class ResponseReporter {
  readonly #request: ReportedRequest;
  /** The answer of the server in place of the app's. */
  #ownAnswer: SentResponse | undefined;
  /** The part of the response that was sent before the client left; the rest went nowhere. */
  #sentBeforeLeaving: SentResponse | undefined;
  /** Set when the client ended the connection inside its request. */
  #isUploadBroken = false;
  #listeners: ResponseListener[] | undefined;
  /** The time of the response's head, by the clock of the scheduler; taken only if there is a listener. */
  #firstByteAtMs: number | undefined;
  /** The first error that was reported. */
  #error: unknown;
  /** The objects among the reported errors, if there are any. */
  #reported: WeakSet<WeakKey> | undefined;

  constructor(request: ReportedRequest) {
    this.#request = request;
  }

  /** Adds a function that takes the report. */
  add(listener: ResponseListener): void {
    (this.#listeners ??= []).push(listener);
  }

  /** Notes the time of the response's head, by the clock of the scheduler, if a listener will be told of it. */
  headSent(clock: Clock): void {
    if (this.#listeners !== undefined) this.#firstByteAtMs ??= clock.now();
  }

  /** Notes the answer that the server has sent in place of the app's. */
  answered(status: number, bytes: number): void {
    this.#ownAnswer = { status, bytes };
  }

  /** Notes that the client has left before the end of the response. */
  clientLeft(): void {
    this.#sentBeforeLeaving = this.#sent;
  }

  /** Notes that the client has ended the connection in the middle of its upload. */
  uploadBroke(): void {
    this.#isUploadBroken = true;
  }

  /**
   * Notes an error that is about to be reported.
   *
   * @returns Whether to report it: `false` if the same error was noted before. A thrown string or number has no
   *   identity, and is reported each time.
   */
  noteError(error: unknown): boolean {
    if (typeof error === "object" && error !== null || typeof error === "function") {
      if (this.#reported?.has(error) === true) return false;
      (this.#reported ??= new WeakSet()).add(error);
    }
    this.#error ??= error;
    return true;
  }

  /** The status of the server's own answer; `undefined` if there was none. */
  get ownStatus(): number | undefined {
    return this.#ownAnswer?.status;
  }

  /** Whether the client has left before the end of its request or of the response. */
  get hasLeft(): boolean {
    if (this.#isUploadBroken) return true;
    return this.#ownAnswer === undefined && this.#sentBeforeLeaving !== undefined;
  }

  /** The response is decided: tells the listeners, as soon as the socket has taken the bytes. */
  conclude(): void {
    if (this.#listeners === undefined) return;
    const { response, output } = this.#request;
    if (this.#isUploadBroken) this.#tell("left");
    else if (response.isTaken) this.#tell("complete");
    else if (this.hasLeft) this.#tell(this.#earlyEnd);
    else if (this.#ownAnswer !== undefined || response.isWhole) {
      output.whenTaken((taken) => this.#tell(taken ? "complete" : this.#earlyEnd));
    } else this.#tell("cut");
  }

  get #sent(): SentResponse {
    const { sentCode: status, sentBytes: bytes } = this.#request.response;
    return { status, bytes };
  }

  get #earlyEnd(): "left" | "cut" {
    return this.#request.wasCut ? "cut" : "left";
  }

  #tell(outcome: ResponseOutcome): void {
    const request = this.#request;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    const sent = this.#ownAnswer ?? this.#sentBeforeLeaving ?? this.#sent;
    const firstByteAtMs = sent.status === undefined ? undefined : this.#firstByteAtMs;
    const report = { ...sent, outcome, firstByteAtMs, error: this.#error };
    for (const listener of listeners) {
      try {
        const given: unknown = listener(report);
        if (isPromise(given)) given.then(undefined, (error) => request.report(error));
      } catch (error) {
        request.report(error);
      }
    }
  }
}
