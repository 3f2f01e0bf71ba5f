import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { memoryNetwork } from "../../../adapters/memory.ts";
import type { Adapter, Socket, SocketHandler } from "../../../src/socket/mod.ts";
import { adapterChecks, BrokenPromise, checkAdapter } from "../../../src/testing/mod.ts";
import { PROMISES } from "../../../src/testing/contract/promises.ts";
import { toDial } from "../../../src/testing/contract/stage.ts";
import { JumpingClock } from "../../support/jumping_clock.ts";
import { isMine } from "../../support/shares.ts";
import { programArguments, type Runtime } from "../../tools/runtimes.ts";

const READS_ON = "half-close: reading goes on after endWrite";
const WRITES_ON = "half-close: writing goes on after the end of the peer";

/** An adapter that closes a connection as soon as the peer has ended, and a clock that takes no time. */
function withoutHalfClose() {
  const clock = new JumpingClock();
  const { adapter: right } = memoryNetwork({ clock });
  const adapter: Adapter = {
    ...right,
    listen: (address, options, accept) =>
      right.listen(address, options, (socket) => {
        const handler = accept(socket);
        return {
          onData: (bytes) => handler.onData(bytes),
          onDrain: () => handler.onDrain(),
          onClose: (error) => handler.onClose(error),
          onEnd: () => {
            handler.onEnd();
            socket.destroy();
          },
        };
      }),
  };
  delete (adapter as { dial?: unknown }).dial;
  const connect = (
    address: Parameters<typeof toDial>[0],
    open: (socket: Socket) => SocketHandler,
  ) => right.dial(toDial(address), open);
  return { adapter, options: { clock, connect } };
}

/** The failure of an adapter without half-closed connections: a run of the whole contract. */
let failure: Promise<AggregateError> | undefined;

function failureWithoutHalfClose(): Promise<AggregateError> {
  const { adapter, options } = withoutHalfClose();
  return failure ??= assertRejects(() => checkAdapter(adapter, options), AggregateError);
}

test("checkAdapter tells each broken promise, and in which way it is broken", async () => {
  const error = await failureWithoutHalfClose();
  const broken = error.errors as BrokenPromise[];
  assert(broken.every((one) => one instanceof BrokenPromise));
  const found = broken.find(({ check }) => check === WRITES_ON);
  assertEquals(
    found?.message,
    `${WRITES_ON}: the events: expected ["data","end"], got ["data","end","close"]\n` +
      `The promise: ${PROMISES.end}`,
  );
  assert(error.message.startsWith(`The adapter memory breaks ${broken.length} promises:\n- `));
  assert(broken.every(({ check }) => error.message.includes(`\n- ${check}: `)), error.message);
  assert(broken.length < 12, error.message);
});

// The checks of a network in memory are the same on each runtime, and a second run of all of them takes long.
const ofAnother = isMine(3) ? false : "another runtime runs this";

test("gaps are the checks that an adapter cannot pass, and the report tells them", {
  skip: ofAnother,
}, async () => {
  const { adapter, options } = withoutHalfClose();
  const error = await failureWithoutHalfClose();
  const names = (error.errors as BrokenPromise[]).map(({ check }) => check);
  const gaps = Object.fromEntries(names.map((name) => [name, "the stream has one end"]));
  const report = await checkAdapter(adapter, { ...options, gaps });
  assertEquals(names.map((name) => report[name]), names.map(() => "gap" as const));
  assertEquals(report["order: small writes are not delayed"], "passed");
  assertEquals(report["facts: equals compares any range of bytes"], "left out");
  const [gap] = adapterChecks(adapter, { ...options, gaps }).filter(({ name }) =>
    name === names[0]
  );
  assertEquals(gap?.gap, "the stream has one end");
  await gap?.run();
});

test("a gap that passes is an error", async () => {
  const clock = new JumpingClock();
  const gaps = { [READS_ON]: "the stream has one end" };
  const { adapter } = memoryNetwork({ clock });
  const check = adapterChecks(adapter, { clock, gaps }).find(({ name }) => name === READS_ON);
  const error = await assertRejects(() => check?.run() ?? Promise.resolve(), BrokenPromise);
  assert(error.message.startsWith(`${READS_ON}: The check does not fail any more: remove it`));
});

const forever = () => new Promise<never>(() => {});

/** Adapters that never do what the checks wait for: changes of a right listener and of the handlers. */
const SILENT: Readonly<Record<string, Partial<Silent>>> = {
  "whose listen never settles": { listening: forever },
  "whose close never settles": { closing: forever },
  "that never calls onClose": { onClose: () => {} },
  "that gives no event at all": { onData: () => {}, onEnd: () => {}, onClose: () => {} },
};

interface Silent extends SocketHandler {
  listening(): Promise<never>;
  closing(): Promise<never>;
}

for (const [index, [which, change]] of Object.entries(SILENT).entries()) {
  const skip = isMine(index) ? false : "another runtime runs this";
  test(`an adapter ${which} fails in a short time, and nothing is left`, { skip }, async () => {
    const clock = new JumpingClock();
    const { adapter: right } = memoryNetwork({ clock, log: () => {} });
    const { listening, closing, ...events } = change;
    const open = { listeners: new Set<unknown>(), sockets: new Set<Socket>() };
    const adapter: Adapter = {
      ...right,
      async listen(address, options, accept) {
        await listening?.();
        const listener = await right.listen(address, options, (socket) => {
          const handler = accept(socket);
          open.sockets.add(socket);
          return {
            onData: (bytes) => handler.onData(bytes),
            onEnd: () => handler.onEnd(),
            onDrain: () => handler.onDrain(),
            ...events,
            onClose: (error) => {
              open.sockets.delete(socket);
              (events.onClose ?? handler.onClose.bind(handler))(error);
            },
          };
        });
        open.listeners.add(listener);
        const close = async () => {
          open.listeners.delete(listener);
          await listener.close();
          await closing?.();
        };
        return { address: listener.address, close, ref() {}, unref() {} };
      },
    };
    delete (adapter as { dial?: unknown }).dial;
    const start = clock.now();
    const error = await assertRejects(
      () =>
        checkAdapter(adapter, {
          clock,
          connect: (address, opened) => right.dial(toDial(address), opened),
        }),
      AggregateError,
    );
    assertStringIncludes(error.message, "It did not come to ");
    assert(clock.now() - start < 60_000, `it took ${clock.now() - start} ms`);
    for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    assertEquals([open.listeners.size, open.sockets.size, clock.timers], [0, 0, 0]);
  });
}

test("options of a wrong kind are refused", () => {
  const { adapter } = memoryNetwork();
  const wrong: [unknown, string][] = [
    [{ gaps: ["half-close"] }, "gaps is "],
    [
      { gaps: { "half-close": "none" } },
      `Unknown check in gaps "half-close": expected one of\n- half-close: `,
    ],
    [
      { gaps: { nonsense: "none" } },
      `Unknown check in gaps "nonsense": expected one of\n- order: `,
    ],
    [{ gaps: { [READS_ON]: true } }, `The gap "${READS_ON}" is true: expected the reason`],
    [{ gap: {} }, "gap"],
    [{ connect: "127.0.0.1" }, "connect is "],
    [{ addresses: [] }, "addresses is []: expected a list"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => adapterChecks(adapter, options as never), TypeError, message);
  }
  const incomplete: [unknown, string][] = [
    [{}, "with a method listen"],
    [{ ...adapter, name: undefined }, "name of the adapter is undefined: expected a string"],
    [{ ...adapter, log: undefined }, "log of the adapter is undefined: expected a function"],
    [{ ...adapter, clock: { now: () => 0 } }, "clock of the adapter is "],
  ];
  for (const [wrongAdapter, message] of incomplete) {
    assertThrows(() => adapterChecks(wrongAdapter as never), TypeError, message);
  }
});

test("the names of the checks are unique, and each begins with its topic", () => {
  const names = adapterChecks(memoryNetwork().adapter).map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  for (const name of names) assert(/^(?:dialled, )?[a-z-]+: \S/.test(name), name);
});

test("the interfaces make each promise that the contract checks, in these words", () => {
  const comments = new Map<string, string>();
  for (
    const path of ["socket/socket.ts", "coroutine/sockets/byte_socket.ts", "coroutine/clock.ts"]
  ) {
    const text = readFileSync(new URL(`../../../src/${path}`, import.meta.url), "utf8");
    const interfaces = text.matchAll(
      /(\/\*\*(?:(?!\*\/)[^])*\*\/)\s*export interface (\w+)[^{]*\{([^]*?)\n\}/g,
    );
    for (const [, comment = "", name = "", body = ""] of interfaces) {
      comments.set(name, plain(comment));
      const members = body.matchAll(/(\/\*\*(?:(?!\*\/)[^])*\*\/)\s*(?:readonly )?(\w+)/g);
      for (const [, text = "", member = ""] of members) {
        comments.set(
          `${name}.${member}`,
          plain(text),
        );
      }
    }
  }
  for (const promise of Object.values(PROMISES)) {
    const at = promise.indexOf(": ");
    const [member, words] = [promise.slice(0, at), promise.slice(at + 2)];
    assert(
      comments.get(member)?.includes(words),
      `${member} does not say: ${words}\n${comments.get(member)}`,
    );
  }
});

/** The words of a comment, in one line. */
function plain(comment: string): string {
  return comment.replace(/^\/\*\*|\*\/$|^\s*\* ?/gm, "").replace(/@returns|@throws/g, "")
    .replace(/\s+/g, " ");
}

test("an error that escapes from the adapter to the process is told by its check", async () => {
  const { bun, deno } = process.versions as Record<string, string | undefined>;
  const name = deno !== undefined ? "deno" : bun !== undefined ? "bun" : "node";
  const command = process.execPath;
  const file = fileURLToPath(new URL("./escaping_adapter.ts", import.meta.url));
  const args = programArguments({ name, command, version: "" } satisfies Runtime, file);
  const { stdout } = await promisify(execFile)(command, args);
  const failures = ["data", "end", "drain", "close"].map((moment) =>
    `failures: a handler that throws in ${moment} loses its connection: An error escaped, and would ` +
    "end the process: TypeError: checkAdapter throws this error, which the adapter must log: a bug " +
    `in ${moment}`
  );
  const lines = stdout.trim().split("\n");
  assertEquals(lines.filter((line) => line.startsWith("failures")), failures);
  assert(lines.some((line) => line.startsWith("passed: order")), stdout);
});
