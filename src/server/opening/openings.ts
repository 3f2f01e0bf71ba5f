/**
 * The openings of the connections of one server: PROXY headers, and certificates of clients.
 *
 * A header is read from the first bytes of a connection; with TLS it comes before the handshake, and the adapter
 * reads it by a {@linkcode Preamble}. The certificate is read when the first byte comes, because the handshake is
 * over then.
 *
 * `connections.ts` imports this module when an option needs it.
 *
 * @module
 */

import type { Address, Preamble, Socket } from "../../socket/mod.ts";
import {
  proxiesTLS,
  type ProxyHeader,
  ProxyHeaderError,
  ProxyHeaderReader,
} from "../../socket/proxy_protocol/mod.ts";
import type { ConnectionFacts } from "../../wsgi/environ.ts";
import { environEnd, type ProxyProtocol, sendsHeader } from "../listening/proxy_option.ts";
import type { Settings } from "../settings.ts";
import { certificateKeys } from "./client_certificate/environ_keys.ts";
import { type PreambleHost, Preambles } from "./preambles.ts";
import { MORE, type Opening, type OpeningResult } from "./opening.ts";

/** The members that the openings need of the connections. */
export interface OpeningsHost extends PreambleHost {
  readonly settings: Settings;
  /** Whether clients are asked for a certificate. */
  readonly asksClients: boolean;
  /** The facts of a connection without an opening. */
  factsOf(socket: Socket): ConnectionFacts;
}

/** The openings of one server. */
export class Openings {
  /** The connections that wait for a header before their handshake. */
  readonly preambles: Preambles;
  readonly #host: OpeningsHost;

  constructor(host: OpeningsHost) {
    this.#host = host;
    this.preambles = new Preambles(host);
  }

  /** The opening of a connection; `undefined` if its first byte belongs to a request. */
  of(socket: Socket): Opening | undefined {
    const { proxyProtocol, tls } = this.#host.settings;
    if (tls !== undefined) {
      return socket.encrypted
        ? new CertificateOpening(socket, this.#host, this.preambles.headerOf(socket))
        : undefined;
    }
    if (!sendsHeader(proxyProtocol, socket)) return undefined;
    return new HeaderOpening(socket, this.#host, proxyProtocol);
  }

  /** The reader of the PROXY header that a peer sends before its handshake. */
  preambleOf(
    remote: Address,
    end: () => void,
    accept: Preamble["accept"],
  ): Preamble | undefined {
    const { proxyProtocol } = this.#host.settings;
    return proxyProtocol && this.preambles.begin(proxyProtocol, remote, end, accept);
  }
}

/** The opening of a connection that begins with a PROXY header. */
class HeaderOpening implements Opening {
  facts: ConnectionFacts;
  remote: Address;
  readonly expectsHeader = true;
  readonly #socket: Socket;
  readonly #reader: ProxyHeaderReader;

  constructor(socket: Socket, host: OpeningsHost, { version }: ProxyProtocol) {
    this.facts = host.factsOf(socket);
    this.remote = socket.remote;
    this.#socket = socket;
    this.#reader = new ProxyHeaderReader(version);
  }

  read(bytes: Uint8Array): OpeningResult {
    try {
      const header = this.#reader.read(bytes);
      if (header === undefined) return MORE;
      this.facts = factsBehind(header, this.facts, this.#socket);
      this.remote = header.source ?? this.remote;
    } catch (error) {
      if (!(error instanceof ProxyHeaderError)) throw error;
      return { kind: "refused", reason: error.message };
    }
    return { kind: "over", rest: this.#reader.rest };
  }

  end(): "cut" | "between" {
    // A proxy that checks whether the port is open sends no byte.
    return this.#reader.heldBytes > 0 ? "cut" : "between";
  }
}

/** The opening of an encrypted connection. */
class CertificateOpening implements Opening {
  facts: ConnectionFacts;
  readonly remote: Address;
  readonly expectsHeader = false;
  readonly #socket: Socket;
  readonly #host: OpeningsHost;

  constructor(socket: Socket, host: OpeningsHost, header: ProxyHeader | undefined) {
    const facts = host.factsOf(socket);
    this.facts = header === undefined ? facts : factsBehind(header, facts, socket);
    this.remote = header?.source ?? socket.remote;
    this.#socket = socket;
    this.#host = host;
  }

  read(rest: Uint8Array): OpeningResult {
    if (rest.length === 0) return MORE;
    if (this.#host.asksClients) {
      const clientCertificate = certificateKeys(this.#socket.clientCertificate);
      this.facts = { ...this.facts, clientCertificate };
    }
    return { kind: "over", rest };
  }

  end(): "between" {
    return "between";
  }
}

/** The facts of a connection through a proxy. */
function factsBehind(
  { version, command, source, destination, tlvs }: ProxyHeader,
  facts: ConnectionFacts,
  socket: Socket,
): ConnectionFacts {
  const [proxyAddress, proxyPort] = environEnd(socket.remote);
  const [, ownPort] = environEnd(socket.local);
  const [remoteAddress, remotePort] = environEnd(source ?? socket.remote);
  const [, serverPort] = destination === undefined ? ["", ""] : environEnd(destination);
  return {
    ...facts,
    remoteAddress,
    remotePort,
    serverPort: serverPort || ownPort,
    urlScheme: proxiesTLS(tlvs) ? "https" : facts.urlScheme,
    proxyProtocol: {
      version,
      command,
      REMOTE_ADDR: proxyAddress,
      REMOTE_PORT: proxyPort,
      SERVER_PORT: ownPort,
      tlvs,
    },
  };
}
