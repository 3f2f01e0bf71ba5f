/**
 * A WSGI app that serves the files of a directory.
 *
 * @module
 */

import { until } from "../../coroutine/mod.ts";
import { imfFixdate } from "../../http/mod.ts";
import {
  type Block,
  type BodyReader,
  type Environ,
  ServerReadable,
  type StartResponse,
  type WSGIApp,
  WSGIFileWrapper,
} from "../../wsgi/mod.ts";
import { type ByteRange, parseByteRange } from "./byte_range.ts";
import { contentType } from "./content_types.ts";
import type { OpenFile } from "../../socket/mod.ts";
import { evaluatePreconditions, rangeApplies, type Validators } from "./preconditions.ts";
import { findFile, type Found } from "./static_path.ts";

/** Options of {@linkcode staticFiles}. */
export interface StaticFilesOptions {
  /** The file that stands for its directory; `false` for none. Default `"index.html"`. */
  readonly index?: string | false;
  /** Whether names that begin with a dot are served. Default `false`. */
  readonly dotfiles?: boolean;
  /** The value of `Cache-Control`. Default: no such field. */
  readonly cacheControl?: string;
  /** Content types by extension in lower case, without the dot: before the app's own small table. */
  readonly contentTypes?: Readonly<Record<string, string>>;
}

type Fields = [name: string, value: string][];
type Answer<Result = void> = Generator<Block, Result, unknown>;

/** A request, and who reads what is answered, if that is known. */
interface Asked {
  readonly environ: Environ;
  readonly startResponse: StartResponse;
  readonly server?: BodyReader | undefined;
}

/**
 * Makes an app that serves the files under a directory, read through the server's adapter.
 *
 * - GET and HEAD; any other method is answered 405.
 * - `ETag` (strong, made of time and size), `Last-Modified`, and all conditions of RFC 9110 §13: 304,
 *   412. One byte range: 206, or 416; several are answered with the whole, which is allowed.
 * - A directory gives its index file, and is never listed; its name without a slash redirects there.
 * - Nothing outside the root is served, whatever the path is made of, and no symbolic link out of it is
 *   followed. Names that begin with a dot are not there.
 *
 * It may be mounted anywhere. A file that is replaced should be replaced by renaming: one that is
 * written over while it is sent may be mixed. Whoever may write under the root while it is served is
 * trusted: a name is checked a moment before it is opened.
 *
 * @param root A directory: absolute, or relative to where the process runs.
 * @param options What to serve, and how.
 * @returns The app.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve, staticFiles } from "@x/cogen-wsgi";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${root}/notes.txt`, "Hello, files!");
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   wsgiApp: { "/static": staticFiles(root) },
 * });
 *
 * const url = `${server.url}static/notes.txt`;
 * const whole = await fetch(url);
 * assertEquals(await whole.text(), "Hello, files!");
 * const part = await fetch(url, { headers: { Range: "bytes=7-11" } });
 * assertEquals([part.status, await part.text()], [206, "files"]);
 * const unchanged = await fetch(url, {
 *   headers: { "If-None-Match": whole.headers.get("ETag") ?? "" },
 * });
 * assertEquals(unchanged.status, 304);
 * ```
 */
export function staticFiles(root: string, options: StaticFilesOptions = {}): WSGIApp {
  const { index = "index.html", dotfiles = false } = options;
  function* serveFile({ environ, startResponse, server }: Asked): Answer {
    const { cogen, REQUEST_METHOD: method, PATH_INFO: path } = environ;
    if (method !== "GET" && method !== "HEAD") {
      return yield* plain(startResponse, "405 Method Not Allowed", [["Allow", "GET, HEAD"]]);
    }
    const { files } = cogen;
    if (files === undefined) {
      throw new TypeError("staticFiles needs files, and the adapter of this server has none");
    }
    const place = { files, root, index: index === false ? undefined : index, dotfiles };
    const finding = findFile(place, path);
    try {
      const found = yield* cogen.wait(until(finding));
      if (found.kind === "file") {
        const body = yield* answerWith(found, { environ, startResponse }, options);
        if (body !== undefined) yield* server === undefined ? body : body.serve(server);
      } else if (found.kind === "directory" && index !== false) {
        const location: Fields = [["Location", withSlash(environ)]];
        yield* plain(startResponse, "301 Moved Permanently", location);
      } else yield* plain(startResponse, "404 Not Found", []);
    } finally {
      // A request may end while its file is still being opened.
      yield* cogen.wait(until(finding.then(close, () => {})));
    }
  }
  return (environ, startResponse) =>
    new ServerReadable((server) => serveFile({ environ, startResponse, server }));
}

async function close(found: Found): Promise<void> {
  if (found.kind === "file") await found.file.close();
}

/** Answers as the conditions ask; gives the body if that is the file, or a part of it. */
function* answerWith(
  { file, path }: Found & { readonly kind: "file" },
  { environ, startResponse }: Asked,
  options: StaticFilesOptions,
): Answer<WSGIFileWrapper | undefined> {
  const validators = validatorsOf(file);
  const fields = commonFields(validators, options);
  const status = evaluatePreconditions(environ, validators);
  if (status === 304) return void startResponse("304 Not Modified", fields);
  if (status === 412) return void (yield* plain(startResponse, "412 Precondition Failed", []));
  const range = wantedRange(environ, file, validators);
  if (range === "unsatisfiable") {
    const size: Fields = [["Content-Range", `bytes */${file.size}`]];
    return void (yield* plain(startResponse, "416 Range Not Satisfiable", size));
  }
  const extent = range ?? { offset: 0, length: file.size };
  fields.push(["Content-Type", contentType(path, options.contentTypes ?? {})]);
  fields.push(["Content-Length", String(extent.length)]);
  if (range !== undefined) fields.push(["Content-Range", contentRange(range, file.size)]);
  startResponse(range === undefined ? "200 OK" : "206 Partial Content", fields);
  if (environ.REQUEST_METHOD === "HEAD") return undefined;
  return new WSGIFileWrapper(file, environ.cogen, extent);
}

function validatorsOf(file: OpenFile): Validators {
  const time = Math.floor(file.modified * 1000).toString(16);
  // RFC 9110 §8.8.2.1: Last-Modified must not be later than the message.
  const modified = Math.min(file.modified, Date.now());
  return {
    etag: `"${time}-${file.size.toString(16)}"`,
    lastModified: imfFixdate(Math.floor(modified / 1000) * 1000),
  };
}

function commonFields(
  { etag, lastModified }: Validators,
  { cacheControl }: StaticFilesOptions,
): Fields {
  const fields: Fields = [["ETag", etag], ["Last-Modified", lastModified]];
  if (cacheControl !== undefined) fields.push(["Cache-Control", cacheControl]);
  fields.push(["Accept-Ranges", "bytes"], ["X-Content-Type-Options", "nosniff"]);
  return fields;
}

/** Range is for GET alone (RFC 9110 §14.2). */
function wantedRange(
  environ: Environ,
  file: OpenFile,
  validators: Validators,
): ByteRange | "unsatisfiable" | undefined {
  const field = environ.HTTP_RANGE;
  if (field === undefined || environ.REQUEST_METHOD !== "GET") return undefined;
  return rangeApplies(environ, validators) ? parseByteRange(field, file.size) : undefined;
}

function contentRange({ offset, length }: ByteRange, size: number): string {
  return `bytes ${offset}-${offset + length - 1}/${size}`;
}

/** The URL of a directory; the path begins with one slash, so it cannot name another host. */
function withSlash(environ: Environ): string {
  const path = `${environ.SCRIPT_NAME}${environ.PATH_INFO}/`;
  const quoted = path.replace(/[^A-Za-z0-9\-._~/!$&'()*+,;=:@]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
  });
  const query = environ.QUERY_STRING === "" ? "" : `?${environ.QUERY_STRING}`;
  return quoted.replace(/^\/*/, "/") + query;
}

function* plain(startResponse: StartResponse, status: string, fields: Fields): Answer {
  const text = `${status}\n`;
  startResponse(status, [
    ...fields,
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(text.length)],
  ]);
  yield text;
}
