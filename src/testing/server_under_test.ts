/**
 * The server of a test: in memory, on a virtual clock, with the errors that its app has thrown; and its end, which
 * looks for what the app has left behind.
 *
 * `client.ts` makes it.
 *
 * @module
 */

import { memoryNetwork } from "../../adapters/memory.ts";
import { checkOption, ManualClock, optionError, Scheduler } from "../coroutine/mod.ts";
import { type ServerOptions, WSGIServer } from "../server/mod.ts";
import type { Adapter } from "../socket/mod.ts";
import type { Environ } from "../wsgi/mod.ts";
import { ADDRESS, Connections } from "./connections.ts";
import { counted, runtimeFiles } from "./files.ts";
import { VirtualTime } from "./virtual_time.ts";
import { describeWaits } from "./waits.ts";

/** Options of {@linkcode testClient}. */
export interface TestClientOptions {
  /** Whether the client keeps cookies from one request to the next. Default `false`. */
  readonly cookies?: boolean;
  /**
   * Whether the clock jumps to the next timer when nothing else can happen. Default `true`; with
   * `false`, only {@linkcode TestClient.advance} moves it.
   */
  readonly autojump?: boolean;
  /** The number of bytes on their way to the client at which the server waits. Default 64 KB. */
  readonly window?: number;
  /** The files that the app may read. Default: those of the runtime. */
  readonly files?: NonNullable<Adapter["files"]>;
}

/** The options of a server, without those about listening. */
export type TestServerOptions = Omit<ServerOptions, "scheduler" | "signal" | "onListen">;

/** The virtual time for the `finally` blocks of apps: the default of `timeouts.close`. */
const CLOSING_MS = 30_000;

/** The error of a test whose app left a coroutine, a timer or a connection, or whose errors were not taken. */
export class LeftBehind extends Error {
  /** `LeftBehind`. */
  override readonly name = "LeftBehind";
}

/** A server under test, and the connections of its client. */
export class ServerUnderTest {
  readonly server: WSGIServer;
  readonly time: VirtualTime;
  readonly connections: Connections;
  /** The lines of the error log so far. */
  readonly log: string[] = [];
  /** Becomes true when the client is closed. */
  isClosing = false;
  /** The logged errors that the test has not taken. */
  #errors: unknown[] = [];

  /**
   * Makes the server, which listens at once.
   *
   * @throws {TypeError} For a wrong option.
   */
  constructor(options: TestServerOptions, client: TestClientOptions) {
    const { window, files, autojump } = checkClientOptions(client);
    // The server checks these options; until then, none may come from `Object.prototype`.
    options = Object.assign(Object.create(null) as object, options);
    refuseScheduler(options);
    const log = (line: string) => {
      this.log.push(line);
      options.log?.(line);
    };
    const clock = new ManualClock();
    // The clock stands still during a turn, so no time would ever end a run of turns.
    const scheduler = new Scheduler({ clock, log, debug: true, quantum: 0 });
    this.time = new VirtualTime(clock, scheduler, autojump);
    const network = memoryNetwork({ clock, log, window, files: counted(files, this.time) });
    this.connections = new Connections(network);
    const { bindAddr: _bindAddr, tls: _tls, ...rest } = options;
    this.server = new WSGIServer({
      ...rest,
      bindAddr: [ADDRESS.host, ADDRESS.port],
      adapter: network.adapter,
      scheduler,
      log,
      onError: (error: unknown, environ: Environ | undefined) => {
        this.#errors.push(error);
        options.onError?.(error, environ);
      },
    });
    // A network in memory listens at once, so there is no need to wait for the promise.
    void this.server.listen();
  }

  /** Takes the errors since the last call, oldest first. */
  takeErrors(): unknown[] {
    const errors = this.#errors;
    this.#errors = [];
    return errors;
  }

  /**
   * Ends the connections and then the server.
   *
   * @throws {LeftBehind} If the app left a coroutine, a timer or a connection behind, or an error was not taken.
   */
  async close(): Promise<void> {
    const { server, time } = this;
    this.isClosing = true;
    await time.quiet();
    // A request that the test does not await must not end the test by a rejection.
    time.abandon();
    this.connections.reset();
    await time.quiet();
    // The apps that wait in their `finally` blocks, or for the runtime, may end first.
    await time.runtimeEnds(() => server.stats().activeRequests === 0);
    if (server.stats().activeRequests > 0) await time.advance(CLOSING_MS);
    const left = leftBehind(server);
    await time.ended(server.close());
    const { timers } = time.clock;
    if (timers > 0 && left.length === 0) left.push(`- ${timers} timers`);
    const errors = this.takeErrors();
    if (left.length === 0 && errors.length === 0) return;
    const parts = [
      ...(left.length === 0 ? [] : [`The app left behind:\n${left.join("\n")}`]),
      ...(errors.length === 0 ? [] : [`The app failed, and the test took no error: ${this.log}`]),
    ];
    throw new LeftBehind(parts.join("\n"), { cause: errors[0] });
  }
}

function checkClientOptions(
  { cookies, autojump = true, window = 65_536, files = runtimeFiles() }: TestClientOptions,
): Required<Omit<TestClientOptions, "cookies">> {
  checkOption("cookies", cookies, "boolean");
  checkOption("autojump", autojump, "boolean");
  if (typeof window !== "number" || !(window > 0)) {
    throw optionError("window of testClient", window, "a number of bytes above 0");
  }
  if (typeof files?.open !== "function") {
    throw optionError("files of testClient", files, "an object with open and realPath");
  }
  return { autojump, window, files };
}

function refuseScheduler({ scheduler }: ServerOptions): void {
  if (scheduler === undefined) return;
  const expected = "none, because the client has a scheduler on its virtual clock";
  throw optionError("scheduler of testClient", scheduler, expected);
}

function leftBehind(server: WSGIServer): string[] {
  const { tasks } = server.scheduler.stats();
  const { connections } = server.stats();
  return [
    ...(tasks === 0 ? [] : [describeWaits(server.scheduler)]),
    ...(connections === 0 ? [] : [`- ${connections} connections`]),
  ];
}
