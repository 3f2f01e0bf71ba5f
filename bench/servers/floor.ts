/**
 * Our server with a generator app that makes a `Response` as well, and reads its headers and its body: the cost
 * that no server of fetch handlers on our engine can save, as long as the handler makes the runtime's own
 * `Response`.
 */

import { type Environ, serve, type StartResponse } from "../../mod.ts";
import { HELLO, TEXT } from "../workloads/content.ts";
import { announce, counter } from "./control.ts";

// deno-lint-ignore require-yield -- a generator, as the hello app of ours
function* hello(_environ: Environ, startResponse: StartResponse) {
  counter.served++;
  const response = new Response(HELLO.body, { headers: { "Content-Type": TEXT } });
  const fields: [string, string][] = [];
  response.headers.forEach((value, name) => void fields.push([name, value]));
  void response.text();
  startResponse("200 OK", fields);
  return HELLO.body;
}

const server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: hello });
announce(Number(new URL(server.url).port));
