/**
 * Frames as text: the notation of `tests/corpus/websocket`, which its README defines, and the raw frames of a
 * client in tests.
 */

import { joinBytes } from "../../../src/socket/mod.ts";
import { latin1Bytes } from "../../support/latin1_bytes.ts";

/** The parts of one frame; each may break the protocol. */
export interface RawFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly isFinal?: boolean;
  /** The bits RSV1, RSV2 and RSV3: 4, 2 and 1. */
  readonly reserved?: number;
  readonly mask?: Uint8Array | undefined;
  /** The form of the length: 16 or 64 bits. Default: the shortest. */
  readonly lengthBits?: 16 | 64;
  /** The length in the header, if it is not that of the payload. */
  readonly announced?: number;
}

export const OPCODE_NUMBERS: Readonly<Record<string, number>> = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
};

/** The bytes of a frame. */
export function rawFrame(frame: RawFrame): Uint8Array {
  const { opcode, payload, isFinal = true, reserved = 0, mask, lengthBits } = frame;
  const length = frame.announced ?? payload.length;
  const shortest = length < 126 ? 0 : length < 65_536 ? 16 : 64;
  const bits = lengthBits ?? shortest;
  const maskBit = mask === undefined ? 0 : 0x80;
  const header = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode];
  if (bits === 0) header.push(maskBit | length);
  else {
    header.push(maskBit | (bits === 16 ? 126 : 127));
    for (let shift = bits - 8; shift >= 0; shift -= 8) {
      header.push(Number(BigInt(length) >> BigInt(shift) & 255n));
    }
  }
  const bytes = new Uint8Array(header.length + (mask?.length ?? 0) + payload.length);
  bytes.set(header);
  if (mask !== undefined) bytes.set(mask, header.length);
  const start = header.length + (mask?.length ?? 0);
  bytes.set(payload, start);
  for (let index = 0; mask !== undefined && index < payload.length; index++) {
    bytes[start + index]! ^= mask[index & 3]!;
  }
  return bytes;
}

/** The bytes that a `frames` block stands for. */
export function parseFrames(text: string): Uint8Array {
  const frames = text.split("\n").filter((line) => line !== "").map(parseLine);
  return joinBytes(frames);
}

function parseLine(line: string, index: number): Uint8Array {
  if (line.startsWith("hex ")) {
    return Uint8Array.from(line.slice(4).trim().split(/\s+/), (byte) => parseInt(byte, 16));
  }
  const match = /^(\w+)((?: \w+)*?)(?: length (\d+))? "((?:[^"\\]|\\.)*)"(?: \* (\d+))?$/.exec(
    line,
  );
  if (match === null) throw new Error(`Cannot read the frame ${line}`);
  const [, kind = "", flagText = "", announced, escaped = "", times = "1"] = match;
  const flags = flagText.trim().split(" ");
  const has = (flag: string) => flags.includes(flag);
  const bits = has("len16") ? 16 : has("len64") ? 64 : undefined;
  return rawFrame({
    opcode: OPCODE_NUMBERS[kind] ?? Number(kind),
    payload: latin1Bytes(unescaped(escaped).repeat(Number(times))),
    isFinal: !has("more"),
    reserved: (has("rsv1") ? 4 : 0) | (has("rsv2") ? 2 : 0) | (has("rsv3") ? 1 : 0),
    mask: has("plain") ? undefined : Uint8Array.of(0x37 + index, 0xfa, 0x21 ^ index, 0x3d),
    ...(bits === undefined ? {} : { lengthBits: bits }),
    ...(announced === undefined ? {} : { announced: Number(announced) }),
  });
}

function unescaped(text: string): string {
  return text.replace(/\\x([0-9a-f]{2})|\\(.)/g, (_escape, hex?: string, character?: string) => {
    return hex === undefined ? character as string : String.fromCharCode(parseInt(hex, 16));
  });
}
