/**
 * Listens with `Deno.listen` and `Deno.listenTls`; with `node:tls` for TLS that `Deno.listenTls` does not have.
 *
 * `deno.ts` calls this, once for each address of a host name.
 *
 * @module
 */

import {
  type Address,
  formatAddress,
  type Listener,
  type ListenOptions,
  type ListenTarget,
  type ListenTLSOptions,
  type OpenHandler,
} from "../../src/socket/mod.ts";
import { builtinModule } from "../shared/builtin_module.ts";
import { pathsAccepted } from "../shared/end_address.ts";
import { logError } from "../shared/error_log.ts";
import type { OwnSocketFile } from "../shared/own_socket_file.ts";
import { bindOverStale, ownFileOf, type SocketFiles } from "../shared/stale_socket_file.ts";
import { demandSocket } from "./permissions.ts";
import { codeOf } from "../shared/system_error.ts";
import { deno, type DenoListener, toAddress } from "./runtime.ts";
import { DenoSocket } from "./socket.ts";

/** The pause after a failure of `accept` that would come again at once. */
const ACCEPT_PAUSE_MS = 50;
/** The codes of `accept` for a client that has left before it was accepted: that client alone fails. */
const CLIENT_LEFT: ReadonlySet<string | undefined> = new Set([
  "ENOTCONN",
  "ECONNRESET",
  "ECONNABORTED",
  "EPROTO",
]);

/** The function of `node:crypto` that is used. */
interface CryptoModule {
  createPrivateKey(options: { key: string; format: "pem"; passphrase: string }): {
    export(options: { type: "pkcs8"; format: "pem" }): string;
  };
}

/**
 * Listens on a path or a numeric host.
 *
 * @param address The address.
 * @param options The options of the adapter's `listen`.
 * @param open The function that gives each connection its handler.
 * @returns The listener.
 * @throws The error of Deno, or a `TypeError` for TLS on a Unix socket.
 */
export async function listenOnOne(
  address: ListenTarget,
  options: ListenOptions,
  open: OpenHandler,
): Promise<Listener> {
  if (options.tls !== undefined && !("path" in address) && mustUseNode(options.tls)) {
    const { listenOnOne: listenByNode } = await import("../node/listen.ts");
    return await listenByNode(address, options, open);
  }
  if (options.tls !== undefined && !("path" in address)) {
    (await import("../shared/certificates.ts")).checkCertificates(options.tls);
  }
  const makeFile = await ownFileOf(address, deno());
  const listener = await bindOverStale(address, () => bind(address, options), socketFiles);
  const file = makeFile?.();
  return new DenoListenerHandle(listener, file, options, open);
}

/**
 * Whether TLS needs `node:tls`. It costs more than `Deno.listenTls`, and takes a reset for a FIN, but has one
 * certificate for each name, and can ask the client for one.
 */
function mustUseNode(tls: ListenTLSOptions): boolean {
  const { names, clientCertificate, reloadable, preamble } = tls;
  return names !== undefined || clientCertificate !== undefined || reloadable === true ||
    preamble !== undefined;
}

function bind(address: ListenTarget, options: ListenOptions): DenoListener {
  const { backlog, tls } = options;
  if ("path" in address) {
    if (tls !== undefined) throw new TypeError("Deno has no TLS on Unix sockets");
    demandSocket(address.path);
    return deno().listen({ transport: "unix", path: address.path });
  }
  // `listenOnEvery` refuses it before.
  if ("fd" in address) throw new TypeError("Deno takes no inherited socket");
  const { host: hostname, port } = address;
  const common = { hostname, port, ...(backlog === undefined ? {} : { tcpBacklog: backlog }) };
  if (tls === undefined) return deno().listen(common);
  const { cert } = tls;
  return deno().listenTls({ ...common, cert, key: plainKey(tls), alpnProtocols: ["http/1.1"] });
}

/** Decrypts the key: Deno takes no encrypted keys. */
function plainKey({ key, passphrase }: ListenTLSOptions): string {
  if (passphrase === undefined) return key;
  return builtinModule<CryptoModule>("node:crypto")
    .createPrivateKey({ key, format: "pem", passphrase })
    .export({ type: "pkcs8", format: "pem" });
}

function removeFile(path: string): void {
  try {
    deno().removeSync(path);
  } catch {
    // Another process has removed the file.
  }
}

const socketFiles: SocketFiles = {
  isInUse: (error) => (error as Error).name === "AddrInUse",
  isSocket: (path) => deno().lstatSync(path).isSocket === true,
  isRefused: async (path) => {
    try {
      (await deno().connect({ transport: "unix", path })).close();
      return false;
    } catch (error) {
      return (error as Error).name === "ConnectionRefused";
    }
  },
  remove: removeFile,
};

class DenoListenerHandle implements Listener {
  readonly address: Address;
  readonly #listener: DenoListener;
  readonly #file: OwnSocketFile | undefined;
  /** The time for a TLS handshake, in milliseconds; `undefined` without TLS. */
  readonly #handshakeTimeoutMs: number | undefined;
  readonly #log: (line: string) => void;
  /** Resolves when the accept loop has ended. */
  readonly #accepting: Promise<void>;
  /** Becomes true at the first call of `close`. */
  #closed = false;

  constructor(
    listener: DenoListener,
    file: OwnSocketFile | undefined,
    { tls, log = logError }: ListenOptions,
    open: OpenHandler,
  ) {
    this.#listener = listener;
    this.#file = file;
    this.#handshakeTimeoutMs = tls?.handshakeTimeoutMs;
    this.#log = log;
    this.address = toAddress(listener.addr, "");
    this.#accepting = this.#acceptAll(open);
  }

  async close(): Promise<void> {
    // The port may be taken until the pending `accept` has been rejected.
    if (this.#closed) return await this.#accepting;
    this.#closed = true;
    const putBack = this.#file?.setAside();
    this.#listener.close();
    await this.#accepting;
    putBack?.();
    // Some versions of Deno leave the socket file behind.
    if (this.address.family === "unix" && this.#file?.isPresent) removeFile(this.address.path);
  }

  ref(): void {
    this.#listener.ref();
  }

  unref(): void {
    this.#listener.unref();
  }

  async #acceptAll(open: OpenHandler): Promise<void> {
    const paths = pathsAccepted(this.address);
    let failures = 0;
    while (!this.#closed) {
      try {
        const socket = new DenoSocket(await this.#listener.accept(), paths, this.#log);
        failures = 0;
        socket.open(open, this.#handshakeTimeoutMs);
      } catch (error) {
        if (this.#closed) return;
        if (CLIENT_LEFT.has(codeOf(error))) continue;
        // Without descriptors or memory, `accept` fails again and again: one line in the log is enough.
        if (failures++ === 0) {
          this.#log(`Cannot accept on ${formatAddress(this.address)}: ${error}`);
        }
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      }
    }
  }
}
