/** Pings, Pongs, the Close handshake, and clients that leave without one (sections 2 and 7 of Autobahn). */

import {
  bytesOf,
  closing,
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

/** Section 2. */
function* pings(): Generator<ConformanceCase> {
  const payloads: Record<string, Message> = {
    "without a payload": "",
    "with text": "Hello, world!",
    "with bytes that are no text": hex("00fffefdfcfb00ff"),
    "of 124 bytes": mixed(124),
    "of 125 bytes": mixed(125),
  };
  for (const [what, payload] of Object.entries(payloads)) {
    yield conformanceCase(`a Ping ${what}`, [frame("ping", payload)], { pongs: [payload] });
    const bytes = inPieces([frame("ping", payload)], 1);
    yield conformanceCase(`a Ping ${what}, byte by byte`, bytes, { pongs: [payload] });
    yield conformanceCase(`an unsolicited Pong ${what}`, [
      frame("pong", payload),
      frame("ping", "p"),
    ], {
      pongs: ["p"],
    });
  }
  const ten = Array.from({ length: 10 }, (_, index) => `payload ${index}`);
  const frames = ten.map((payload) => frame("ping", payload));
  yield conformanceCase("ten Pings", frames, { pongs: ten });
  yield conformanceCase("ten Pings in one piece", together(frames), { pongs: ten });
  yield conformanceCase("ten Pings, byte by byte", inPieces(frames, 1), { pongs: ten });
  const hundred = Array.from({ length: 100 }, (_, index) => `${index}`);
  yield conformanceCase(
    "100 Pings in one piece",
    together(hundred.map((payload) => frame("ping", payload))),
    {
      pongs: hundred,
    },
  );
  yield conformanceCase(
    "a Ping between messages",
    together([
      frame("text", "a"),
      frame("ping", "p"),
      frame("text", "b"),
    ]),
    { messages: ["a", "b"], pongs: ["p"] },
  );
  for (const kind of ["ping", "pong"] as const) {
    yield conformanceCase(`a ${kind} of 126 bytes`, [frame(kind, mixed(126))], { close: 1002 });
    yield conformanceCase(`a ${kind} of 65,536 bytes`, [frame(kind, mixed(65_536))], {
      close: 1002,
    });
    yield conformanceCase(`a ${kind} with its length in 16 bits`, [
      frame(kind, "x", { lengthBits: 16 }),
    ], {
      close: 1002,
    });
    yield conformanceCase(`the head of a ${kind} of 126 bytes`, [
      frame(kind, "", { announced: 126 }),
    ], { close: 1002 });
  }
}

const VALID = [
  1000,
  1001,
  1002,
  1003,
  1007,
  1008,
  1009,
  1010,
  1011,
  1012,
  1013,
  1014,
  3000,
  3001,
  3999,
  4000,
  4999,
];
const INVALID = [
  0,
  1,
  125,
  500,
  999,
  1004,
  1005,
  1006,
  1015,
  1016,
  1100,
  1999,
  2000,
  2999,
  5000,
  32_768,
  65_535,
];

/** Section 7. */
function* closes(): Generator<ConformanceCase> {
  for (const code of VALID) {
    yield conformanceCase(`a Close with ${code}`, [closing(code)], { close: code });
    yield conformanceCase(
      `a Close with ${code} and a reason, after a message`,
      together([
        frame("text", "last"),
        closing(code, "reason \u20ac"),
      ]),
      { messages: ["last"], close: code },
    );
  }
  for (const code of INVALID) {
    yield conformanceCase(`a Close with the wrong code ${code}`, [closing(code)], { close: 1002 });
    yield conformanceCase(`a Close with the wrong code ${code} and a reason`, [
      closing(code, "reason"),
    ], {
      close: 1002,
    });
  }
  yield conformanceCase("a Close without a payload", [frame("close")], { close: "empty" });
  yield conformanceCase("a Close with one byte", [frame("close", hex("03"))], { close: 1002 });
  yield conformanceCase(
    "a Close with one byte, after a message",
    together([
      frame("text", "last"),
      frame("close", hex("03")),
    ]),
    { messages: ["last"], close: 1002 },
  );
  yield conformanceCase("a Close, byte by byte", inPieces([closing(1000, "reason")], 1), {
    close: 1000,
  });
  yield conformanceCase("a reason of 123 bytes", [closing(1000, "*".repeat(123))], { close: 1000 });
  yield conformanceCase("a reason of 124 bytes", [closing(1000, "*".repeat(124))], { close: 1002 });
  yield conformanceCase("a Close with its length in 16 bits", [
    frame("close", hex("03e8"), { lengthBits: 16 }),
  ], {
    close: 1002,
  });
  const wrong: Record<string, string> = {
    "that is latin-1": "e9",
    "with a surrogate": "cebaeda080",
    "that is cut off": "e282",
    "with an overlong character": "c0af",
    "with 0xff": "ff",
  };
  for (const [what, digits] of Object.entries(wrong)) {
    yield conformanceCase(`a reason ${what}`, [closing(1000, hex(digits))], { close: 1007 });
  }
  const after: Record<string, Uint8Array[]> = {
    "a text": [frame("text", "late")],
    "a Ping": [frame("ping", "late")],
    "a second Close": [closing(1001)],
    "a wrong frame": [frame(3)],
    "100 KB of zeros": [new Uint8Array(100_000)],
    "a part of a frame": [hex("82ff")],
    "a continuation": [frame("continuation", "late")],
  };
  for (const [what, pieces] of Object.entries(after)) {
    yield conformanceCase(`${what} after the Close`, [closing(1000), ...pieces], { close: 1000 });
    yield conformanceCase(
      `${what} after the Close, in one piece`,
      together([closing(1000), ...pieces]),
      {
        close: 1000,
      },
    );
    yield conformanceCase(
      `${what} after a fault`,
      together([frame("text", "x"), frame(3), ...pieces]),
      {
        messages: ["x"],
        close: 1002,
      },
    );
  }
  const large = "x".repeat(256 * 1024);
  yield conformanceCase(
    "a large message, a Ping and a Close",
    together([
      frame("text", large),
      frame("ping", "p"),
      closing(1000),
    ]),
    { messages: [large], pongs: ["p"], close: 1000 },
  );
  yield conformanceCase(
    "a Close between the fragments of a large message",
    together([
      ...fragments("text", [large, large]).slice(0, 1),
      closing(1000),
      frame("continuation", large),
    ]),
    { close: 1000 },
  );
}

/** A client that ends its side without a Close frame gets the answers to its messages, and a FIN. */
function* ends(): Generator<ConformanceCase> {
  const message = frame("text", "hello");
  const begun: Record<string, readonly [Uint8Array[], Message[]?]> = {
    "after the handshake": [[]],
    "after a message": [[message], ["hello"]],
    "after three messages": [together([message, message, message]), ["hello", "hello", "hello"]],
    "inside a head": [[message.subarray(0, 1)]],
    "inside a key": [[message.subarray(0, 4)]],
    "inside a payload": [[message.subarray(0, 8)]],
    "inside a large payload": [[frame("binary", mixed(70_000)).subarray(0, 50_000)]],
    "inside a fragmented message": [[frame("text", "a", { isFinal: false })]],
    "after a message and a part of one": [together([message, message.subarray(0, 7)]), ["hello"]],
    "inside a long length": [[hex("82ff0000")]],
  };
  for (const [when, [pieces, messages = []]] of Object.entries(begun)) {
    yield conformanceCase(`a FIN ${when}`, pieces, { leaves: true, messages });
  }
}

/** A client that reads late gets every byte, in order. */
function* slow(): Generator<ConformanceCase> {
  const isSlow = true;
  for (const [count, size] of [[5000, 1], [2000, 1000], [60, 65_536], [4, 1024 * 1024]]) {
    const messages = Array.from({ length: count! }, (_, index) => `${index} ${"x".repeat(size!)}`);
    const frames = messages.map((text) => frame("text", text));
    yield conformanceCase(
      `a slow reader of ${count} messages of ${size} bytes`,
      inPieces(frames, 65_536),
      {
        messages,
        isSlow,
      },
    );
  }
  const large = mixed(3 * 1024 * 1024);
  yield conformanceCase(
    "a slow reader of one message of 3 MiB and a Close",
    together([
      frame("binary", large),
      closing(1000),
    ]),
    { messages: [large], close: 1000, isSlow },
  );
  const block = bytesOf("y".repeat(10_000));
  const joined = fragments("text", Array<Uint8Array>(200).fill(block));
  yield conformanceCase("a slow reader of one message of 200 fragments", inPieces(joined, 50_000), {
    messages: ["y".repeat(2_000_000)],
    isSlow,
  });
}

/** The cases of this file. */
export const CONTROL: readonly ConformanceCase[] = [...pings(), ...closes(), ...ends(), ...slow()];
