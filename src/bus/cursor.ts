/**
 * The place of one subscriber in a log, and its way to the next message.
 *
 * The next message comes from the first of these that has it: the page that the cursor has read itself, the
 * tail of the process, or a new page. A page that does not follow on the cursor's place becomes one gap.
 *
 * `topic.ts` and `signals.ts` make cursors.
 *
 * @module
 */

import type { Resume } from "../coroutine/mod.ts";
import type { BusPosition, TopicGap, TopicItem } from "../wsgi/mod.ts";
import { BusClosed } from "./errors.ts";
import { decodeMessage } from "./message.ts";
import type { BusSettings } from "./settings.ts";
import type { Tail } from "./tail.ts";
import { pause, pauseMs } from "./time.ts";
import { GAP_MARK, type LogEntry, type LogPage } from "./transport.ts";

/** The receiver of an item. */
export type ItemResume = Pick<Resume<TopicItem<unknown>>, "value" | "error" | "settled">;

/** Whether the cursor may give items: it is `reading` while a page of its own is on the way. */
type State = "open" | "reading" | "closed";

/** The place of one subscriber. */
export class Cursor {
  /** The position of the last item that was taken, or that of the beginning. */
  position: BusPosition;
  readonly #settings: BusSettings;
  readonly #tail: Tail;
  #state: State = "open";
  #generation: number;
  /** The entries that the cursor has read itself, and the next of them. */
  #own: readonly LogEntry[] = [];
  #nextOwn = 0;
  /** A gap that is to be told before the next entry. */
  #gap: TopicGap | undefined;
  #resume: ItemResume | undefined;
  #stopWaiting: (() => void) | undefined;

  /** @param position A place that the tail has been told, or that was read. */
  constructor(settings: BusSettings, tail: Tail, position: BusPosition) {
    this.#settings = settings;
    this.#tail = tail;
    this.#generation = tail.generation;
    this.position = position;
  }

  /** Gives the next item to a receiver. The function that is returned ends the wait. */
  take(resume: ItemResume): () => void {
    if (this.#resume !== undefined) {
      resume.error(new TypeError("Another coroutine receives from this subscription already"));
      return () => {};
    }
    this.#resume = resume;
    this.#advance();
    return () => this.#forget();
  }

  /** Ends the cursor; a wait that runs ends with {@linkcode BusClosed}. */
  close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#tail.leave();
    this.#advance();
  }

  #forget(): void {
    this.#resume = undefined;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  /** Gives the receiver its item, or begins to wait for one. */
  #advance(): void {
    const resume = this.#resume;
    if (resume === undefined || this.#state === "reading") return;
    if (resume.settled) return this.#forget();
    if (this.#state === "closed") {
      this.#forget();
      return resume.error(new BusClosed("The subscription is closed"));
    }
    const item = this.#next();
    if (item !== undefined) {
      this.#forget();
      resume.value(item);
    } else if (this.#isAtTail) {
      this.#stopWaiting ??= this.#tail.onChange(() => {
        this.#stopWaiting = undefined;
        this.#advance();
      });
    } else {
      void this.#readPage();
    }
  }

  /** Whether all that follows on the position comes through the tail. */
  get #isAtTail(): boolean {
    const { epoch, offset } = this.position;
    return this.#generation === this.#tail.generation && epoch === this.#tail.epoch &&
      this.#tail.covers(offset);
  }

  #next(): TopicItem<unknown> | undefined {
    for (;;) {
      const gap = this.#gap;
      if (gap !== undefined) {
        this.#gap = undefined;
        this.position = { epoch: gap.epoch, offset: gap.offset };
        return gap;
      }
      const entry = this.#own[this.#nextOwn++] ??
        (this.#isAtTail ? this.#tail.next(this.position.offset) : undefined);
      if (entry === undefined) return undefined;
      this.position = { epoch: this.position.epoch, offset: entry.offset };
      // A broker begins a log with an entry that is no message.
      if (entry.text !== "") return itemOf(entry.text, this.position);
    }
  }

  async #readPage(): Promise<void> {
    this.#state = "reading";
    for (let failures = 1; this.#state === "reading"; failures++) {
      try {
        const generation = this.#tail.generation;
        const page = await this.#tail.read(this.position);
        if (this.#state !== "reading") return;
        this.#generation = generation;
        this.#keep(page);
        this.#state = "open";
      } catch {
        // The tail reports the errors of the broker.
        await pause(this.#settings.clock, pauseMs(failures));
      }
    }
    this.#advance();
  }

  #keep({ epoch, isGap, entries, last }: LogPage): void {
    this.#own = entries;
    this.#nextOwn = 0;
    if (!isGap) return;
    const offset = entries[0] === undefined ? last : entries[0].offset - 1;
    const reason = epoch === this.position.epoch ? "lost" : "epoch";
    this.#gap = { kind: "gap", reason, epoch, offset };
  }
}

function itemOf(text: string, position: BusPosition): TopicItem<unknown> {
  if (text === GAP_MARK) return { kind: "gap", reason: "lost", ...position };
  const message = decodeMessage(text);
  return message === undefined
    ? { kind: "gap", reason: "unreadable", ...position }
    : { kind: "message", ...position, value: message.value };
}
