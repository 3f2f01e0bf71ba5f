/**
 * http-parser-js as a reader of a whole connection. The parser is very lenient, so it shows the
 * messages that leniency accepts.
 *
 * Trap: the parser decodes ASCII by default. Its encoding is set to latin-1, as the other parsers have.
 */

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import { isLast, type ReadConnection, type Reading, type ReadMessage } from "./reading.ts";

/** The argument of the head callback. */
interface HeadInfo {
  readonly method: number;
  readonly url: string;
  readonly headers: readonly string[];
  readonly shouldKeepAlive: boolean;
}

/** The parser, as far as the tests use it. */
interface JsParser {
  execute(chunk: Buffer): number | Error;
  finish(): Error | undefined;
  [callback: number]: (...args: never[]) => number | undefined;
}

interface JsParserClass {
  new (type: "REQUEST"): JsParser;
  encoding: string;
  readonly methods: readonly string[];
}

// The numbers of the callbacks.
const ON_TRAILERS = 1;
const ON_HEAD = 2;
const ON_BODY = 3;
const ON_COMPLETE = 4;

/** The most body parts of a message: the parser loops for ever on a negative chunk size. */
const MAX_PARTS = 1000;

const { HTTPParser } = createRequire(import.meta.url)("http-parser-js") as {
  readonly HTTPParser: JsParserClass;
};
HTTPParser.encoding = "latin1";

/** Thrown from a callback to stop reading. */
class Stop extends Error {}

/** Reads with http-parser-js, which has no limits except its own limit on the head. */
export const readWithHttpParserJs: ReadConnection = (bytes) => {
  const messages: ReadMessage[] = [];
  const parser = new HTTPParser("REQUEST");
  listen(parser, (message) => {
    messages.push(message);
    if (isLast(message)) throw new Stop();
  });
  try {
    return { messages, refusal: refusalOf(parser, bytes) };
  } catch (error) {
    if (error instanceof Stop) return { messages, refusal: undefined };
    throw error;
  }
};

function listen(parser: JsParser, complete: (message: ReadMessage) => void): void {
  let head: HeadInfo | undefined;
  let body = "";
  let trailers: readonly string[] = [];
  let parts = 0;
  parser[ON_HEAD] = (info: HeadInfo) => {
    head = info;
    body = "";
    trailers = [];
    return undefined;
  };
  parser[ON_BODY] = (chunk: Buffer) => {
    body += chunk.toString("latin1");
    if (++parts === MAX_PARTS) throw new Stop();
    return undefined;
  };
  parser[ON_TRAILERS] = (fields: readonly string[]) => {
    trailers = fields;
    return undefined;
  };
  parser[ON_COMPLETE] = () => {
    complete(makeMessage(head as HeadInfo, body, trailers));
    return undefined;
  };
}

function makeMessage(head: HeadInfo, body: string, trailers: readonly string[]): ReadMessage {
  return {
    method: HTTPParser.methods[head.method] ?? "",
    target: head.url,
    fields: lowercaseNames(head.headers),
    body,
    trailers: lowercaseNames(trailers),
    keepAlive: head.shouldKeepAlive,
  };
}

/**
 * The refusal, if any. The parser stops after an upgrade; a server that ignores the upgrade
 * continues.
 */
function refusalOf(parser: JsParser, bytes: Uint8Array): Reading["refusal"] {
  for (let rest = Buffer.from(bytes); rest.length > 0;) {
    const result = parser.execute(rest);
    if (typeof result !== "number") return String(result);
    if (!(result > 0)) return `consumed ${result} bytes`;
    rest = rest.subarray(result);
  }
  const result = parser.finish();
  return result === undefined ? undefined : String(result);
}

function lowercaseNames(fields: readonly string[]): string[] {
  return fields.map((text, index) => index % 2 === 0 ? text.toLowerCase() : text);
}
