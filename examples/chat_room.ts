/**
 * The messages of a chat, for all transports, and for all processes that share the bus of the server.
 *
 * A browser gives each message a key, and sends the message until it is acknowledged. The room publishes a key
 * that stands in its history no second time.
 */

import { type Environ, HTTPException } from "../mod.ts";
import { EventChannel } from "../src/sse/mod.ts";
import type { ServedBus } from "../src/wsgi/mod.ts";
import { shared } from "./shared.ts";

/** The number of messages that a page gets after a reload. */
const KEPT = 200;
const MAX_NAME = 40;
const MAX_TEXT = 1000;

export class ChatRoom {
  readonly channel: EventChannel;

  constructor(bus?: ServedBus) {
    const history = { count: KEPT, age: Infinity };
    this.channel = new EventChannel({ bus, name: "chat", history });
  }

  /**
   * Publishes a message, unless its key is known.
   *
   * @param json An object with `key`, `name` and `text`.
   * @throws {HTTPException} 400, if it is no such object.
   */
  say(json: string): void {
    const { key, name, text } = parsed(json);
    const beginning = `{"key":${JSON.stringify(key)},`;
    const isKnown = this.channel.eventsAfter().events.some(({ data }) =>
      data?.startsWith(beginning)
    );
    if (!isKnown) this.channel.publish(JSON.stringify({ key, name, text }));
  }
}

/** Makes the function that gives the room of a request. */
export const chatRoom = (): (environ: Environ) => ChatRoom => shared((bus) => new ChatRoom(bus));

function parsed(json: string): Record<"key" | "name" | "text", string> {
  try {
    const { key, name, text } = JSON.parse(json);
    const areTexts = [key, name, text].every((value) => typeof value === "string");
    if (areTexts && key.length <= MAX_NAME && name.length <= MAX_NAME && text.length <= MAX_TEXT) {
      return { key, name, text };
    }
  } catch { /* answered below */ }
  throw new HTTPException(400, [], `Expected JSON with key, name and text of bounded length.\n`);
}
