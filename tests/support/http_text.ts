/**
 * A parser of responses from the text of their bytes, for the tests of the server.
 *
 * @module
 */

/** One response. Its body is without framing. */
export interface TextResponse {
  readonly status: string;
  /** The header fields, by lower-case name. The values of repeated fields are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The chunks of a chunked body. */
  readonly chunks: readonly string[];
  /** Whether the response is complete by its framing. */
  readonly complete: boolean;
}

interface Body {
  readonly body: string;
  readonly chunks: readonly string[];
  readonly complete: boolean;
  readonly rest: string;
}

/**
 * Reads all responses in `text`. `methods` are the methods of their requests; the default is `GET`.
 */
export function parseResponses(text: string, methods: readonly string[] = []): TextResponse[] {
  const responses: TextResponse[] = [];
  for (let rest = text; rest !== "";) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) throw new Error(`No end of a head in ${JSON.stringify(rest)}`);
    const [statusLine = "", ...lines] = rest.slice(0, headEnd).split("\r\n");
    const status = statusLine.slice("HTTP/1.1 ".length);
    const headers = readHeaders(lines);
    const method = methods[responses.length] ?? "GET";
    const body = readBody(rest.slice(headEnd + 4), status, headers, method);
    const { chunks, complete } = body;
    responses.push({ status, headers, body: body.body, chunks, complete });
    rest = body.rest;
  }
  return responses;
}

/** Reads the only response in `text`. */
export function parseResponse(text: string, method = "GET"): TextResponse {
  const responses = parseResponses(text, [method]);
  if (responses.length !== 1) throw new Error(`${responses.length} responses in ${text}`);
  return responses[0] as TextResponse;
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 2);
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return headers;
}

function readBody(
  text: string,
  status: string,
  headers: Readonly<Record<string, string>>,
  method: string,
): Body {
  if (/^(1..|204|304) /.test(status) || method === "HEAD") {
    return { body: "", chunks: [], complete: true, rest: text };
  }
  if (headers["transfer-encoding"] === "chunked") return readChunks(text);
  const length = headers["content-length"] === undefined
    ? text.length
    : Number(headers["content-length"]);
  return {
    body: text.slice(0, length),
    chunks: [],
    complete: text.length >= length && headers["content-length"] !== undefined,
    rest: text.slice(length),
  };
}

function readChunks(text: string): Body {
  const chunks: string[] = [];
  for (let at = 0;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = lineEnd < 0 ? NaN : parseInt(text.slice(at, lineEnd), 16);
    if (Number.isNaN(size) || text.length < lineEnd + 4 + size) {
      return { body: chunks.join(""), chunks, complete: false, rest: "" };
    }
    at = lineEnd + 4 + size;
    if (size === 0) {
      return { body: chunks.join(""), chunks, complete: true, rest: text.slice(at) };
    }
    chunks.push(text.slice(lineEnd + 2, lineEnd + 2 + size));
  }
}
