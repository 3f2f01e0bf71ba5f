/**
 * The messages that an app sends: frames for the output, and the waits for room.
 *
 * An app that sends waits while the socket is full, so a client that does not read stops its app, and
 * then itself.
 *
 * The connection and the topics call this.
 *
 * @module
 */

import type { Abort, Resume } from "../coroutine/mod.ts";
import type { ByteSocket } from "../socket/mod.ts";
import { NOT_YET } from "../wsgi/mod.ts";
import type { MessageDeflate } from "./deflate.ts";
import { FrameOutput, type OutputOwner } from "./frame_output.ts";
import { frameOf, type Message } from "./message.ts";
import { type Waiting, WaitLine } from "./wait_line.ts";

/** A message that waits for room. */
interface Sender extends Waiting<void> {
  readonly message: Message;
}

/** The writing side of a connection, with the waits of its app. */
export class MessageOutput extends FrameOutput {
  /** Compresses the messages, if the client can. */
  readonly deflate: MessageDeflate | undefined;
  #senders: WaitLine<void, Sender> | undefined;

  constructor(socket: ByteSocket, owner: OutputOwner, deflate: MessageDeflate | undefined) {
    super(socket, owner);
    this.deflate = deflate;
  }

  /** Whether the app waits for room. */
  get isAppBlocked(): boolean {
    return this.#senders?.isEmpty === false;
  }

  /** Sends a message, if there is room and no other message waits. */
  send(message: Message): void | typeof NOT_YET {
    if (this.isFull || this.isAppBlocked) return NOT_YET;
    this.write(frameOf(message, this.deflate));
  }

  /** Begins to wait for room, and then sends a message. */
  awaitRoom(resume: Resume<void>, message: Message): Abort {
    return (this.#senders ??= new WaitLine()).add({ resume, message });
  }

  /** Sends the messages that wait, as long as there is room. */
  sendWaiting(): void {
    for (let sender; !this.isFull && (sender = this.#senders?.shift()) !== undefined;) {
      const { resume, message } = sender;
      if (resume.settled) continue;
      this.write(frameOf(message, this.deflate));
      resume.value();
    }
  }

  /** Ends the waits for room with an error. */
  failWaiting(makeError: () => Error): void {
    for (const { resume } of this.#senders?.takeAll() ?? []) resume.error(makeError());
  }
}
