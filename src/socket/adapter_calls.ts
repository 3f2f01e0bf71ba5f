/**
 * The checks of the calls of an adapter: `listen` and `dial`.
 *
 * The runtimes take wrong arguments in different ways: a port as text, an address without a port, and an
 * unknown option have no error on some of them, and the process listens or dials somewhere else.
 *
 * Every adapter calls this before it asks its runtime.
 *
 * @module
 */

import { checkNames, checkOption, optionError } from "../coroutine/mod.ts";
import type { ListenCertificate, ListenOptions, ListenTLSOptions } from "./socket.ts";

const MAX_PORT = 65_535;
const ADDRESS = 'such as { host: "127.0.0.1", port: 8080 } or { path: "/run/app.sock" }';
const LISTEN_OPTIONS: readonly (keyof ListenOptions)[] = ["backlog", "tls", "log"];

/**
 * Checks the arguments of `listen`.
 *
 * @param address The address.
 * @param options The options.
 * @param accept The function that takes each connection.
 * @returns The options, without members that an app has added to `Object.prototype`.
 * @throws {TypeError} For an argument of a wrong kind, or an unknown option.
 * @throws {RangeError} For a port or a backlog outside its range.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkListen } from "@x/cogen-wsgi/socket";
 *
 * const accept = () => {};
 * checkListen({ host: "127.0.0.1", port: 80 }, {}, accept);
 * assertThrows(() => checkListen({ host: "127.0.0.1", port: "80" }, {}, accept), TypeError, '"80"');
 * ```
 */
export function checkListen<O>(address: unknown, options: O, accept: unknown): O {
  const port = checkAddress("listen", address);
  const isPort = port === undefined || Number.isInteger(port) && port >= 0 && port <= MAX_PORT;
  if (!isPort) {
    throw new RangeError(`The port of listen is ${port}: expected a whole number from 0 to 65535`);
  }
  options = checkNames("The second argument of listen", options, LISTEN_OPTIONS, {
    complaint: "Unknown option of listen",
  });
  const { backlog, log, tls } = options as Record<keyof ListenOptions, unknown>;
  checkOption("log of listen", log, "function");
  if (backlog !== undefined && typeof backlog !== "number") {
    throw optionError("backlog of listen", backlog, "a number");
  }
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog > 0)) {
    throw new RangeError(`backlog of listen is ${backlog}: expected a whole number above 0`);
  }
  if (tls !== undefined) checkTls(tls);
  checkHandler("listen", accept);
  return options;
}

/**
 * Checks the arguments of `dial`, except for the range of the port.
 *
 * @param address The address.
 * @param open The function that takes the connection.
 * @param options The options.
 * @returns The options, without members that an app has added to `Object.prototype`.
 * @throws {TypeError} For an argument of a wrong kind, or an unknown option.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { checkDial } from "@x/cogen-wsgi/socket";
 *
 * const open = () => {};
 * assertThrows(() => checkDial("127.0.0.1:80", open, {}), TypeError, "expected an address");
 * ```
 */
export function checkDial<O>(address: unknown, open: unknown, options: O): O {
  checkAddress("dial", address);
  checkHandler("dial", open);
  options = checkNames("The third argument of dial", options, ["signal"], {
    complaint: "Unknown option of dial",
  });
  const { signal } = options as { signal?: unknown };
  const { aborted } = Object(signal) as { aborted?: unknown };
  if (signal === undefined || typeof aborted === "boolean") return options;
  throw optionError("signal of dial", signal, "an AbortSignal");
}

/**
 * Checks the kinds of an address.
 *
 * @param of The name of the function, for the error message. That of `dial` takes no descriptor.
 * @param address The first argument of the function.
 * @returns The port, if the address has one.
 * @throws {TypeError} If a part of the address is missing or of a wrong kind.
 */
export function checkAddress(of: string, address: unknown): number | undefined {
  const name = `The first argument of ${of}`;
  if (typeof address !== "object" || address === null) {
    throw optionError(name, address, `an address, ${ADDRESS}`);
  }
  const { path, host, port } = address as Readonly<Record<string, unknown>>;
  if (of !== "dial" && "fd" in address) {
    const { fd } = address as { fd: unknown };
    if (typeof fd === "number" && Number.isInteger(fd) && fd > 2) return undefined;
    throw optionError(`The fd of ${of}`, fd, "a descriptor from 3");
  }
  if ("path" in address) {
    if (typeof path === "string") return undefined;
    throw optionError(`The path of ${of}`, path, "the path of a Unix socket, which is a string");
  }
  if (host === undefined && port === undefined) {
    throw optionError(name, address, `an address, ${ADDRESS}`);
  }
  if (typeof host !== "string") {
    throw optionError(`The host of ${of}`, host, "a host, which is a string");
  }
  if (typeof port === "number") return port;
  throw optionError(`The port of ${of}`, port, "a number");
}

function checkHandler(of: string, open: unknown): void {
  if (typeof open === "function") return;
  const place = of === "listen" ? "third" : "second";
  throw optionError(`The ${place} argument of ${of}`, open, "a function that takes a socket");
}

const PAIR: readonly (keyof ListenCertificate)[] = ["cert", "key", "passphrase"];

function checkTls(tls: unknown): void {
  const names = [
    ...PAIR,
    "names",
    "clientCertificate",
    "handshakeTimeoutMs",
    "reloadable",
    "preamble",
  ];
  tls = checkNames("tls of listen", tls, names, { complaint: "Unknown tls option of listen" });
  checkPair("tls", tls);
  const given = tls as Readonly<Record<keyof ListenTLSOptions, unknown>>;
  if (given.names !== undefined) {
    for (const [name, pair] of Object.entries(Object(given.names))) {
      const place = `tls.names[${JSON.stringify(name)}]`;
      checkPair(place, checkNames(`${place} of listen`, pair, PAIR));
    }
  }
  if (given.clientCertificate !== undefined) {
    const place = "tls.clientCertificate of listen";
    const demand = checkNames(place, given.clientCertificate, ["ca", "isRequired"]);
    const { ca, isRequired } = demand as Readonly<Record<string, unknown>>;
    if (typeof ca !== "string") throw optionError(`ca of ${place}`, ca, "a string in PEM");
    if (typeof isRequired !== "boolean") {
      throw optionError(`isRequired of ${place}`, isRequired, "true or false");
    }
  }
  checkOption("tls.reloadable of listen", given.reloadable, "boolean");
  checkOption("tls.preamble of listen", given.preamble, "function");
  const { handshakeTimeoutMs } = given;
  if (typeof handshakeTimeoutMs === "number" && handshakeTimeoutMs >= 0) return;
  throw optionError("tls.handshakeTimeoutMs of listen", handshakeTimeoutMs, "milliseconds");
}

function checkPair(place: string, pair: unknown): void {
  const { cert, key, passphrase } = pair as Readonly<Record<string, unknown>>;
  if (typeof cert !== "string") {
    throw optionError(`${place}.cert of listen`, cert, "a string in PEM");
  }
  if (typeof key !== "string") throw optionError(`${place}.key of listen`, key, "a string in PEM");
  checkOption(`${place}.passphrase of listen`, passphrase, "string");
}
