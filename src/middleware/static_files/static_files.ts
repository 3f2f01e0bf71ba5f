/**
 * A WSGI app that serves the files of a directory.
 *
 * `static_path.ts` finds and opens the file, `preconditions.ts` and `byte_range.ts` read the request, and
 * `WSGIFileWrapper` sends the bytes.
 *
 * The trap: a request may end while its file is being opened. The file is therefore closed by the promise
 * that opens it, and not only by the code after that promise.
 *
 * @module
 */

import { checkOption, optionError, refuseSurplus, until } from "../../coroutine/mod.ts";
import { checkFields, imfFixdate } from "../../http/mod.ts";
import {
  type Block,
  type BodyReader,
  type Cogen,
  type Environ,
  quotePath,
  ServerReadable,
  type StartResponse,
  type WSGIApp,
  WSGIFileWrapper,
} from "../../wsgi/mod.ts";
import { checkOptionNames, checkRecord } from "../option_checks.ts";
import { type ByteRange, parseByteRange } from "./byte_range.ts";
import { contentType } from "./content_types.ts";
import type { OpenFile } from "../../socket/mod.ts";
import { evaluatePreconditions, rangeApplies, type Validators } from "./preconditions.ts";
import { ContentTags } from "./content_tags.ts";
import { findFile, type Found } from "./static_path.ts";

/** Options of {@linkcode staticFiles}. */
export interface StaticFilesOptions {
  /** The name of the file that a directory is answered with; `false` for none. Default `"index.html"`. */
  readonly index?: string | false;
  /** Whether files and directories whose name begins with a dot are served. Default `false`. */
  readonly dotfiles?: boolean;
  /**
   * The entity tags: made of the time of modification and the size, made of the content, or none. Default
   * `"mtime"`.
   *
   * With `"content"`, the same content has the same tag on every machine, also if a build gives all files the same
   * time; there is no `Last-Modified` then. A file is read once more for its tag, when it is first asked for and
   * after each change.
   */
  readonly etag?: "mtime" | "content" | false;
  /** The value of the `Cache-Control` field. Default: no such field. */
  readonly cacheControl?: string;
  /** Content types by extension (in lower case, without the dot), in addition to the built-in table. */
  readonly contentTypes?: Readonly<Record<string, string>>;
}

type FoundFile = Found & { readonly kind: "file" };
type MutableHeaders = [name: string, value: string][];
type Answer<Result = void> = Generator<Block, Result, unknown>;

/** A request. `reader` is set if the server itself reads the body, so that it may use its buffers again. */
interface StaticRequest {
  readonly environ: Environ;
  readonly startResponse: StartResponse;
  readonly reader?: BodyReader | undefined;
}

/**
 * Makes an app that serves the files under a directory, read through the server's adapter.
 *
 * - It answers GET and HEAD; other methods get 405.
 * - It sends a strong `ETag` (see the option `etag`) and `Last-Modified`. A time at or before 1980 says nothing
 *   about a file, as builds and archives use such times for all files: it makes no tag and no date. It
 *   evaluates all conditions of RFC 9110 §13, and answers 304 or 412 accordingly.
 * - It answers one byte range with 206, or with 416. A request for several ranges gets the whole file.
 * - It answers a directory with its index file, and never lists it. A path without the final slash is
 *   redirected.
 * - It serves no file outside the root, follows no symbolic link out of it, and answers requests for names that
 *   begin with a dot with 404. A link within the root may lead through such names, as in the volumes of
 *   Kubernetes and the trees of pnpm.
 *
 * The app may be mounted under any path prefix. Replace a file by renaming another one to its name: if a
 * file is written while it is sent, a client may get parts of both versions. Processes that can write under
 * the root are trusted, because a name is checked a moment before its file is opened.
 *
 * @param root The directory: an absolute path, or one relative to the working directory.
 * @param options The files to serve, and their header fields.
 * @returns The app. It throws a {@linkcode TypeError} on a request if the server's adapter has no files.
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
  if (arguments.length > 2) refuseSurplus("staticFiles", arguments, 2);
  checkRoot(root);
  options = checkOptionNames("staticFiles", options, KNOWN_OPTIONS);
  checkStaticOptions(options);
  const { index = "index.html", dotfiles = false, etag = "mtime" } = options;
  const tags = new ContentTags();
  function* contentValidators({ file, path }: FoundFile, cogen: Cogen): Answer<Validators> {
    return { etag: yield* cogen.wait(until(tags.tagOf(file, path))), lastModified: undefined };
  }
  function* serveFile({ environ, startResponse, reader }: StaticRequest): Answer {
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
        const validators = etag === "content"
          ? yield* contentValidators(found, cogen)
          : timeValidators(found.file, etag);
        const request = { environ, startResponse };
        const body = yield* answerWith(found, request, validators, options);
        if (body !== undefined) yield* reader === undefined ? body : body.blocksFor(reader);
      } else if (found.kind === "directory" && index !== false) {
        const location: MutableHeaders = [["Location", withSlash(environ)]];
        yield* plain(startResponse, "301 Moved Permanently", location);
      } else yield* plain(startResponse, "404 Not Found", []);
    } finally {
      // Also closes a file whose request ended while the file was being opened.
      yield* cogen.wait(until(finding.then(close, () => {})));
    }
  }
  return (environ, startResponse) =>
    new ServerReadable((reader) => serveFile({ environ, startResponse, reader }));
}

const KNOWN_OPTIONS: readonly (keyof StaticFilesOptions)[] = [
  ...["index", "dotfiles", "etag", "cacheControl", "contentTypes"] as const,
];

function checkRoot(root: unknown): void {
  if (typeof root !== "string" || root === "") {
    throw optionError("root of staticFiles", root, "the path of a directory, which is a string");
  }
}

function checkStaticOptions(options: StaticFilesOptions): void {
  const { index, dotfiles, cacheControl, contentTypes = {} } = options;
  if (index !== false) checkOption("index of staticFiles", index, "string");
  checkOption("dotfiles of staticFiles", dotfiles, "boolean");
  if (!["mtime", "content", false, undefined].includes(options.etag)) {
    throw optionError("etag of staticFiles", options.etag, '"mtime", "content" or false');
  }
  const expected = 'a record of types by extension, such as { txt: "text/plain" }';
  checkRecord("contentTypes of staticFiles", contentTypes, expected);
  if (cacheControl !== undefined) checkFieldValue("cacheControl", cacheControl);
  for (const [extension, type] of Object.entries(contentTypes)) {
    checkFieldValue(`contentTypes.${extension}`, type);
  }
}

/** Checks the value of a field. Without the check, an invalid value would fail at each request. */
function checkFieldValue(option: string, value: string): void {
  try {
    checkFields([["Value", value]]);
  } catch {
    throw optionError(`${option} of staticFiles`, value, "the value of a field, which is a string");
  }
}

async function close(found: Found): Promise<void> {
  if (found.kind === "file") await found.file.close();
}

/** Answers a request for a file by its conditions; returns the body if there is one to send. */
function* answerWith(
  { file, path }: FoundFile,
  { environ, startResponse }: StaticRequest,
  validators: Validators,
  options: StaticFilesOptions,
): Answer<WSGIFileWrapper | undefined> {
  const headers = commonHeaders(validators, options);
  const status = evaluatePreconditions(environ, validators);
  if (status === 304) return void startResponse("304 Not Modified", headers);
  if (status === 412) return void (yield* plain(startResponse, "412 Precondition Failed", []));
  const range = wantedRange(environ, file, validators);
  if (range === "unsatisfiable") {
    const size: MutableHeaders = [["Content-Range", `bytes */${file.size}`]];
    return void (yield* plain(startResponse, "416 Range Not Satisfiable", size));
  }
  const extent = range ?? { offset: 0, length: file.size };
  headers.push(["Content-Type", contentType(path, options.contentTypes ?? {})]);
  headers.push(["Content-Length", String(extent.length)]);
  if (range !== undefined) headers.push(["Content-Range", contentRange(range, file.size)]);
  startResponse(range === undefined ? "200 OK" : "206 Partial Content", headers);
  if (environ.REQUEST_METHOD === "HEAD") return undefined;
  return new WSGIFileWrapper(file, environ.cogen, extent);
}

/** The beginning of 1980 in the last time zone: archives keep no earlier time, and builds use it for all files. */
const FIRST_REAL_TIME = Date.UTC(1980, 0, 2);

function timeValidators(file: OpenFile, kind: "mtime" | false): Validators {
  if (file.modified <= FIRST_REAL_TIME) return { etag: undefined, lastModified: undefined };
  const time = Math.floor(file.modified * 1000).toString(16);
  // RFC 9110 §8.8.2.1: Last-Modified must not be later than the message.
  const modified = Math.min(file.modified, Date.now());
  return {
    etag: kind === false ? undefined : `"${time}-${file.size.toString(16)}"`,
    lastModified: imfFixdate(Math.floor(modified / 1000) * 1000),
  };
}

function commonHeaders(
  { etag, lastModified }: Validators,
  { cacheControl }: StaticFilesOptions,
): MutableHeaders {
  const headers: MutableHeaders = [];
  if (etag !== undefined) headers.push(["ETag", etag]);
  if (lastModified !== undefined) headers.push(["Last-Modified", lastModified]);
  if (cacheControl !== undefined) headers.push(["Cache-Control", cacheControl]);
  headers.push(["Accept-Ranges", "bytes"], ["X-Content-Type-Options", "nosniff"]);
  return headers;
}

/** The range that a GET request asks for; Range has no meaning for other methods (RFC 9110 §14.2). */
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

/** The URL path of a directory, with the query. */
function withSlash({ SCRIPT_NAME, PATH_INFO, QUERY_STRING }: Environ): string {
  const query = QUERY_STRING === "" ? "" : `?${QUERY_STRING}`;
  return `${quotePath(`${SCRIPT_NAME}${PATH_INFO}/`)}${query}`;
}

function* plain(startResponse: StartResponse, status: string, headers: MutableHeaders): Answer {
  const text = `${status}\n`;
  startResponse(status, [
    ...headers,
    ["Content-Type", "text/plain; charset=utf-8"],
    ["Content-Length", String(text.length)],
  ]);
  yield text;
}
