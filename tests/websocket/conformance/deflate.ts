/** `permessage-deflate`: offers, compressed messages, and faults in them (sections 12 and 13 of Autobahn). */

import * as zlib from "node:zlib";
import { RUNTIME } from "../../support/tcp.ts";
import { joinBytes } from "../../../src/socket/mod.ts";
import {
  bytesOf,
  type CaseParts,
  type ConformanceCase,
  conformanceCase,
  type Endpoint,
  fragments,
  frame,
  hex,
  inPieces,
  type Message,
  mixed,
  together,
} from "./case.ts";

const EXTENSIONS = "Sec-WebSocket-Extensions";
const DEFLATE = "permessage-deflate";
/** The usual parameters of an answer: context takeover is off unless asked for. */
const NO_TAKEOVER = "; server_no_context_takeover; client_no_context_takeover";

const offering = (offer: string = DEFLATE): CaseParts => ({ offers: { [EXTENSIONS]: offer } });

/** The payload of a compressed message, made by one call of zlib. */
function compressed(message: Message, options: zlib.ZlibOptions = {}): Uint8Array {
  const bytes = bytesOf(message);
  if (bytes.length === 0) return hex("00");
  return new Uint8Array(zlib.deflateRawSync(bytes, { finishFlush: 2, ...options }).subarray(0, -4));
}

const deflated = (kind: "text" | "binary", message: Message, options: zlib.ZlibOptions = {}) =>
  frame(kind, compressed(message, options), { reserved: 4 });

/** Offers, and the answer of an endpoint; `undefined` if the offer is declined. */
const OFFERS: readonly (readonly [Endpoint, string, string | undefined])[] = [
  ["plain", "permessage-deflate", undefined],
  ["echo", "permessage-deflate", NO_TAKEOVER],
  [
    "echo",
    "permessage-deflate;\tserver_no_context_takeover",
    NO_TAKEOVER,
  ],
  ["echo", "x, permessage-deflate", NO_TAKEOVER],
  ["context", "permessage-deflate; client_max_window_bits", ""],
  ["context", "permessage-deflate; client_max_window_bits=15", ""],
  ["context", "permessage-deflate; client_max_window_bits=8", "; client_max_window_bits=8"],
  ["context", "permessage-deflate; client_max_window_bits=12", "; client_max_window_bits=12"],
  ["context", "permessage-deflate; server_max_window_bits=8", "; server_max_window_bits=8"],
  ["context", "permessage-deflate; server_max_window_bits=9", "; server_max_window_bits=9"],
  ["context", "permessage-deflate; server_max_window_bits=15", "; server_max_window_bits=15"],
  ["context", "permessage-deflate; client_no_context_takeover", "; client_no_context_takeover"],
  [
    "context",
    " , permessage-deflate ; server_max_window_bits = 10 , ,",
    "; server_max_window_bits=10",
  ],
  ["context", 'permessage-deflate;server_max_window_bits="10"', "; server_max_window_bits=10"],
  ["context", 'permessage-deflate;server_max_window_bits="1\\0"', "; server_max_window_bits=10"],
  ["context", "permessage-deflate; unknown, permessage-deflate", ""],
  [
    "context",
    "permessage-deflate; server_max_window_bits=7, permessage-deflate; server_max_window_bits=9",
    "; server_max_window_bits=9",
  ],
  [
    "context",
    "permessage-deflate; server_max_window_bits=9, permessage-deflate",
    "; server_max_window_bits=9",
  ],
  ...[
    "server_max_window_bits",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=010",
    "server_max_window_bits=1e1",
    "server_max_window_bits=-9",
    "server_max_window_bits=ten",
    "client_max_window_bits=0",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=08",
    "client_max_window_bits=x",
    "server_no_context_takeover=1",
    "client_no_context_takeover=true",
    'client_no_context_takeover="1"',
    "unknown",
    "unknown=1",
    "server_no_context_takeover; server_no_context_takeover",
    "client_max_window_bits=9; client_max_window_bits=10",
    "server_max_window_bits=9; server_max_window_bits=9",
  ].map((parameter) => ["context", `permessage-deflate; ${parameter}`, undefined] as const),
  ["context", "PERMESSAGE-DEFLATE2", undefined],
  ["context", "permessage-bzip2, x-webkit-deflate-frame", undefined],
];

function* offers(): Generator<ConformanceCase> {
  for (const [endpoint, offer, answer] of OFFERS) {
    const name = `the offer "${offer}" to ${endpoint}`;
    // The zlib of Deno takes no dictionary: there, the server compresses each message by itself.
    const asIs = !RUNTIME.startsWith("deno") || answer?.includes("server_no_context_takeover");
    const own = asIs ? "" : "; server_no_context_takeover";
    const agreed = answer === undefined ? undefined : `${DEFLATE}${own}${answer}`;
    const parts = { ...offering(offer), endpoint, fields: { [EXTENSIONS]: agreed } };
    if (answer === undefined) {
      yield conformanceCase(`${name}, and a compressed message`, [deflated("text", "x")], {
        ...parts,
        close: 1002,
      });
      yield conformanceCase(`${name}, and a plain message`, [frame("text", "x")], {
        ...parts,
        messages: ["x"],
      });
    } else {
      const message = "compressed ".repeat(50);
      const windowBits = Math.max(
        9,
        Number(/client_max_window_bits=(\d+)/.exec(answer)?.[1] ?? 15),
      );
      const options = {
        windowBits,
        ...(windowBits === 9 ? { strategy: zlib.constants.Z_RLE } : {}),
      };
      yield conformanceCase(`${name}, and messages`, [
        deflated("text", message, options),
        frame("text", message),
      ], {
        ...parts,
        messages: [message, message],
      });
    }
  }
}

/** Messages of the sizes of section 12, in each way of section 13. */
function* messages(): Generator<ConformanceCase> {
  const ways: readonly (readonly [Endpoint, string])[] = [
    ["echo", DEFLATE],
    ["echo", `${DEFLATE}; client_max_window_bits`],
    ["context", DEFLATE],
    ["context", `${DEFLATE}; server_no_context_takeover; client_no_context_takeover`],
    ["context", `${DEFLATE}; server_max_window_bits=9; client_max_window_bits=9`],
    ["context", `${DEFLATE}; server_max_window_bits=8`],
  ];
  const json = (index: number) =>
    JSON.stringify({ id: index, name: `name ${index}`, tags: ["a", "b"] });
  for (const [endpoint, offer] of ways) {
    const windowBits = offer.includes("client_max_window_bits=9") ? 9 : 15;
    const parts = { ...offering(offer), endpoint };
    for (const size of [0, 16, 64, 256, 1024, 4096, 8192, 32_768, 131_072]) {
      const text = Array.from({ length: Math.ceil(size / 20) }, (_, at) => json(at)).join("").slice(
        0,
        size,
      );
      const given = [text, text, mixed(size)];
      const frames = given.map((each) =>
        deflated(typeof each === "string" ? "text" : "binary", each, { windowBits })
      );
      yield conformanceCase(
        `three messages of ${size} bytes to ${endpoint} by "${offer}"`,
        frames,
        {
          ...parts,
          messages: given,
        },
      );
    }
  }
  const one = "a message in fragments ".repeat(30);
  const payload = compressed(one);
  const cut = [payload.subarray(0, 5), payload.subarray(5, 9), payload.subarray(9)];
  const parts = (frames: readonly Uint8Array[]) =>
    frames.map((bytes, index) =>
      frame(index === 0 ? "text" : "continuation", bytes, {
        isFinal: index === frames.length - 1,
        reserved: index === 0 ? 4 : 0,
      })
    );
  yield conformanceCase("a compressed message in fragments", parts(cut), {
    ...offering(),
    messages: [one],
  });
  yield conformanceCase(
    "a compressed message in fragments, byte by byte",
    inPieces(parts(cut), 1),
    {
      ...offering(),
      messages: [one],
    },
  );
  const [first, ...others] = parts(cut) as [Uint8Array, ...Uint8Array[]];
  yield conformanceCase(
    "a Ping between compressed fragments",
    together([first, frame("ping", "p"), ...others]),
    {
      ...offering(),
      messages: [one],
      pongs: ["p"],
    },
  );
  const bytes = Array.from(payload, (byte) => Uint8Array.of(byte));
  yield conformanceCase("compressed fragments of one byte", parts(bytes), {
    ...offering(),
    messages: [one],
  });
  yield conformanceCase("empty compressed fragments", parts([hex(""), payload, hex("")]), {
    ...offering(),
    messages: [one],
  });
  const samples: Record<string, readonly [string, string]> = {
    "one block": ["f248cdc9c90700", "Hello"],
    "a block without compression": ["000500faff48656c6c6f00", "Hello"],
    "a last block": ["f348cdc9c9070000", "Hello"],
    "two blocks": ["f248050000 00ffffcac9c90700".replaceAll(" ", ""), "Hello"],
    "an empty message": ["00", ""],
    "an empty fixed block": ["0200", ""],
    "an empty payload": ["", ""],
  };
  for (const [what, [digits, message]] of Object.entries(samples)) {
    yield conformanceCase(`${what} of RFC 7692`, [frame("text", hex(digits), { reserved: 4 })], {
      ...offering(),
      messages: [message],
    });
  }
  yield conformanceCase("a message that refers to the one before", [
    frame("text", hex("f248cdc9c90700"), { reserved: 4 }),
    frame("text", hex("f200110000"), { reserved: 4 }),
  ], { ...offering(), endpoint: "context", messages: ["Hello", "Hello"] });
  const mega = "0123456789abcdef".repeat(65_536);
  yield conformanceCase("a compressed message of 1 MiB", [deflated("text", mega)], {
    ...offering(),
    messages: [mega],
  });
}

function* faults(): Generator<ConformanceCase> {
  const reserved = 4;
  const broken: Record<string, readonly [Uint8Array, number]> = {
    "a reserved kind of block": [hex("0700"), 1007],
    "a payload that is cut off": [hex("f248cdc9"), 1007],
    "a block with a wrong length": [hex("000500faff48"), 1007],
    "bytes of 0xff": [hex("ffffffff"), 1007],
    "a text that is not compressed": [bytesOf("this was not compressed"), 1007],
    "a distance before the message": [hex("f200110000"), 1007],
    "a compressed text that is not UTF-8": [compressed(hex("cebaff")), 1007],
    "a compressed surrogate": [compressed(hex("eda080")), 1007],
  };
  for (const [what, [payload, close]] of Object.entries(broken)) {
    yield conformanceCase(what, [frame("text", payload, { reserved })], { ...offering(), close });
    yield conformanceCase(`${what}, after a good message`, [
      deflated("text", "good"),
      frame("text", payload, { reserved }),
    ], { ...offering(`${DEFLATE}; client_no_context_takeover`), messages: ["good"], close });
  }
  const small = { ...offering(), endpoint: "small" as const };
  const bomb = compressed(new Uint8Array(10_000_000));
  yield conformanceCase("a bomb of 10 MB", [frame("binary", bomb, { reserved })], {
    ...small,
    close: 1009,
  });
  yield conformanceCase("a bomb in fragments", [
    frame("binary", bomb.subarray(0, 500), { reserved, isFinal: false }),
    frame("continuation", bomb.subarray(500, 900)),
  ], { ...small, close: 1009 });
  const limit = new Uint8Array(1000);
  yield conformanceCase("a compressed message at the limit", [deflated("binary", limit)], {
    ...small,
    messages: [limit],
  });
  yield conformanceCase("a compressed message above the limit", [
    deflated("binary", new Uint8Array(1001)),
  ], {
    ...small,
    close: 1009,
  });
  const close = 1002;
  for (const kind of ["ping", "pong", "close"] as const) {
    const frames = [frame(kind, kind === "close" ? hex("03e8") : "x", { reserved })];
    yield conformanceCase(`a compressed ${kind} frame`, frames, { ...offering(), close });
  }
  yield conformanceCase("RSV1 in a continuation of a compressed message", [
    frame("text", compressed("x"), { reserved, isFinal: false }),
    frame("continuation", "", { reserved }),
  ], { ...offering(), close });
  yield conformanceCase("RSV1 in a continuation of a plain message", [
    frame("text", "x", { isFinal: false }),
    frame("continuation", compressed("x"), { reserved }),
  ], { ...offering(), close });
  for (const bits of [1, 2, 3, 5, 6, 7]) {
    const frames = [frame("text", compressed("x"), { reserved: bits })];
    yield conformanceCase(`the reserved bits ${bits} beside compression`, frames, {
      ...offering(),
      close,
    });
  }
  const plain = ["plain", "in fragments", "compressed"] as const;
  yield conformanceCase("plain and compressed messages in turn", [
    frame("text", plain[0]),
    ...fragments("text", ["in ", "fragments"]),
    deflated("text", plain[2]),
    frame("binary", joinBytes([hex("00")])),
  ], { ...offering(), messages: [...plain, hex("00")] });
}

/** The cases of this file. */
export const DEFLATES: readonly ConformanceCase[] = [...offers(), ...messages(), ...faults()];
