/**
 * The values of options as text: durations, sizes, counts, ports and choices.
 *
 * Each parser gives the value, or a text that completes "expected ...".
 *
 * @module
 */

import { hideSecrets } from "../coroutine/mod.ts";
import { FORWARDED_FIELDS } from "../middleware/mod.ts";
import { trustedPeers } from "../socket/mod.ts";

/** A parsed value, or the form that was expected. */
export type Parsed = { readonly value: unknown } | { readonly expected: string };

/** The kind of an option's value. */
export type Kind =
  | "bind"
  | "bus"
  | "bytes"
  | "certificate"
  | "count"
  | "duration"
  | "fields"
  | "flag"
  /** A text that may be empty. */
  | "body"
  | "mode"
  | "port"
  | "text"
  | "trust"
  | "workers"
  | readonly string[];

/** Reads the text of a value. */
export function parseValue(kind: Kind, text: string): Parsed {
  if (typeof kind !== "string") {
    return kind.includes(text) ? { value: text } : { expected: choices(kind) };
  }
  return PARSERS[kind](text);
}

/** Writes a value as its option takes it. */
export function formatValue(kind: Kind, value: unknown): string {
  if (value === undefined) return "-";
  if (value === Infinity) return "none";
  if (kind === "duration") {
    const seconds = value as number;
    return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1e6) / 1e3}ms`;
  }
  if (kind === "bytes") return formatBytes(value as number);
  if (kind === "bus") return hideSecrets(value as string);
  if (kind === "mode") return `0${(value as number).toString(8)}`;
  if (kind === "trust" || kind === "fields") return String(value);
  return Array.isArray(value) ? value.join(" ") : String(value);
}

function formatBytes(size: number): string {
  const unit = ["g", "m", "k"].find((each) =>
    size > 0 && size % (UNIT_BYTES[each] as number) === 0
  );
  return unit === undefined
    ? String(size)
    : `${size / (UNIT_BYTES[unit] as number)}${unit.toUpperCase()}`;
}

function choices(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, "": 1 };
const UNIT_BYTES: Readonly<Record<string, number>> = {
  "": 1,
  k: 1024,
  m: 1024 ** 2,
  g: 1024 ** 3,
};

/** The host name, the certificate and the key of a value. The first label of the name may be `*`. */
export const NAMED_CERTIFICATE: RegExp =
  /^((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)=([^:]+):([^:]+)$/i;

const PARSERS: Readonly<Record<Exclude<Kind, readonly string[]>, (text: string) => Parsed>> = {
  text: (text) => text === "" ? { expected: "a text that is not empty" } : { value: text },
  body: (text) => ({ value: text }),
  flag(text) {
    if (/^(?:1|true|yes|on)$/i.test(text)) return { value: true };
    if (/^(?:0|false|no|off)$/i.test(text)) return { value: false };
    return { expected: "true or false" };
  },
  port(text) {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
    return port <= 65_535 ? { value: port } : { expected: "a port from 0 (any) to 65535" };
  },
  count(text) {
    if (text === "none") return { value: Infinity };
    const count = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    return Number.isNaN(count) ? { expected: "a whole number, or none" } : { value: count };
  },
  trust(text) {
    if (/^\d{1,3}$/.test(text)) return { value: Number(text) };
    // Any peer is a proxy, but only the last proxy is believed: entries further left may be invented.
    if (text === "*") return { value: 1 };
    const list = text.split(/[\s,]+/).filter((entry) => entry !== "");
    try {
      trustedPeers("the list", list);
      if (list.length > 0) return { value: list };
    } catch {
      // The text below names the forms.
    }
    return { expected: "a number of hops, or a list such as loopback,unix,10.0.0.0/8" };
  },
  fields(text) {
    const list = text.toLowerCase().split(/[\s,]+/).filter((entry) => entry !== "");
    const isKnown = (field: string) => (FORWARDED_FIELDS as readonly string[]).includes(field);
    if (list.length > 0 && list.every(isKnown)) return { value: list };
    return { expected: `a list of ${FORWARDED_FIELDS.join(", ")}` };
  },
  workers(text) {
    if (text === "auto") return { value: text };
    const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
    return count > 0 ? { value: count } : { expected: "a number of processes from 1, or auto" };
  },
  certificate(text) {
    if (NAMED_CERTIFICATE.test(text)) return { value: text };
    return { expected: "a host name and two files, such as a.example=cert.pem:key.pem" };
  },
  bytes(text) {
    if (text === "none") return { value: Infinity };
    const [, digits, unit = ""] = /^(\d{1,12})([kmg]?)(?:ib|b)?$/i.exec(text) ?? [];
    if (digits === undefined) return { expected: "a size such as 500, 64K or 10M, or none" };
    return { value: Number(digits) * (UNIT_BYTES[unit.toLowerCase()] as number) };
  },
  duration(text) {
    if (text === "none") return { value: Infinity };
    const [, digits, unit = ""] = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|)$/.exec(text) ?? [];
    if (digits === undefined) return { expected: "a time such as 30s, 500ms or 2m, or none" };
    return { value: Number(digits) * (UNIT_SECONDS[unit] as number) };
  },
  mode(text) {
    const mode = /^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : NaN;
    return Number.isNaN(mode) ? { expected: "permissions such as 660" } : { value: mode };
  },
  bus(text) {
    const isAddress = /^(?:rediss?|nats|tls):\/\/[^/?#]/.test(text) && URL.canParse(text);
    if (isAddress) return { value: text };
    return {
      expected:
        "redis://host:6379, rediss://, nats://host:4222 or tls://, with encodeURIComponent " +
        "of a user and a password",
    };
  },
  bind(text) {
    const isPath = /^unix:.|^fd:\/\/[1-9]\d{0,5}$/.test(text) && !/^fd:\/\/[12]$/.test(text);
    const [, port] =
      /^(?:\[(?=[^\]]*:[^\]]*:)[\da-f:.%\w]+\]|[^\s:/\[\]]+):(\d{1,5})$/i.exec(text) ?? [];
    if (isPath || Number(port) <= 65_535) return { value: text };
    return { expected: "host:port, such as 127.0.0.1:8000 or [::1]:8000, unix:path or fd://3" };
  },
};
