/**
 * A stream of events as a browser reads it (WHATWG HTML, section 9.2.6), from bytes that may be cut
 * anywhere.
 *
 * A CR ends a line at once. If the next piece begins with LF, that LF belongs to the same line break.
 *
 * `events.ts` calls this.
 *
 * @module
 */

/** An event of a stream. */
export interface TestEvent {
  /** The name; `message` if the server sent none. */
  readonly event: string;
  /** The data; its lines are separated by LF. */
  readonly data: string;
  /** The last id that was sent up to this event; empty for none. */
  readonly id: string;
}

const LINE_BREAK = /\r\n|\n|\r/;

/** The reader of one stream. It keeps what it has read until its caller takes it. */
export class EventParser {
  /** The events, oldest first. */
  readonly events: TestEvent[] = [];
  /** The comments, oldest first, as they stand after the colon. */
  readonly comments: string[] = [];
  /** The id of the last event; an id in an event that has not ended does not count. */
  lastEventId: string;
  /** The last `retry`, in milliseconds. */
  retryMs: number | undefined;
  /**
   * Replaces bytes that are no UTF-8. It keeps a BOM: if a BOM is cut in the middle, the decoder of Node 26 drops
   * a second BOM as well.
   */
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** Whether any text has come. */
  #hasBegun = false;
  /** The begin of a line that has not ended. */
  #rest = "";
  /** Whether the text so far ends with CR. */
  #endsWithCr = false;
  // The buffers of the standard: they belong to the event that has not ended.
  #data = "";
  #event = "";
  #id: string;

  /**
   * Begins with a stream.
   *
   * @param lastEventId The id of the last event before this stream. Events without an id keep it.
   */
  constructor(lastEventId: string = "") {
    this.lastEventId = this.#id = lastEventId;
  }

  /** Takes the next bytes of the stream. */
  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    if (!this.#hasBegun && text.startsWith("\uFEFF")) text = text.slice(1);
    this.#hasBegun = true;
    if (this.#endsWithCr && text.startsWith("\n")) text = text.slice(1);
    this.#endsWithCr = text.endsWith("\r");
    const lines = text.split(LINE_BREAK);
    lines[0] = this.#rest + lines[0];
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) this.comments.push(line.slice(1));
    else if (colon < 0) this.#takeField(line, "");
    else this.#takeField(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ""));
  }

  #takeField(name: string, value: string): void {
    if (name === "data") this.#data += `${value}\n`;
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retryMs = Number(value);
  }

  /** Ends an event. Without data it has no effect but its id. */
  #dispatch(): void {
    this.lastEventId = this.#id;
    if (this.#data !== "") {
      const data = this.#data.slice(0, -1);
      this.events.push({ event: this.#event || "message", data, id: this.#id });
    }
    this.#data = this.#event = "";
  }
}
