/** A law: the client of the test kit sees the bytes that a TCP socket carries. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { connect } from "node:net";
import { test } from "node:test";
import { serve } from "../../mod.ts";
import { testClient } from "../../src/testing/mod.ts";
import type { Environ, StartResponse } from "../../src/wsgi/mod.ts";
import { assertLaw } from "../support/shares.ts";

const EXCHANGES = 60;

/** What the app does, in the order of the text: `b` a block, `e` an empty one, `r` reads. */
type Plan = string;

interface Exchange {
  readonly method: string;
  readonly plan: Plan;
  readonly body: string;
  readonly chunked: boolean;
  readonly version: string;
  readonly pipelined: number;
}

/** Does as the plan in the path says. */
function* planned(environ: Environ, startResponse: StartResponse) {
  const [, plan = ""] = String(environ.PATH_INFO).split("/");
  startResponse("200 OK", [["Content-Type", "text/plain"], ["X-Plan", plan]]);
  for (const step of plan) {
    if (step === "b") yield `block of ${environ.REQUEST_METHOD};`;
    else if (step === "e") yield "";
    else yield new TextDecoder().decode(yield* environ["wsgi.input"].read(3));
  }
  return plan.endsWith("e") ? "last" : "";
}

const exchange: fc.Arbitrary<Exchange> = fc.record({
  method: fc.constantFrom("GET", "POST", "HEAD", "PUT"),
  plan: fc.array(fc.constantFrom("b", "e", "r"), { maxLength: 6 }).map((steps) => steps.join("")),
  body: fc.string({ maxLength: 20, unit: fc.constantFrom("a", "b", "\r", "\n", "0") }),
  chunked: fc.boolean(),
  version: fc.constantFrom("HTTP/1.1", "HTTP/1.1", "HTTP/1.0"),
  pipelined: fc.integer({ min: 0, max: 2 }),
});

function wireOf({ method, plan, body, chunked, version, pipelined }: Exchange): string {
  const isChunked = chunked && version === "HTTP/1.1";
  const framing = isChunked ? "Transfer-Encoding: chunked" : `Content-Length: ${body.length}`;
  const chunk = body === "" ? "" : `${body.length.toString(16)}\r\n${body}\r\n`;
  const content = isChunked ? `${chunk}0\r\n\r\n` : body;
  const head = `${method} /${plan} ${version}\r\nHost: x\r\n`;
  const kept = `${head}${framing}\r\n\r\n${content}`;
  return kept.repeat(pipelined) + `${head}Connection: close\r\n${framing}\r\n\r\n${content}`;
}

function overTcp(port: number, wire: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => void socket.write(wire, "latin1"));
    socket.setEncoding("latin1");
    socket.on("data", (piece: string) => void (text += piece));
    socket.on("end", () => socket.end());
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}

function withoutDate(text: string): string {
  return text.replace(/^Date: .*$/gm, "Date:");
}

test("the bytes of random exchanges are those of a TCP socket", async () => {
  const server = await serve({ wsgiApp: planned, bindAddr: ["127.0.0.1", 0], burst: 60 });
  const port = Number(new URL(server.url).port);
  await using client = testClient(planned);
  try {
    await assertLaw(
      fc.asyncProperty(exchange, async (one) => {
        const wire = wireOf(one);
        const { text } = await client.raw(wire);
        assertEquals(withoutDate(text), withoutDate(await overTcp(port, wire)));
      }),
      EXCHANGES,
    );
  } finally {
    await server.close();
  }
});
