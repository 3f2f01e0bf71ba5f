/** The reading of a stream of events, after the WHATWG HTML standard, section 9.2.6. */

/** An event as a browser dispatches it. */
export interface ReadEvent {
  readonly type: string;
  readonly data: string;
  readonly id: string;
}

/** The events of a stream, and the state that a browser keeps of it. */
export interface ReadEvents {
  readonly events: readonly ReadEvent[];
  /** The last id, which the client sends when it comes back. */
  readonly lastId: string;
  /** The last time of coming back, in milliseconds. */
  readonly retryMs: number | undefined;
  /** The number of comments. */
  readonly comments: number;
}

/** Reads the text of a stream; an event that is not complete at the end is dropped. */
export function readEvents(text: string, lastId = ""): ReadEvents {
  const events: ReadEvent[] = [];
  let [data, type, id, comments] = ["", "", lastId, 0];
  let retryMs: number | undefined;
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  lines.pop(); // a line that has not ended
  for (const line of lines) {
    if (line === "") {
      lastId = id;
      if (data !== "") events.push({ type: type || "message", data: data.slice(0, -1), id });
      [data, type] = ["", ""];
      continue;
    }
    const colon = line.indexOf(":");
    if (colon === 0) {
      comments++;
      continue;
    }
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") data += `${value}\n`;
    else if (field === "event") type = value;
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^\d+$/.test(value)) retryMs = Number(value);
  }
  return { events, lastId, retryMs, comments };
}
