/**
 * The corpus over real sockets: every runtime answers every message with the bytes in `golden.txt`.
 *
 * `WRITE_GOLDEN=1` replaces the file after an intended change.
 */

import { assertEquals } from "@std/assert";
import process from "node:process";
import { test } from "node:test";
import { type Environ, serve, type StartResponse, type WSGIServer } from "../../../mod.ts";
import { type CorpusCase, readCorpus } from "../../http/corpus.ts";
import { exchange } from "./exchange.ts";
import { readGolden, section, writeGolden } from "./golden.ts";

/**
 * An app that reads the whole request and answers with a description of it. A request without a body gets
 * an answer with `Content-Length`, the others a chunked one.
 */
function* tell(environ: Environ, startResponse: StartResponse) {
  const body = yield* environ["wsgi.input"].read();
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const { REQUEST_METHOD, SCRIPT_NAME, PATH_INFO, QUERY_STRING, HTTP_HOST } = environ;
  const line = `${REQUEST_METHOD} ${SCRIPT_NAME}|${PATH_INFO}|${QUERY_STRING} at ${HTTP_HOST}\n`;
  if (body.length === 0) return line;
  yield line;
  yield body;
}

/**
 * One server for each set of limits. Its time-outs are long, so that a slow machine gives the same
 * answers.
 */
class Servers {
  readonly #servers = new Map<string, Promise<WSGIServer>>();

  for({ limits }: CorpusCase): Promise<WSGIServer> {
    const key = JSON.stringify(limits);
    let server = this.#servers.get(key);
    if (server === undefined) {
      server = serve({
        wsgiApp: tell,
        bindAddr: ["127.0.0.1", 0],
        limits,
        timeouts: { halfClosed: Infinity },
      });
      this.#servers.set(key, server);
    }
    return server;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) await (await server).close();
  }
}

async function answer(servers: Servers, message: CorpusCase): Promise<string> {
  const { address } = await servers.for(message);
  if (address.family === "unix") throw new TypeError("Expected a port");
  return section(message.name, await exchange(address.port, message.bytes));
}

test("every message of the corpus has the same answer on every runtime", async () => {
  const corpus = readCorpus();
  const servers = new Servers();
  const sections: string[] = [];
  try {
    for (let from = 0; from < corpus.length; from += 16) {
      const batch = corpus.slice(from, from + 16);
      sections.push(...await Promise.all(batch.map((message) => answer(servers, message))));
    }
  } finally {
    await servers.close();
  }
  if (process.env["WRITE_GOLDEN"] !== undefined) writeGolden(sections);
  const golden = readGolden();
  for (const [place, { name }] of corpus.entries()) assertEquals(sections[place], golden.get(name));
  assertEquals(golden.size, corpus.length);
});
