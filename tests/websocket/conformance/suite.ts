/** All cases of the conformance suite, and the apps of its endpoints. */

import * as zlib from "node:zlib";
import type { Mounts } from "../../../mod.ts";
import {
  acceptWebSocket,
  permessageDeflate,
  type WebSocketOptions,
} from "../../../src/websocket/mod.ts";
import type { ConformanceCase, Endpoint } from "./case.ts";
import { CONTROL } from "./control.ts";
import { DEFLATES } from "./deflate.ts";
import { FRAMING } from "./framing.ts";
import { HANDSHAKES } from "./handshakes.ts";
import { UTF8 } from "./utf8.ts";

/** The cases, with names that differ. */
export const SUITE: readonly ConformanceCase[] = [
  ...HANDSHAKES,
  ...CONTROL,
  ...DEFLATES,
  ...[...FRAMING, ...UTF8].map((given) => ({ ...given, isSameEverywhere: true })),
];

const compression = permessageDeflate(zlib);
const OPTIONS: Readonly<Record<Endpoint, WebSocketOptions>> = {
  echo: { protocols: ["echo.v1", "chat"], maxMessageBytes: 32 * 1024 * 1024, compression },
  context: {
    compression: permessageDeflate(zlib, { contextTakeover: true, minBytes: 16 }),
  },
  plain: {},
  small: { maxMessageBytes: 1000, compression },
};

/** The apps: `/echo`, `/context`, `/plain` and `/small`. */
export const ENDPOINTS: Mounts = Object.fromEntries(
  Object.entries(OPTIONS).map(([name, options]) => [`/${name}`, function* (environ) {
    const socket = acceptWebSocket(environ, options);
    yield* socket.each((message) => socket.send(message));
  }]),
);
