/**
 * A program that checks an adapter which catches no error of a handler, and prints the findings. An error that
 * ends the program is a failure of its test.
 */

import { memoryNetwork } from "../../../adapters/memory.ts";
import type { Adapter, SocketHandler } from "../../../src/socket/mod.ts";
import { adapterChecks, BrokenPromise } from "../../../src/testing/mod.ts";

const { adapter: right } = memoryNetwork();

/** Lets the errors of a handler escape: as exceptions, or as rejections. */
function escaping(handler: SocketHandler): SocketHandler {
  const call = (act: () => void) => {
    try {
      act();
    } catch (error) {
      if (String(error).includes(" in data")) void Promise.reject(error);
      else {queueMicrotask(() => {
          throw error;
        });}
    }
  };
  return {
    onData: (bytes, owned) => call(() => handler.onData(bytes, owned)),
    onEnd: () => call(() => handler.onEnd()),
    onDrain: () => call(() => handler.onDrain()),
    onClose: (error) => call(() => handler.onClose(error)),
  };
}

const adapter: Adapter = {
  ...right,
  listen: (address, options, accept) =>
    right.listen(address, options, (socket) => escaping(accept(socket))),
};

for (const { name, run } of adapterChecks(adapter)) {
  if (!/^failures: a handler|^order/.test(name)) continue;
  try {
    await run();
    console.log(`passed: ${name}`);
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error;
    console.log(error.message.split("\n", 1)[0]);
  }
}
