/** The lines of an adapter about a listener go to the `log` of `listen`: to the option `log` of a server. */

import { assertEquals, assertMatch } from "@std/assert";
import { test } from "node:test";
import { memoryNetwork } from "../../adapters/memory.ts";
import { runtimeAdapter } from "../../mod.ts";
import type { DiallingAdapter, SocketHandler } from "../../src/socket/mod.ts";
import { eventually } from "../support/tcp.ts";

const ignore: SocketHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

const ADAPTERS: Readonly<Record<string, () => Promise<DiallingAdapter>>> = {
  "the runtime": runtimeAdapter,
  "a network in memory": () => Promise.resolve(memoryNetwork().adapter),
};

for (const [name, adapterOf] of Object.entries(ADAPTERS)) {
  test(`the error of a handler goes to the log of listen, on ${name}`, async () => {
    const adapter = await adapterOf();
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    const listener = await adapter.listen({ host: "127.0.0.1", port: 0 }, { log }, () => ({
      ...ignore,
      onData() {
        throw new Error("a fault of the handler");
      },
    }));
    if (listener.address.family === "unix") throw new TypeError("Expected a port");
    let isEnded = false;
    const end = () => void (isEnded = true);
    await adapter.dial(listener.address, (socket) => {
      adapter.clock.defer(() => void socket.write("x"));
      // The adapter closes the connection: the client gets an end, or a reset.
      return { ...ignore, onEnd: () => (socket.destroy(), end()), onClose: end };
    });
    await eventually("the end of the connection", () => isEnded);
    assertEquals(lines.length, 1, lines.join("\n"));
    assertMatch(lines[0] as string, /a fault of the handler/);
    await listener.close();
  });
}
