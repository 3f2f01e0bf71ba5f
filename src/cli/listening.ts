/**
 * The addresses and the certificate of a service, from its options, and the errors of listening.
 *
 * @module
 */

import type { BindAddress, CertificateOptions, TLSOptions, WSGIServer } from "../server/mod.ts";
import {
  CommandFailure,
  deniedByDeno,
  EXIT,
  failureOf,
  messageOf,
  reasonOf,
  systemCode,
  usage,
} from "./failure.ts";
import { isNoSocket, readText, setMode, withholdPermissions } from "./host/mod.ts";
import { addressesOf, RANK, type Settings } from "./settings.ts";
import { NAMED_CERTIFICATE } from "./values.ts";

/** An address to listen on. */
export interface Endpoint {
  /** As the user wrote it. */
  readonly text: string;
  /** The option that chooses it. */
  readonly option: "--bind" | "--port" | "--status";
  readonly bindAddr: BindAddress;
  readonly isUnix: boolean;
  /** The certificate; never on a Unix socket. */
  readonly tls: TLSOptions | undefined;
}

/**
 * Reads the files of the certificates again, and serves new handshakes with them.
 *
 * @param servers The servers, each at the index of its endpoint.
 * @returns Whether it was possible; if not, the certificates before go on, and the message says why.
 */
export function reloadCertificates(
  servers: readonly Pick<WSGIServer, "reloadTls">[],
  settings: Settings,
): CommandFailure | undefined {
  let current: Endpoint | undefined;
  try {
    for (const [index, endpoint] of endpointsOf(settings).entries()) {
      current = endpoint;
      if (endpoint.tls !== undefined) servers[index]?.reloadTls(endpoint.tls);
    }
  } catch (error) {
    return current === undefined ? failureOf(error) : newCertificateFailure(error);
  }
  return undefined;
}

/** Makes the failure of a certificate that has been read again. */
export function newCertificateFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error;
  return notStarted(`the new certificate cannot be used: ${messageOf(error)}`);
}

/**
 * Reads the options about listening.
 *
 * @throws {CommandFailure} If the certificate cannot be read.
 */
export function endpointsOf(settings: Settings): Endpoint[] {
  const tls = readTls(settings);
  const addresses = addressesOf(settings);
  const option = addresses === settings.get("bind") ? "--bind" : "--port";
  const endpoints = addresses.map((text) => endpointOf(text, option, tls));
  if (
    settings.rankOf("unix-mode") === RANK.commandLine && !endpoints.some(({ isUnix }) => isUnix)
  ) {
    throw usage("--unix-mode has no effect alone: add --bind unix:path");
  }
  if (tls !== undefined && endpoints.every(({ isUnix }) => isUnix)) {
    throw usage("--tls-cert is of no use on a Unix socket: add --bind host:port, or leave it out");
  }
  return endpoints;
}

/** Reads an address as the options write it: `unix:path` or `host:port`. */
export function endpointOf(
  text: string,
  option: Endpoint["option"],
  tls?: TLSOptions | undefined,
): Endpoint {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    const bindAddr = /^[./]/.test(path) ? path : `./${path}`;
    return { text, option, bindAddr, isUnix: true, tls: undefined };
  }
  if (text.startsWith("fd://")) return { text, option, bindAddr: text, isUnix: false, tls };
  const colon = text.lastIndexOf(":");
  const bindAddr: BindAddress = [text.slice(0, colon), Number(text.slice(colon + 1))];
  return { text, option, bindAddr, isUnix: false, tls };
}

/**
 * Listens, and gives a Unix socket permissions, such as those of `--unix-mode`; with `undefined`, those of the
 * system.
 *
 * While `listen` works, the process makes no file with further permissions, so that no other user can
 * connect in between. The runtimes may make the file with fewer, so they are then set.
 */
export async function withUnixMode<T>(
  { isUnix, bindAddr }: Endpoint,
  mode: number | undefined,
  listen: () => Promise<T>,
): Promise<T> {
  if (mode === undefined || !isUnix) return await listen();
  const restore = withholdPermissions(mode);
  try {
    const listening = await listen();
    setMode(bindAddr as string, mode);
    return listening;
  } finally {
    restore();
  }
}

function readTls(settings: Settings): TLSOptions | undefined {
  const [certFile, keyFile] = ["tls-cert", "tls-key"].map((name) => settings.get<string>(name));
  const demand = readDemand(settings);
  const named = settings.get<readonly string[]>("tls-name") ?? [];
  if (certFile === undefined && keyFile === undefined) {
    if (demand.ca === undefined && named.length === 0) return undefined;
    const option = demand.ca === undefined ? "--tls-name" : "--tls-client";
    throw usage(`${option} needs HTTPS: add --tls-cert FILE and --tls-key FILE`);
  }
  if (certFile === undefined) throw usage("--tls-key needs a certificate: add --tls-cert FILE");
  if (keyFile === undefined) throw usage("--tls-cert needs its key: add --tls-key FILE");
  const handshakeTimeout = settings.get<number>("handshake-timeout") as number;
  return {
    cert: readPem("--tls-cert", certFile),
    key: readPem("--tls-key", keyFile),
    ...(named.length === 0 ? {} : { names: readNames(named) }),
    ...demand,
    handshakeTimeout,
    reloadable: true,
  };
}

/** Reads the certificates of further names. */
function readNames(values: readonly string[]): NonNullable<TLSOptions["names"]> {
  const names: Record<string, CertificateOptions> = {};
  for (const value of values) {
    const [, name = "", cert = "", key = ""] = NAMED_CERTIFICATE.exec(value) ?? [];
    const host = name.toLowerCase();
    if (Object.hasOwn(names, host)) throw usage(`--tls-name has ${host} twice: leave out one`);
    names[host] = { cert: readPem("--tls-name", cert), key: readPem("--tls-name", key) };
  }
  return names;
}

/** Reads the demand on clients. */
function readDemand(settings: Settings): Pick<TLSOptions, "ca" | "clientCertificate"> {
  const clientCertificate = settings.get<"none" | "optional" | "required">("tls-client") ?? "none";
  const file = settings.get<string>("tls-ca");
  if (clientCertificate !== "none" && file === undefined) {
    throw usage(`--tls-client ${clientCertificate} needs the issuers: add --tls-ca FILE`);
  }
  if (clientCertificate === "none" || file === undefined) {
    if (file === undefined) return {};
    throw usage("--tls-ca is of no use alone: add --tls-client required or optional");
  }
  return { ca: readPem("--tls-ca", file), clientCertificate };
}

function readPem(option: string, file: string): string {
  let text: string;
  try {
    text = readText(file);
  } catch (error) {
    throw notStarted(`cannot read ${option} ${file}: ${reasonOf(error)}`);
  }
  if (text.includes("-----BEGIN ")) return text;
  throw notStarted(`${option} ${file} is not in PEM: expected a file with -----BEGIN`);
}

/** Makes the failure of an address that cannot be listened on. */
export function listenFailure(error: unknown, endpoint: Endpoint): CommandFailure {
  const { text, tls } = endpoint;
  const code = systemCode(error);
  const described = `${code} ${messageOf(error)}`;
  const at = `cannot listen on ${text}: `;
  if (endpoint.isUnix && isNoSocket(endpoint.bindAddr as string)) {
    return notStarted(`${at}there is a file that is no socket; choose another path`);
  }
  if (/EADDRINUSE|AddrInUse/i.test(described)) {
    const another = `${endpoint.isUnix ? "path" : "port"} with ${endpoint.option}`;
    return notStarted(
      `${at}the address is in use; end the other server, or choose another ${another}`,
    );
  }
  if (/EACCES|EPERM|PermissionDenied/.test(described)) {
    const advice = endpoint.isUnix
      ? "choose a folder that it may write"
      : "choose a port from 1024 on";
    return notStarted(`${at}this user has no permission; ${advice}`);
  }
  if (/NotCapable/.test(described)) {
    const flags = endpoint.isUnix
      ? "-N -R -W; --unix-mode and --status need --allow-sys=umask"
      : "-N";
    return notStarted(at + deniedByDeno(flags));
  }
  if (/EADDRNOTAVAIL|AddrNotAvailable/.test(described)) {
    return notStarted(
      `${at}this machine has no such address; 127.0.0.1 is this machine, 0.0.0.0 every interface`,
    );
  }
  if (/ENOTFOUND|EAI_AGAIN|getaddrinfo|lookup/.test(described)) {
    return notStarted(`${at}no such host is known; write an address, such as 127.0.0.1`);
  }
  if (/ENOENT|NotFound/.test(described) && endpoint.isUnix) {
    return notStarted(`${at}its folder does not exist; make the folder first`);
  }
  if (tls !== undefined && !/^E[A-Z]+ /.test(described)) {
    return notStarted(
      `${at}the certificate or the key cannot be used; ${
        pairsOf(tls)
      } must belong together, in PEM`,
    );
  }
  // The adapters' own messages begin with the address as well.
  return notStarted(at + messageOf(error).replace(/^Cannot listen on \S+: /, ""));
}

function pairsOf({ names }: TLSOptions): string {
  const pair = "--tls-cert and --tls-key";
  return names === undefined ? pair : `${pair}, and the two files of each --tls-name,`;
}

function notStarted(message: string): CommandFailure {
  return new CommandFailure(EXIT.notStarted, message);
}
