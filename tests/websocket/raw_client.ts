/**
 * A client of WebSockets that sends any bytes over TCP, and reads the frames of a server strictly. It shares no
 * code with the codec under test.
 */

import { assertEquals, assertMatch } from "@std/assert";
import { latin1Text } from "../http/transcript.ts";
import type { RealServing, TcpClient } from "../support/tcp.ts";
import { joinBytes } from "../../src/socket/mod.ts";
import { OPCODE_NUMBERS, type RawFrame, rawFrame } from "./codec/frames.ts";

/** A frame of a server. */
export interface ServerFrame {
  readonly kind: string;
  readonly isFinal: boolean;
  /** The bits RSV1, RSV2 and RSV3: 4, 2 and 1. */
  readonly reserved: number;
  readonly payload: Uint8Array;
}

const KINDS = new Map(Object.entries(OPCODE_NUMBERS).map(([kind, opcode]) => [opcode, kind]));

/** The fields of a valid handshake. */
export const HANDSHAKE: Readonly<Record<string, string>> = {
  "Host": "test",
  "Connection": "Upgrade",
  "Upgrade": "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** The text of a handshake. A field with the value `undefined` is left out. */
export function handshake(
  path: string,
  fields: Readonly<Record<string, string | undefined>> = {},
  start: string = `GET ${path} HTTP/1.1`,
): string {
  const lines = Object.entries({ ...HANDSHAKE, ...fields })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value}`);
  return `${[start, ...lines].join("\r\n")}\r\n\r\n`;
}

/** A client after its handshake. */
export class RawClient {
  readonly tcp: TcpClient;
  /** The head of the server's answer. */
  head = "";
  readonly frames: ServerFrame[] = [];
  /** The bytes that came and are no part of a frame yet. */
  #chunks: Uint8Array[] = [];
  #size = 0;
  /** The number of bytes that the next step of the reader needs. */
  #needed = 2;

  private constructor(tcp: TcpClient) {
    this.tcp = tcp;
  }

  /** Connects, and sends a handshake, which must be accepted. */
  static async open(
    stage: Pick<RealServing, "open">,
    path: string = "/",
    fields: Readonly<Record<string, string | undefined>> = {},
  ): Promise<RawClient> {
    const client = await RawClient.begin(stage, handshake(path, fields));
    assertMatch(client.head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
    assertMatch(client.head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
    return client;
  }

  /** Connects, sends a request, and waits for the head of its answer. */
  static async begin(stage: Pick<RealServing, "open">, request: string): Promise<RawClient> {
    const client = new RawClient(await stage.open({ count: true }));
    client.tcp.stream.on("data", (bytes: Uint8Array) => client.#take(bytes));
    client.tcp.send(request);
    await client.tcp.until("the answer to the handshake", () => client.#readHead());
    return client;
  }

  /** Sends a frame, masked. */
  send(kind: string, payload: string | Uint8Array = "", frame: Partial<RawFrame> = {}): boolean {
    return this.tcp.send(clientFrame(kind, payload, frame));
  }

  /** Waits until the server has sent this many frames, or its FIN. */
  async count(frames: number): Promise<readonly ServerFrame[]> {
    await this.tcp.until(`${frames} frames`, () => {
      this.#read();
      return this.frames.length >= frames || this.tcp.ended || this.tcp.closed;
    });
    return this.frames;
  }

  /** Waits for the FIN of the server. Its end must not be a reset. */
  async ended(): Promise<readonly ServerFrame[]> {
    await this.tcp.until("the end of the server", () => this.tcp.ended || this.tcp.closed);
    this.#read();
    assertEquals([this.tcp.ended, this.tcp.error], [true, undefined]);
    return this.frames;
  }

  /** The number of bytes that came and are no part of a whole frame. */
  get restBytes(): number {
    return this.#size;
  }

  /** The messages that have come: the payloads of text and binary frames, with their fragments joined. */
  get messages(): string[] {
    const messages: string[] = [];
    for (const { kind, payload } of this.frames) {
      const text = latin1Text(payload);
      if (kind === "text" || kind === "binary") messages.push(text);
      else if (kind === "continuation") messages[messages.length - 1] += text;
    }
    return messages;
  }

  /** The Close frame of the server, as `code reason`; empty without one. */
  get closed(): string {
    const frame = this.frames.find(({ kind }) => kind === "close");
    if (frame === undefined) return "";
    if (frame.payload.length === 0) return "empty";
    const [high = 0, low = 0] = frame.payload;
    return `${high << 8 | low} ${new TextDecoder().decode(frame.payload.subarray(2))}`.trim();
  }

  #take(bytes: Uint8Array): void {
    this.#chunks.push(new Uint8Array(bytes));
    this.#size += bytes.length;
  }

  #readHead(): boolean {
    const bytes = this.#joined();
    const text = latin1Text(bytes.subarray(0, 2000));
    const end = text.indexOf("\r\n\r\n") + 4;
    if (end < 4) return false;
    this.head = text.slice(0, end);
    this.#chunks = [bytes.subarray(end)];
    this.#size -= end;
    return true;
  }

  #joined(): Uint8Array {
    const bytes = this.#chunks.length === 1
      ? this.#chunks[0] as Uint8Array
      : joinBytes(this.#chunks);
    this.#chunks = [bytes];
    return bytes;
  }

  /** Reads the frames that have come whole; a frame that breaks RFC 6455 fails the test. */
  #read(): void {
    if (this.#size < this.#needed) return;
    const bytes = this.#joined();
    let at = 0;
    for (;;) {
      const frame = readFrame(bytes, at);
      if (typeof frame === "number") {
        this.#needed = frame;
        break;
      }
      this.frames.push(frame.frame);
      at = frame.end;
    }
    this.#chunks = [bytes.subarray(at)];
    this.#size -= at;
  }
}

/** Reads a frame of a server. Gives the number of bytes that it needs if it has not come whole. */
function readFrame(
  bytes: Uint8Array,
  at: number,
): { readonly frame: ServerFrame; readonly end: number } | number {
  const left = bytes.length - at;
  if (left < 2) return 2;
  const [first = 0, second = 0] = bytes.subarray(at, at + 2);
  assertEquals(second & 0x80, 0, "a server must not mask its frames");
  const lengthBytes = second === 127 ? 8 : second === 126 ? 2 : 0;
  if (left < 2 + lengthBytes) return 2 + lengthBytes;
  const digits = bytes.subarray(at + 2, at + 2 + lengthBytes);
  const length = lengthBytes === 0 ? second : digits.reduce((sum, digit) => sum * 256 + digit, 0);
  assertEquals(
    length > [-1, 125, 65_535][lengthBytes === 0 ? 0 : lengthBytes === 2 ? 1 : 2]!,
    true,
  );
  const start = at + 2 + lengthBytes;
  const end = start + length;
  if (end > bytes.length) return end - at;
  const kind = KINDS.get(first & 15) ?? `opcode ${first & 15}`;
  const payload = bytes.subarray(start, end);
  return { frame: { kind, isFinal: first >= 128, reserved: first >> 4 & 7, payload }, end };
}

/** The bytes of a masked frame. */
export function clientFrame(
  kind: string,
  payload: string | Uint8Array = "",
  frame: Partial<RawFrame> = {},
): Uint8Array {
  return rawFrame({
    opcode: OPCODE_NUMBERS[kind] as number,
    payload: typeof payload === "string" ? new TextEncoder().encode(payload) : payload,
    mask: Uint8Array.of(0x12, 0x34, 0x56, 0x78),
    ...frame,
  });
}
