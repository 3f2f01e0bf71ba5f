/**
 * The messages of a chat, for all transports.
 *
 * A browser gives each message a key, and sends the message until it is acknowledged. The room publishes each
 * key once, so that no message is doubled.
 */

import { HTTPException } from "../mod.ts";
import { EventChannel } from "../src/sse/mod.ts";

/** The number of messages that a page gets after a reload, and of the keys that are known. */
const KEPT = 200;
const MAX_NAME = 40;
const MAX_TEXT = 1000;

export class ChatRoom {
  readonly channel: EventChannel = new EventChannel({ history: { count: KEPT, age: Infinity } });
  readonly #keys: string[] = [];

  /**
   * Publishes a message, unless its key is known.
   *
   * @param json An object with `key`, `name` and `text`.
   * @throws {HTTPException} 400, if it is no such object.
   */
  say(json: string): void {
    const { key, name, text } = parsed(json);
    if (this.#keys.includes(key)) return;
    this.#keys.push(key);
    if (this.#keys.length > KEPT) this.#keys.shift();
    this.channel.publish(JSON.stringify({ key, name, text }));
  }
}

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
