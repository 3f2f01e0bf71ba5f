/** Text and its encoding, in each split (section 6 of Autobahn). */

import { joinBytes } from "../../../src/socket/mod.ts";
import { type ConformanceCase, conformanceCase, fragments, frame, hex, inPieces } from "./case.ts";

const VALID: Readonly<Record<string, string>> = {
  "a Greek word": "cebae1bdb9cf83cebcceb5",
  "the first of two bytes": "c280",
  "the last of two bytes": "dfbf",
  "the first of three bytes": "e0a080",
  "the last of three bytes": "efbfbf",
  "the first of four bytes": "f0908080",
  "the last of four bytes": "f48fbfbf",
  "the last before the surrogates": "ed9fbf",
  "the first after the surrogates": "ee8080",
  "the replacement character": "efbfbd",
  "a noncharacter": "efbfbe",
  "a noncharacter above U+FFFF": "f09fbfbf",
  "NUL": "00",
  "DEL": "7f",
  "a byte order mark": "efbbbf61",
  "an emoji of several characters": "f09f91a9e2808df09f92bb",
  "all lengths": "24c2a2e282acf0908d88",
};

const INVALID: Readonly<Record<string, string>> = {
  "a lone tail": "80",
  "the last tail alone": "bf",
  "two tails": "80bf",
  "0xfe": "fe",
  "0xff": "ff",
  "0xfe fe ff ff": "fefeffff",
  "latin-1": "68e96c6c6f",
  "a start of two bytes and a space": "c020",
  "a start of three bytes and a space": "e020",
  "a start of four bytes and a space": "f020",
  "two of three bytes": "e282",
  "three of four bytes": "f09f92",
  "one of two bytes": "61c3",
  "an overlong slash in two bytes": "c0af",
  "an overlong slash in three bytes": "e080af",
  "an overlong slash in four bytes": "f08080af",
  "an overlong slash in five bytes": "f8808080af",
  "an overlong slash in six bytes": "fc80808080af",
  "an overlong NUL": "c080",
  "the last overlong of two bytes": "c1bf",
  "the last overlong of three bytes": "e09fbf",
  "the last overlong of four bytes": "f08fbfbf",
  "the first surrogate": "eda080",
  "the last high surrogate": "edafbf",
  "the first low surrogate": "edb080",
  "the last surrogate": "edbfbf",
  "a pair of surrogates": "eda080edb080",
  "a code point above U+10FFFF": "f4908080",
  "the start 0xf5": "f5808080",
  "the first of five bytes": "f888808080",
  "the first of six bytes": "fc8480808080",
  "a surrogate after a Greek word": "cebae1bdb9cf83cebcceb5eda080656469746564",
};

function* cases(): Generator<ConformanceCase> {
  for (const [what, digits] of Object.entries(VALID)) {
    const bytes = hex(digits);
    const messages = [new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)];
    yield conformanceCase(`${what} in a text`, [frame("text", bytes)], { messages });
    yield conformanceCase(`${what}, byte by byte`, inPieces([frame("text", bytes)], 1), {
      messages,
    });
    const parts = Array.from(bytes, (byte) => Uint8Array.of(byte));
    yield conformanceCase(`${what} in fragments of one byte`, fragments("text", parts), {
      messages,
    });
  }
  const close = 1007;
  for (const [what, digits] of Object.entries(INVALID)) {
    const bytes = hex(digits);
    const around = joinBytes([hex("2a2a"), bytes, hex("2a")]);
    yield conformanceCase(`${what} in a text`, [frame("text", bytes)], { close });
    yield conformanceCase(
      `${what} inside a text, byte by byte`,
      inPieces([frame("text", around)], 1),
      { close },
    );
    const parts = [...Array.from(bytes, (byte) => Uint8Array.of(byte)), hex("")];
    yield conformanceCase(`${what} in fragments of one byte`, fragments("text", parts), { close });
    yield conformanceCase(`${what} in a binary message`, [frame("binary", bytes)], {
      messages: [bytes],
    });
  }
  const wrong = frame("text", hex("ceba ff"), { announced: 100 });
  yield conformanceCase("a wrong byte, before the frame is whole", [wrong], { close });
  const inFragment = frame("text", hex("eda080"), { isFinal: false });
  yield conformanceCase("a wrong byte in a fragment, before the message is whole", [inFragment], {
    close,
  });
  const begins = fragments("text", [hex("cebaf4"), hex("90")]).slice(0, 1);
  yield conformanceCase("a wrong byte in the next fragment, before it is whole", [
    ...begins,
    frame("continuation", hex("9080"), { isFinal: false, announced: 10 }),
  ], { close });
  yield conformanceCase("a good text before a wrong one", [
    frame("text", "good"),
    frame("text", hex("ff")),
  ], {
    messages: ["good"],
    close,
  });
  const long = joinBytes([new Uint8Array(70_000).fill(0x2a), hex("ff")]);
  yield conformanceCase(
    "a wrong byte after 70,000 good ones",
    inPieces([frame("text", long)], 9000),
    { close },
  );
  const greek = "\u03ba\u1f79\u03c3\u03bc\u03b5".repeat(5000);
  for (const size of [1021, 4096, 16_384]) {
    const message = new TextEncoder().encode(greek);
    const count = Math.ceil(message.length / size);
    const parts = Array.from(
      { length: count },
      (_, at) => message.subarray(at * size, (at + 1) * size),
    );
    yield conformanceCase(`a long Greek text in fragments of ${size}`, fragments("text", parts), {
      messages: [greek],
    });
  }
}

/** The cases of this file. */
export const UTF8: readonly ConformanceCase[] = [...cases()];
