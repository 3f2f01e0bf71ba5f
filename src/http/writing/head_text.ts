/**
 * The text of a response's head: the app's status and fields, and the fields that the server adds.
 *
 * Strategy: a cache of one entry, keyed by every part of a head. Servers send equal heads in a row:
 * Date stays for a second, and apps repeat their fields. A repeated head costs six comparisons and no
 * memory. The comparisons are cheap, as the app's part is one object (`prepared_head.ts` has a cache,
 * too) and the other parts are constants, shared strings or numbers.
 *
 * `response_writer.ts` calls this once for each response.
 *
 * @module
 */

import type { PreparedHead } from "./prepared_head.ts";

/** The field that frames the body: Transfer-Encoding, a Content-Length, or none. */
export type FramingField = "chunked" | number | undefined;

/** The parts of a head, and its text. */
interface CachedHead {
  protocol: string;
  prepared: PreparedHead | undefined;
  date: string | undefined;
  server: string | undefined;
  framing: FramingField;
  connection: string;
  text: string;
}

/**
 * The cache: the last head of the process. All servers may share it, as the text depends on the parts
 * alone; it holds one head, so it is bounded.
 */
const last: CachedHead = {
  protocol: "",
  prepared: undefined,
  date: undefined,
  server: undefined,
  framing: undefined,
  connection: "",
  text: "",
};

/**
 * Makes the text of a whole head, with the empty line at its end. The parameters are not one
 * object, because each response would have to allocate it.
 *
 * @param protocol The version in the status line.
 * @param prepared The status and the fields of the app.
 * @param date The value of Date to add, if any.
 * @param server The value of Server to add, if any.
 * @param framing The framing field to add, if any.
 * @param connection The Connection line to add with its CRLF, or an empty string.
 */
export function headText(
  protocol: string,
  prepared: PreparedHead,
  date: string | undefined,
  server: string | undefined,
  framing: FramingField,
  connection: string,
): string {
  if (
    last.prepared === prepared && last.framing === framing && last.date === date &&
    last.connection === connection && last.server === server && last.protocol === protocol
  ) return last.text;
  let text = `${protocol} ${prepared.status}\r\n${prepared.text}`;
  if (date !== undefined) text += `Date: ${date}\r\n`;
  if (server !== undefined) text += `Server: ${server}\r\n`;
  if (framing === "chunked") text += "Transfer-Encoding: chunked\r\n";
  else if (framing !== undefined) text += `Content-Length: ${framing}\r\n`;
  last.protocol = protocol;
  last.prepared = prepared;
  last.date = date;
  last.server = server;
  last.framing = framing;
  last.connection = connection;
  return last.text = flat(`${text}${connection}\r\n`);
}

/**
 * Gives the same text in one piece. Engines keep a concatenation as a tree until a character is
 * read. Without this read, every write of the cached head would copy the text out of its tree
 * again.
 */
function flat(text: string): string {
  text.charCodeAt(0);
  return text;
}
