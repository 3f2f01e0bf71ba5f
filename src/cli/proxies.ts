/**
 * The proxies in front, as the options tell: `--trust-proxy`, `--trusted-fields` and `--proxy-protocol`.
 *
 * @module
 */

import { type ForwardedField, trustProxy, type TrustProxyOptions } from "../middleware/mod.ts";
import type { ServingOptions } from "../server/mod.ts";
import type { ProxyVersion } from "../socket/mod.ts";
import { type Mounts, type WSGIApp, WSGIPathInfoDispatcher } from "../wsgi/mod.ts";
import { messageOf, usage } from "./failure.ts";
import { serverOptionsOf, type Settings } from "./settings.ts";

/**
 * Puts `trustProxy` around an app, if an option names proxies.
 *
 * @throws {CommandFailure} For fields that are not combined.
 */
export function behindProxies(app: WSGIApp | Mounts, settings: Settings): WSGIApp | Mounts {
  const trust = settings.get<NonNullable<TrustProxyOptions["trust"]>>("trust-proxy");
  const fields = settings.get<readonly ForwardedField[]>("trusted-fields");
  if (trust === undefined || trust === 0) return app;
  const whole = typeof app === "function" ? app : WSGIPathInfoDispatcher(app);
  try {
    return trustProxy(whole, { trust, ...(fields === undefined ? {} : { fields }) });
  } catch (error) {
    throw usage(`--trusted-fields cannot be used: ${messageOf(error)}`);
  }
}

/**
 * The options of a server that listens: those of {@linkcode serverOptionsOf}, and the PROXY protocol.
 *
 * @throws {CommandFailure} If `--proxy-protocol` has no list of proxies, or stands beside a certificate and
 *   `--reload`.
 */
export function listeningOptionsOf(settings: Settings): ReturnType<typeof serverOptionsOf> {
  const options = serverOptionsOf(settings);
  const proxyProtocol = proxyProtocolOf(settings);
  return proxyProtocol === undefined ? options : { ...options, proxyProtocol };
}

function proxyProtocolOf(settings: Settings): ServingOptions["proxyProtocol"] {
  const version = settings.get<ProxyVersion | "off">("proxy-protocol");
  if (version === undefined || version === "off") return undefined;
  const trust = settings.get<number | readonly string[]>("trust-proxy");
  if (settings.get("tls-cert") !== undefined && settings.get("reload") === true) {
    throw usage(
      "--reload reads no PROXY header before a handshake: leave out --reload or --tls-cert",
    );
  }
  if (typeof trust === "object") return { version, trust };
  throw usage(
    "--proxy-protocol needs the addresses of the proxies: add --trust-proxy loopback, or their ranges",
  );
}
