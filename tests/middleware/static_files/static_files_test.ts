/** `staticFiles` over real files and sockets, on the runtime that runs this test. */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { files } from "../../../examples/files.ts";
import {
  serve,
  staticFiles,
  type StaticFilesOptions,
  validator,
  type WSGIApp,
  WSGIPathInfoDispatcher,
  type WSGIServer,
} from "../../../mod.ts";
import { gzip } from "../../../src/middleware/compress/mod.ts";
import { parseResponse, type TextResponse } from "../../support/http_text.ts";
import { requestText } from "../../support/serving.ts";

const MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT";
const TEXT = "0123456789";

let directory: string;
let root: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), "static-files-"));
  root = join(directory, "root");
  mkdirSync(join(root, "sub", "deep"), { recursive: true });
  mkdirSync(join(root, ".git"));
  mkdirSync(join(directory, "root2"));
  write("root/digits.txt", TEXT);
  write("root/index.html", "<h1>root</h1>");
  write("root/sub/index.html", "<h1>sub</h1>");
  write("root/.env", "SECRET");
  write("root/.git/config", "SECRET");
  write("root/empty.css", "");
  write("root/é ü.bin", "utf-8");
  write("root/..%2fsecret.txt", "a harmless file of that very name");
  write("root/big.bin", "x".repeat(300_000));
  write("secret.txt", "SECRET");
  write("root2/secret.txt", "SECRET");
  symlinkSync("digits.txt", join(root, "inside.txt"));
  symlinkSync("../secret.txt", join(root, "outside.txt"));
  symlinkSync("../root2", join(root, "twin"));
  symlinkSync(".env", join(root, "visible.txt"));
  symlinkSync("loop.txt", join(root, "loop.txt"));
  // A volume of Kubernetes, and a tree of pnpm.
  mkdirSync(join(root, "..2026_11_26"));
  write("root/..2026_11_26/a.txt", "volume");
  symlinkSync("..2026_11_26", join(root, "..data"));
  symlinkSync("..data/a.txt", join(root, "a.txt"));
  mkdirSync(join(root, "node_modules", ".pnpm", "lib@1.0.0"), { recursive: true });
  write("root/node_modules/.pnpm/lib@1.0.0/index.js", "export {};");
  symlinkSync(".pnpm/lib@1.0.0", join(root, "node_modules", "lib"));
  symlinkSync("../root2", join(root, ".out"));
  symlinkSync(".out", join(root, "out"));
});

after(() => rmSync(directory, { recursive: true, force: true }));

function write(path: string, text: string): void {
  const file = join(directory, path);
  writeFileSync(file, text);
  const seconds = Date.parse(MODIFIED) / 1000;
  utimesSync(file, seconds, seconds);
}

/** Serves the root for as long as `use` takes. */
async function withServer<T>(app: WSGIApp, use: (server: WSGIServer) => Promise<T>): Promise<T> {
  const errors: string[] = [];
  const log = (line: string) => void errors.push(line);
  const server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: { "/": app, "/m": app }, log });
  try {
    const result = await use(server);
    assertEquals(errors, []);
    return result;
  } finally {
    await server.close();
  }
}

/** Sends the bytes of a request as they are; a client library would normalise the path. */
function exchange(server: WSGIServer, request: string): Promise<string> {
  const { address } = server;
  assert(address.family !== "unix");
  return new Promise((resolve, reject) => {
    let text = "";
    const stream = connect({ host: address.host, port: address.port });
    stream.setEncoding("latin1");
    stream.on("data", (part: string) => void (text += part));
    stream.on("end", () => resolve(text));
    stream.on("error", reject);
    stream.write(request, "latin1");
  });
}

function ask(
  path: string,
  fields: readonly string[] = [],
  { method = "GET", ...options }: StaticFilesOptions & { readonly method?: string } = {},
): Promise<TextResponse> {
  const request = requestText(method, path, ["Connection: close", ...fields]);
  return withServer(
    staticFiles(root, options),
    async (server) => parseResponse(await exchange(server, request), method),
  );
}

test("gives a file with its type, length, tag and date", async () => {
  const { status, headers, body } = await ask("/digits.txt");
  assertEquals([status, body], ["200 OK", TEXT]);
  assertEquals(headers["content-type"], "text/plain; charset=utf-8");
  assertEquals(headers["content-length"], "10");
  assertEquals(headers["last-modified"], MODIFIED);
  assertEquals(headers["accept-ranges"], "bytes");
  assertEquals(headers["x-content-type-options"], "nosniff");
  assertMatch(headers["etag"] ?? "", /^"[0-9a-f]+-a"$/);
});

test("HEAD gives the same fields and no body", async () => {
  const { headers: { date: _, ...whole } } = await ask("/digits.txt");
  const response = await ask("/digits.txt", [], { method: "HEAD" });
  const { date: __, ...fields } = response.headers;
  assertEquals([response.status, fields], ["200 OK", whole]);
});

test("gives a large file whole, and an empty one", async () => {
  assertEquals((await ask("/big.bin")).body.length, 300_000);
  const empty = await ask("/empty.css");
  assertEquals([empty.status, empty.headers["content-length"]], ["200 OK", "0"]);
});

test("finds names of any characters", async () => {
  assertEquals((await ask("/%C3%A9%20%C3%BC.bin")).body, "utf-8");
});

test("an unknown extension is bytes; types of one's own come first", async () => {
  assertEquals((await ask("/big.bin")).headers["content-type"], "application/octet-stream");
  const own = await ask("/digits.txt", [], { contentTypes: { txt: "text/x-own" } });
  assertEquals(own.headers["content-type"], "text/x-own");
});

test("Cache-Control is as given", async () => {
  const { headers } = await ask("/digits.txt", [], { cacheControl: "max-age=60" });
  assertEquals(headers["cache-control"], "max-age=60");
});

test("a directory gives its index, and its name without a slash redirects", async () => {
  assertEquals((await ask("/")).body, "<h1>root</h1>");
  assertEquals((await ask("/sub/")).body, "<h1>sub</h1>");
  assertEquals((await ask("/m/sub/")).body, "<h1>sub</h1>");
  const { status, headers } = await ask("/m/sub?a=b");
  assertEquals([status, headers["location"]], ["301 Moved Permanently", "/m/sub/?a=b"]);
  assertEquals((await ask("/m")).headers["location"], "/m/");
});

test("a directory without an index is not there, and is never listed", async () => {
  assertEquals((await ask("/sub/deep/")).status, "404 Not Found");
  assertEquals((await ask("/", [], { index: false })).status, "404 Not Found");
  assertEquals((await ask("/sub", [], { index: false })).status, "404 Not Found");
});

for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
  test(`${method} is not allowed`, async () => {
    const { status, headers } = await ask("/digits.txt", [], { method });
    assertEquals([status, headers["allow"]], ["405 Method Not Allowed", "GET, HEAD"]);
  });
}

const NOT_THERE: readonly string[] = [
  "/nothing.txt",
  "/digits.txt/",
  "/digits.txt/more",
  "/../secret.txt",
  "/sub/../../secret.txt",
  "/%2e%2e/secret.txt",
  "/.%2E/secret.txt",
  "/..%2fsecret.txt",
  "/..%2Fsecret.txt",
  "/%2e%2e%2fsecret.txt",
  "/..%252fsecret.txt",
  "/..%5csecret.txt",
  "/..\\secret.txt",
  "/sub%5c..%5c..%5csecret.txt",
  "/digits.txt%00.png",
  "/%00",
  "//etc/passwd",
  "/%2fetc/passwd",
  "/sub//index.html",
  "/./digits.txt",
  "/%c0%ae%c0%ae/secret.txt",
  "/%ff",
  "/outside.txt",
  "/twin/secret.txt",
  "/loop.txt",
  "/.env",
  "/.git/config",
  "/%2eenv",
  "/.data/a.txt",
  "/..data/a.txt",
  "/out/a.txt",
  `/${"a".repeat(5000)}`,
];

for (const path of NOT_THERE) {
  test(`${path.slice(0, 30)} is not there`, async () => {
    const { status, body } = await ask(path);
    assertEquals([status, body], ["404 Not Found", "404 Not Found\n"]);
  });
}

test("a symbolic link within the root is followed", async () => {
  assertEquals((await ask("/inside.txt")).body, TEXT);
});

test("a link within the root may lead through names with a dot", async () => {
  assertEquals((await ask("/a.txt")).body, "volume");
  assertEquals((await ask("/node_modules/lib/index.js")).body, "export {};");
  assertEquals((await ask("/visible.txt")).body, "SECRET");
});

test("a time at or before 1980 makes no tag and no date", async () => {
  for (const time of ["1970-01-01T00:00:01Z", "1980-01-01T00:00:00Z", "1980-01-01T12:00:00Z"]) {
    write("root/old.txt", "old");
    const seconds = Date.parse(time) / 1000;
    utimesSync(join(root, "old.txt"), seconds, seconds);
    const since = "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT";
    const { status, headers, body } = await ask("/old.txt", [since, 'If-None-Match: "a"']);
    assertEquals([status, headers["etag"], headers["last-modified"], body], [
      "200 OK",
      undefined,
      undefined,
      "old",
    ]);
    assertEquals((await ask("/old.txt", [since])).status, "200 OK");
    assertEquals((await ask("/old.txt", ['If-Match: "a"'])).status, "412 Precondition Failed");
    assertEquals((await ask("/old.txt", ["If-None-Match: *"])).status, "304 Not Modified");
    assertEquals((await ask("/old.txt", ["Range: bytes=1-", "If-Range: x"])).status, "200 OK");
    assertEquals((await ask("/old.txt", ["Range: bytes=1-"])).body, "ld");
  }
});

test("a tag of the content changes with the content alone", async () => {
  const options = { etag: "content" } as const;
  const tagOf = async (text: string, time: number) => {
    write("root/built.js", text);
    utimesSync(join(root, "built.js"), time, time);
    const { headers, body } = await ask("/built.js", [], options);
    assertEquals([headers["last-modified"], body], [undefined, text]);
    assertMatch(headers["etag"] ?? "", /^"[0-9a-f]{16}-[0-9a-f]+"$/);
    return headers["etag"] as string;
  };
  const one = await tagOf("one", 0);
  assertEquals([await tagOf("two", 0) === one, await tagOf("one", 1e9)], [false, one]);
  const again = await ask("/built.js", [`If-None-Match: ${one}`], options);
  assertEquals([again.status, again.headers["etag"]], ["304 Not Modified", one]);
  const part = await ask("/built.js", ["Range: bytes=1-", `If-Range: ${one}`], options);
  assertEquals([part.status, part.body], ["206 Partial Content", "ne"]);
  const text = "x".repeat(200_000);
  assertEquals(await tagOf(text, 0) === await tagOf(`${text}y`, 0), false);
});

test("a tag of the content is not kept when the file changes and its time does not", async () => {
  write("root/built.js", "one");
  await withServer(staticFiles(root, { etag: "content" }), async (server) => {
    const tag = async () => (await fetch(`${server.url}built.js`)).headers.get("etag");
    const one = await tag();
    assertEquals(await tag(), one);
    write("root/built.js", "two");
    assertEquals(await tag() === one, false);
  });
});

test("without tags, the date remains", async () => {
  const { headers } = await ask("/digits.txt", [], { etag: false });
  assertEquals([headers["etag"], headers["last-modified"]], [undefined, MODIFIED]);
});

test("names with a dot are served when asked for, but do not climb", async () => {
  assertEquals((await ask("/.env", [], { dotfiles: true })).body, "SECRET");
  assertEquals((await ask("/visible.txt", [], { dotfiles: true })).body, "SECRET");
  assertEquals((await ask("/../secret.txt", [], { dotfiles: true })).status, "404 Not Found");
});

test("a root that is a symbolic link is followed", async () => {
  const link = join(directory, "link");
  symlinkSync(root, link);
  const body = await withServer(staticFiles(link), async (server) => {
    return await (await fetch(`${server.url}digits.txt`)).text();
  });
  assertEquals(body, TEXT);
});

async function etag(): Promise<string> {
  return (await ask("/digits.txt")).headers["etag"] ?? "";
}

const DAY_BEFORE = "Sat, 05 Nov 1994 08:49:37 GMT";

interface Condition {
  readonly name: string;
  readonly fields: (etag: string) => readonly string[];
  readonly status: number;
}

const CONDITIONS: readonly Condition[] = [
  { name: "its tag", fields: (tag) => [`If-None-Match: ${tag}`], status: 304 },
  { name: "its tag, weak", fields: (tag) => [`If-None-Match: W/${tag}`], status: 304 },
  { name: "its tag among others", fields: (tag) => [`If-None-Match: "a", ${tag}`], status: 304 },
  { name: "any tag", fields: () => ["If-None-Match: *"], status: 304 },
  { name: "another tag", fields: () => ['If-None-Match: "a"'], status: 200 },
  {
    name: "another tag, whatever the date",
    fields: () => ['If-None-Match: "a"', `If-Modified-Since: ${MODIFIED}`],
    status: 200,
  },
  { name: "its date", fields: () => [`If-Modified-Since: ${MODIFIED}`], status: 304 },
  { name: "an earlier date", fields: () => [`If-Modified-Since: ${DAY_BEFORE}`], status: 200 },
  { name: "a date that is none", fields: () => ["If-Modified-Since: once"], status: 200 },
  { name: "a tag to match", fields: (tag) => [`If-Match: ${tag}`], status: 200 },
  { name: "a weak tag to match", fields: (tag) => [`If-Match: W/${tag}`], status: 412 },
  { name: "another tag to match", fields: () => ['If-Match: "a"'], status: 412 },
  {
    name: "unmodified since a day before",
    fields: () => [`If-Unmodified-Since: ${DAY_BEFORE}`],
    status: 412,
  },
  {
    name: "unmodified since its date",
    fields: () => [`If-Unmodified-Since: ${MODIFIED}`],
    status: 200,
  },
  { name: "a range", fields: () => ["Range: bytes=2-4"], status: 206 },
  { name: "two ranges", fields: () => ["Range: bytes=0-1,4-5"], status: 200 },
  {
    name: "a range if it is its tag",
    fields: (t) => ["Range: bytes=2-4", `If-Range: ${t}`],
    status: 206,
  },
  {
    name: "a range if it is its weak tag",
    fields: (tag) => ["Range: bytes=2-4", `If-Range: W/${tag}`],
    status: 200,
  },
  {
    name: "a range if it is another tag",
    fields: () => ["Range: bytes=2-4", 'If-Range: "a"'],
    status: 200,
  },
  {
    name: "a range if it is its date",
    fields: () => ["Range: bytes=2-4", `If-Range: ${MODIFIED}`],
    status: 206,
  },
  {
    name: "a range if it is another date",
    fields: () => ["Range: bytes=2-4", `If-Range: ${DAY_BEFORE}`],
    status: 200,
  },
  { name: "a range beyond the end", fields: () => ["Range: bytes=10-"], status: 416 },
  {
    name: "a range of what it has",
    fields: (tag) => ["Range: bytes=2-4", `If-None-Match: ${tag}`],
    status: 304,
  },
];

for (const { name, fields, status } of CONDITIONS) {
  test(`asked for with ${name}, it answers ${status}`, async () => {
    const tag = await etag();
    const response = await ask("/digits.txt", fields(tag));
    assertEquals(Number(response.status.slice(0, 3)), status);
    if (status === 200) assertEquals(response.body, TEXT);
    if (status === 206) {
      assertEquals([response.body, response.headers["content-range"]], ["234", "bytes 2-4/10"]);
    }
    if (status === 304) assertEquals([response.body, response.headers["etag"]], ["", tag]);
    if (status === 416) assertEquals(response.headers["content-range"], "bytes */10");
  });
}

test("HEAD knows no ranges", async () => {
  const { status, headers } = await ask("/digits.txt", ["Range: bytes=2-4"], { method: "HEAD" });
  assertEquals([status, headers["content-length"]], ["200 OK", "10"]);
});

test("a client that leaves in the middle of a file does no harm", async () => {
  await withServer(staticFiles(root), async (server) => {
    const { address } = server;
    assert(address.family !== "unix");
    const stream = connect({ host: address.host, port: address.port });
    stream.write(requestText("GET", "/big.bin"));
    await new Promise((resolve) => stream.once("data", resolve));
    stream.destroy();
    assertEquals(await (await fetch(`${server.url}digits.txt`)).text(), TEXT);
  });
});

test("it keeps the rules of PEP 3333, compressed or not, and so does the example", async () => {
  const paths = ["/", "/digits.txt", "/sub", "/nothing", "/empty.css"];
  for (const app of [staticFiles(root), gzip(staticFiles(root))]) {
    for (const path of paths) {
      const request = requestText("GET", path, ["Connection: close", "Accept-Encoding: gzip"]);
      const text = await withServer(validator(app), (server) => exchange(server, request));
      assert(!text.startsWith("HTTP/1.1 500"), text);
    }
  }
  const example = validator(WSGIPathInfoDispatcher(files));
  const source = await withServer(example, async (server) => {
    return await (await fetch(`${server.url}source/files.ts`)).text();
  });
  assertMatch(source, /Static files/);
});
