/**
 * An upgrade: after `takeSocket`, the connection has a protocol of its own. Here the app sends each
 * line back reversed. The app goes on as a coroutine, and ends with the connection.
 *
 *     printf 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: reverse\r\n\r\nabc\n' \
 *       | nc 127.0.0.1 8000
 */

import {
  Accept,
  Acceptor,
  type Environ,
  readline,
  SendAll,
  type StartResponse,
} from "../../mod.ts";
import { serveWhenMain } from "../main.ts";

const PROTOCOL = "reverse";
const MAX_LINE = 1000;

export function* reverse(environ: Environ, startResponse: StartResponse) {
  const { cogen } = environ;
  if (environ.HTTP_UPGRADE !== PROTOCOL) {
    startResponse("400 Bad Request", [["Content-Type", "text/plain"]]);
    return `Expected an upgrade to ${PROTOCOL}.\n`;
  }
  const acceptor = new Acceptor();
  cogen.takeSocket([["Upgrade", PROTOCOL]], acceptor.accept);
  const stream = yield* cogen.wait(Accept(acceptor));
  for (;;) {
    const line = yield* cogen.wait(readline(stream, MAX_LINE, { timeout: 60 }));
    if (line.length === 0) return stream.endWrite();
    const end = line.lastIndexOf(10); // the line feed stays at the end
    yield* cogen.wait(SendAll(stream, line.slice(0, end).reverse()));
    yield* cogen.wait(SendAll(stream, line.slice(end)));
  }
}

await serveWhenMain(import.meta, reverse);
