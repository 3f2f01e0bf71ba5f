/**
 * The listeners of a network in memory, and the connections to them.
 *
 * `memory.ts` calls this.
 *
 * @module
 */

import {
  type Address,
  checkDial,
  checkListen,
  decodeLatin1,
  dialError,
  type DiallingAdapter,
  formatAddress,
  ipAddress,
  type ListenAddress,
  type Listener,
  listenError,
  type ListenOptions,
  type ListenTarget,
  type OpenHandler,
  type Socket,
} from "../../src/socket/mod.ts";
import { dialler } from "../shared/dialling.ts";
import type { NameLookup } from "../shared/name_lookup.ts";
import { type MemorySettings, MemorySocket } from "./socket.ts";

/** The first port for clients, and for listeners on port 0: the first ephemeral port of IANA. */
const FIRST_PORT = 49152;

/** Makes an error with a code of POSIX, as the errors of a real network have. */
function coded(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Makes a lookup in which each name is its own address. */
function ownNames(): NameLookup {
  return { promises: { lookup: (address) => Promise.resolve([{ address }]) } };
}

/** One listener of a network. */
interface Listening {
  readonly address: Address;
  readonly open: OpenHandler;
  /** Takes the lines of the error log. */
  readonly log: (line: string) => void;
}

/** The `MemoryNetwork` of `memory.ts`. */
export class Network {
  readonly adapter: DiallingAdapter;
  readonly #settings: MemorySettings;
  /** The listeners, by the text of their address. */
  readonly #listening = new Map<string, Listening>();
  #nextPort = FIRST_PORT;

  /**
   * Makes a network without listeners.
   *
   * @param settings The settings of all its sockets.
   */
  constructor(settings: MemorySettings) {
    this.#settings = settings;
    this.adapter = {
      name: "memory",
      clock: settings.clock,
      latin1: decodeLatin1,
      hostName: () => "localhost",
      log: settings.log,
      files: settings.files,
      // An error of the call rejects the promise.
      listen: (address, options, open) =>
        new Promise((resolve) => resolve(this.#listen(address, options, open))),
      dial: dialler((address, open) => this.#dial(address, open), ownNames),
    };
  }

  /** See `MemoryNetwork`. */
  connect(address: ListenAddress, open: OpenHandler): Socket {
    checkDial(address, open, {});
    const listener = this.#listening.get(formatAddress(address));
    if (listener === undefined) throw dialError(address, coded("ECONNREFUSED"));
    return this.#join(listener, open);
  }

  #dial(address: ListenAddress, open: OpenHandler): Promise<void> {
    const listener = this.#listening.get(formatAddress(address));
    if (listener === undefined) return Promise.reject(coded("ECONNREFUSED"));
    return new Promise((resolve) => {
      this.#join(listener, (socket) => {
        resolve();
        return open(socket);
      });
    });
  }

  #join(listener: Listening, open: OpenHandler): Socket {
    const clientAddress = this.#clientAddress(listener.address);
    const client = new MemorySocket(this.#settings, clientAddress, listener.address);
    const server = new MemorySocket(
      { ...this.#settings, log: listener.log },
      listener.address,
      clientAddress,
    );
    MemorySocket.join(server, listener.open, client, open);
    return client;
  }

  #clientAddress(server: Address): Address {
    if (server.family === "unix") return { family: "unix", path: "" };
    return { family: server.family, host: server.host, port: this.#nextPort++ };
  }

  #listen(asked: ListenTarget, options: ListenOptions, open: OpenHandler): Listener {
    options = checkListen(asked, options, open);
    if (options.tls !== undefined) throw listenError(asked, "a network in memory has no TLS");
    if ("fd" in asked) throw listenError(asked, "a network in memory inherits no socket");
    const address: Address = "path" in asked
      ? { family: "unix", path: asked.path }
      : ipAddress(asked.host, asked.port === 0 ? this.#nextPort++ : asked.port);
    const name = formatAddress(address);
    if (this.#listening.has(name)) throw listenError(asked, coded("EADDRINUSE"));
    const { log = this.#settings.log } = options;
    const entry = { address, open, log };
    this.#listening.set(name, entry);
    const close = () => {
      if (this.#listening.get(name) === entry) this.#listening.delete(name);
      return Promise.resolve();
    };
    return { address, close, ref: () => {}, unref: () => {} };
  }
}
