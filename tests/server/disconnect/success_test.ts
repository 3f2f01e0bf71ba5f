/**
 * A request that is answered is no disconnect: its signal never aborts, neither with its response
 * nor when its client leaves later.
 */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type AppYield, Sleep, syncInput, type WSGIApp } from "../../../mod.ts";
import { eventually, servingOverTcp, type Way, WAYS } from "../../support/tcp.ts";
import { NOTICED_WITHIN } from "./leaving.ts";
import { STACKS, SYNC_STACKS } from "./middleware.ts";
import { Trace } from "./states.ts";

const UPLOAD = "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody";

/** Makes an app that reads, waits and answers, and writes the trace. */
function answering(trace: Trace): WSGIApp {
  return (environ, startResponse) => {
    environ.cogen.signal.addEventListener("abort", () => void trace.aborts++);
    function* blocks(): Generator<AppYield, string, unknown> {
      try {
        startResponse("200 OK", [["Content-Type", "text/plain"]]);
        yield "begun, ";
        const body = yield* environ["wsgi.input"].read();
        yield environ.cogen.core.events.Sleep(0.001);
        yield* environ.cogen.wait(Sleep(0.001));
        return `read ${body.length}`;
      } finally {
        trace.finallies++;
        trace.abortedInFinally = environ.cogen.signal.aborted;
      }
    }
    return Object.assign(blocks(), { close: () => void trace.closes++ });
  };
}

// Only middleware that steps a generator by hand gets the value that the generator returns.
const { "errorPage, validator, upper case": _dropsReturned, ...KEEPING } = {
  ...STACKS,
  ...SYNC_STACKS,
};

for (const way of WAYS) {
  for (const [stack, wrap] of Object.entries(KEEPING)) {
    test(`a request that is answered is not aborted, though its client ${way} later: ${stack}`, async () => {
      const trace = new Trace();
      const serving = await servingOverTcp(wrap(answering(trace)));
      const client = await serving.open();
      client.send(UPLOAD);
      await client.has("read 4");
      await client.until("the end", () => client.text.endsWith("0\r\n\r\n"));
      client.leave(way);
      await serving.quiet(NOTICED_WITHIN);
      const { finallies, closes, aborts, abortedInFinally } = trace;
      assertEquals(
        { finallies, closes, aborts, abortedInFinally },
        { finallies: 1, closes: 1, aborts: 0, abortedInFinally: false },
      );
      await serving.finish();
    });
  }

  test(`a client that has ended its side is answered, and no disconnect is reported: it ${way} later`, async () => {
    const trace = new Trace();
    // A slow machine needs more than the default for the answer.
    const serving = await servingOverTcp(answering(trace), { timeouts: { halfClosed: 60 } });
    const client = await serving.open();
    client.send(UPLOAD);
    client.stream.end();
    await client.until("the server's end", () => client.ended);
    client.leave(way);
    await serving.quiet(NOTICED_WITHIN);
    assertEquals([trace.finallies, trace.closes, trace.aborts], [1, 1, 0]);
    assertEquals(client.text.endsWith("0\r\n\r\n"), true);
    await serving.finish();
  });

  test(`a request that is answered before its body has come is not aborted: the client ${way} later`, async () => {
    let aborts = 0;
    const serving = await servingOverTcp((environ, startResponse) => {
      environ.cogen.signal.addEventListener("abort", () => void aborts++);
      startResponse("200 OK", []);
      return ["answered"];
    });
    const client = await serving.open();
    client.send(UPLOAD.replace("4", "5000"));
    await client.has("answered");
    client.leave(way);
    await serving.quiet(NOTICED_WITHIN);
    assertEquals(aborts, 0);
    await serving.finish();
  });

  test(`a signal that the app reads for the first time in finally is aborted: the client ${way}`, async () => {
    let aborted: boolean | undefined;
    const serving = await servingOverTcp(function* (environ, startResponse) {
      startResponse("200 OK", []);
      try {
        yield "begun";
        yield environ.cogen.core.events.Sleep(60);
      } finally {
        aborted = environ.cogen.signal.aborted;
      }
    });
    await leaveWhen(serving, "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "begun", way);
    assertEquals(aborted, true);
    await serving.finish();
  });

  test(`the server waits for a finally that waits: the client ${way}`, async () => {
    const steps: string[] = [];
    const serving = await servingOverTcp(function* (environ, startResponse) {
      startResponse("200 OK", []);
      try {
        yield "begun";
        yield environ.cogen.core.events.Sleep(60);
      } finally {
        steps.push("begins");
        yield* environ.cogen.wait(Sleep(0.01));
        steps.push("ends");
      }
    });
    await leaveWhen(serving, "GET / HTTP/1.1\r\nHost: test\r\n\r\n", "begun", way);
    assertEquals(steps, ["begins", "ends"]);
    await serving.finish();
  });

  test(`syncInput does not call the app if the client ${way} while the body is read`, async () => {
    let called = 0;
    const serving = await servingOverTcp(syncInput((_environ, startResponse) => {
      called++;
      startResponse("200 OK", []);
      return ["never"];
    }));
    const client = await serving.open();
    client.send(UPLOAD.replace("4", "5"));
    await eventually("the app to begin", () => serving.server.stats().activeRequests === 1);
    client.leave(way);
    await serving.quiet(NOTICED_WITHIN);
    assertEquals(called, 0);
    await serving.finish();
  });
}

async function leaveWhen(
  serving: Awaited<ReturnType<typeof servingOverTcp>>,
  request: string,
  text: string,
  way: Way,
): Promise<void> {
  const client = await serving.open();
  client.send(request);
  await client.has(text);
  client.leave(way);
  await serving.quiet(NOTICED_WITHIN);
}
