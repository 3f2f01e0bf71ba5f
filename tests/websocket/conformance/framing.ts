/** Messages, reserved bits, opcodes, masks, lengths and fragments (sections 1, 3, 4, 5, 9 and 10 of Autobahn). */

import { joinBytes } from "../../../src/socket/mod.ts";
import {
  type ConformanceCase,
  conformanceCase,
  fragments,
  frame,
  hex,
  inPieces,
  type Message,
  mixed,
  together,
} from "./case.ts";

const KINDS = ["text", "binary"] as const;
const content = (kind: typeof KINDS[number], length: number): Message =>
  kind === "text" ? "*".repeat(length) : mixed(length);

/** Section 1, and the sizes of sections 9 and 10. */
function* sizes(): Generator<ConformanceCase> {
  for (const kind of KINDS) {
    for (const length of [0, 1, 2, 3, 4, 5, 125, 126, 127, 128, 1000, 65_535, 65_536, 65_537]) {
      const message = content(kind, length);
      yield conformanceCase(`a ${kind} message of ${length} bytes`, [frame(kind, message)], {
        messages: [message],
      });
    }
    for (const [length, size] of [[125, 1], [126, 1], [1000, 7], [65_536, 997], [65_536, 1460]]) {
      const message = content(kind, length!);
      yield conformanceCase(
        `a ${kind} message of ${length} bytes in pieces of ${size}`,
        inPieces([frame(kind, message)], size!),
        { messages: [message] },
      );
    }
    const MIB = 1024 * 1024;
    const large = [[MIB, Infinity], [MIB, 65_536], [MIB / 4, 64], [MIB / 2, 1024], [4 * MIB, MIB]];
    for (const [length, size] of large) {
      const message = content(kind, length!);
      const bytes = typeof message === "string" ? new TextEncoder().encode(message) : message;
      const parts = size === Infinity
        ? [bytes]
        : Array.from({ length: length! / size! }, (_, at) =>
          bytes.subarray(at * size!, (at + 1) * size!));
      const shape = size === Infinity ? "one frame" : `fragments of ${size}`;
      yield conformanceCase(
        `a ${kind} message of ${length} bytes in ${shape}`,
        inPieces(fragments(kind, parts), 256 * 1024),
        { messages: [message] },
      );
    }
  }
  const many = Array.from({ length: 500 }, (_, index) => `message ${index}`);
  const frames = many.map((text) => frame("text", text));
  yield conformanceCase("500 messages in one piece", together(frames), { messages: many });
  yield conformanceCase("500 messages in pieces of 100 bytes", inPieces(frames, 100), {
    messages: many,
  });
  const empty = Array<string>(200).fill("");
  yield conformanceCase("200 empty messages", together(empty.map((text) => frame("text", text))), {
    messages: empty,
  });
  yield conformanceCase("texts and bytes in turn", [
    frame("text", "a"),
    frame("binary", hex("00ff")),
    frame("text", "b"),
  ], {
    messages: ["a", hex("00ff"), "b"],
  });
}

/** Section 3. */
function* reservedBits(): Generator<ConformanceCase> {
  const close = 1002;
  const good = frame("text", "before");
  for (const kind of ["text", "binary", "ping", "pong", "close"] as const) {
    for (let reserved = 1; reserved <= 7; reserved++) {
      const bad = frame(kind, kind === "close" ? hex("03e8") : "x", { reserved });
      yield conformanceCase(
        `the reserved bits ${reserved} in a ${kind} frame`,
        together([good, bad]),
        {
          messages: ["before"],
          close,
        },
      );
    }
  }
  for (const reserved of [1, 2, 4]) {
    const frames = [
      frame("text", "one", { isFinal: false }),
      frame("continuation", "two", { reserved }),
    ];
    yield conformanceCase(`the reserved bit ${reserved} in a continuation`, frames, { close });
    const bytes = inPieces([frame("text", "x", { reserved })], 1);
    yield conformanceCase(`the reserved bit ${reserved}, byte by byte`, bytes, { close });
  }
}

/** Section 4. */
function* opcodes(): Generator<ConformanceCase> {
  const close = 1002;
  for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    const name = `the opcode ${opcode}`;
    const good = frame("text", "before");
    yield conformanceCase(name, [frame(opcode)], { close });
    yield conformanceCase(
      `${name} with a payload, after a message and before a Ping`,
      together([
        good,
        frame(opcode, "reserved"),
        frame("ping"),
      ]),
      { messages: ["before"], close },
    );
    const bytes = inPieces([good, frame(opcode, "reserved")], 1);
    yield conformanceCase(`${name}, byte by byte`, bytes, { messages: ["before"], close });
    const inside = [frame("text", "begun", { isFinal: false }), frame(opcode)];
    yield conformanceCase(`${name} inside a message`, inside, { close });
  }
}

/** Masks and the forms of a length (RFC 6455 §5.1 and §5.2). */
function* heads(): Generator<ConformanceCase> {
  const close = 1002;
  for (const kind of ["text", "binary", "ping", "pong", "close"] as const) {
    const payload = kind === "close" ? hex("03e8") : "x";
    const plain = frame(kind, payload, { mask: undefined });
    yield conformanceCase(`a ${kind} frame without a mask`, [plain], { close });
  }
  yield conformanceCase("a continuation without a mask", [
    frame("text", "a", { isFinal: false }),
    frame("continuation", "b", { mask: undefined }),
  ], { close });
  for (const mask of ["00000000", "ffffffff", "01020304", "80ff007f"]) {
    const frames = [frame("text", "masked with this key", { mask: hex(mask) })];
    yield conformanceCase(`the key ${mask}`, frames, { messages: ["masked with this key"] });
  }
  for (const length of [0, 1, 125]) {
    const frames = [frame("binary", mixed(length), { lengthBits: 16 })];
    yield conformanceCase(`the length ${length} in 16 bits`, frames, { close });
  }
  for (const length of [0, 125, 126, 65_535]) {
    const frames = [frame("binary", mixed(length), { lengthBits: 64 })];
    yield conformanceCase(`the length ${length} in 64 bits`, frames, { close });
  }
  const tooLong = "the first of 64 bits of a length";
  yield conformanceCase(tooLong, [hex("82ff8000000000000001 00000000")], { close });
  const TOO_BIG = { close: 1009 };
  yield conformanceCase(
    "a length of 2 to the 63, less one",
    [hex("82ff7fffffffffffffff 00000000")],
    TOO_BIG,
  );
  yield conformanceCase("a length of 2 to the 53", [hex("82ff0020000000000000 00000000")], TOO_BIG);
  yield conformanceCase("a length of 4 GiB", [hex("81ff0000000100000000 00000000")], TOO_BIG);
  const small = { endpoint: "small" as const };
  const message = mixed(1000);
  yield conformanceCase("a message at the limit", [frame("binary", message)], {
    ...small,
    messages: [message],
  });
  yield conformanceCase("a message above the limit", [frame("binary", mixed(1001))], {
    ...small,
    ...TOO_BIG,
  });
  yield conformanceCase("the head of a message above the limit", [
    frame("text", "", { announced: 1001 }),
  ], {
    ...small,
    ...TOO_BIG,
  });
  const halves = [mixed(1000).subarray(0, 600), mixed(1000).subarray(600)];
  yield conformanceCase("fragments that reach the limit together", fragments("binary", halves), {
    ...small,
    messages: [message],
  });
  yield conformanceCase(
    "fragments that exceed the limit together",
    fragments("binary", [...halves, hex("00")]),
    {
      ...small,
      ...TOO_BIG,
    },
  );
  yield conformanceCase(
    "small messages that exceed the limit together",
    together([
      frame("binary", halves[0]),
      frame("binary", halves[0]),
    ]),
    { ...small, messages: [halves[0]!, halves[0]!] },
  );
  yield conformanceCase(
    "a message before one above the limit",
    together([
      frame("text", "small"),
      frame("binary", mixed(1001)),
      frame("text", "later"),
    ]),
    { ...small, messages: ["small"], ...TOO_BIG },
  );
  yield conformanceCase("a text of 500 characters in 1,000 bytes", [
    frame("text", "\u00e9".repeat(500)),
  ], {
    ...small,
    messages: ["\u00e9".repeat(500)],
  });
  yield conformanceCase("a text of 501 characters in 1,002 bytes", [
    frame("text", "\u00e9".repeat(501)),
  ], {
    ...small,
    ...TOO_BIG,
  });
}

/** Section 5. */
function* fragmented(): Generator<ConformanceCase> {
  const close = 1002;
  const more = { isFinal: false };
  const first = frame("text", "fragment1", more);
  const last = frame("continuation", "fragment2");
  const whole = "fragment1fragment2";
  for (
    const [how, split] of [
      ["", (frames: Uint8Array[]) => frames],
      [", in one piece", together],
      [", byte by byte", (frames: Uint8Array[]) => inPieces(frames, 1)],
    ] as const
  ) {
    yield conformanceCase(`two fragments${how}`, split([first, last]), { messages: [whole] });
    const withPing = split([first, frame("ping", "between"), last]);
    yield conformanceCase(`a Ping between two fragments${how}`, withPing, {
      messages: [whole],
      pongs: ["between"],
    });
    const withPong = split([first, frame("pong", "between"), last]);
    yield conformanceCase(`a Pong between two fragments${how}`, withPong, { messages: [whole] });
    const three = split(fragments("binary", [hex("00"), hex(""), hex("ff00")]));
    yield conformanceCase(`an empty fragment in the middle${how}`, three, {
      messages: [hex("00ff00")],
    });
    const allEmpty = split(fragments("text", ["", "", ""]));
    yield conformanceCase(`three empty fragments${how}`, allEmpty, { messages: [""] });
    const oneFull = split(fragments("text", ["", "middle", ""]));
    yield conformanceCase(`a full fragment between empty ones${how}`, oneFull, {
      messages: ["middle"],
    });
    yield conformanceCase(
      `a fragmented Ping${how}`,
      split([frame("ping", "a", more), frame("continuation", "b")]),
      {
        close,
      },
    );
    yield conformanceCase(
      `a fragmented Pong${how}`,
      split([frame("pong", "a", more), frame("continuation", "b")]),
      {
        close,
      },
    );
    yield conformanceCase(`a fragmented Close${how}`, split([frame("close", hex("03e8"), more)]), {
      close,
    });
    yield conformanceCase(
      `a continuation of nothing${how}`,
      split([frame("continuation", "x"), frame("text", "y")]),
      {
        close,
      },
    );
    yield conformanceCase(
      `a continuation of nothing that is not final${how}`,
      split([frame("continuation", "x", more), frame("text", "y")]),
      { close },
    );
    yield conformanceCase(
      `a continuation after a whole message${how}`,
      split([frame("text", "whole"), frame("continuation", "x")]),
      { messages: ["whole"], close },
    );
    yield conformanceCase(
      `a continuation after a fragmented message${how}`,
      split([first, last, frame("continuation", "x")]),
      { messages: [whole], close },
    );
    yield conformanceCase(`a text inside a message${how}`, split([first, frame("text", "x")]), {
      close,
    });
    yield conformanceCase(
      `a binary frame inside a message${how}`,
      split([first, frame("binary", "x", more)]),
      {
        close,
      },
    );
    yield conformanceCase(
      `fragments, Pings and messages${how}`,
      split([
        frame("text", "a", more),
        frame("continuation", "b", more),
        frame("ping", "one"),
        frame("continuation", "c", more),
        frame("continuation", "d", more),
        frame("ping", "two"),
        frame("continuation", "e"),
        frame("text", "next"),
      ]),
      { messages: ["abcde", "next"], pongs: ["one", "two"] },
    );
  }
  const ends = [first, frame("close", hex("03e8"))];
  yield conformanceCase("a Close inside a message", ends, { close: 1000 });
  const parts = Array.from({ length: 300 }, (_, index) => `${index};`);
  const frames = fragments("text", parts);
  const pinged = frames.flatMap((part, index) => [part, frame("ping", `${index}`)]);
  yield conformanceCase("300 fragments with a Ping after each", [joinBytes(pinged)], {
    messages: [parts.join("")],
    pongs: parts.map((_, index) => `${index}`),
  });
  yield conformanceCase("fragments of one byte", together(fragments("text", [..."fragments"])), {
    messages: ["fragments"],
  });
}

/** The cases of this file. */
export const FRAMING: readonly ConformanceCase[] = [
  ...sizes(),
  ...reservedBits(),
  ...opcodes(),
  ...heads(),
  ...fragmented(),
];
