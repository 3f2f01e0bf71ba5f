import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { parseWrk } from "../../../bench/load/wrk.ts";
import {
  BROWSER,
  CLOSING,
  ECHO_POST,
  isClosing,
  PLAIN,
} from "../../../bench/workloads/requests.ts";

const REPORT = `Running 6s test @ http://127.0.0.1:8000/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.66ms    9.25ms  93.35ms   95.75%
    Req/Sec    81.45k    33.41k  104.12k    80.00%
  80670 requests in 1.00s, 8.92MB read
Requests/sec:  80580.80
Transfer/sec:      8.91MB
`;
const FIGURES = "FIGURES requests=80670 microseconds=1001107 p50=616 p99=56810 p999=87793 " +
  "connect=0 read=0 write=0 status=0\n";

test("reads the figures that wrk's script prints", () => {
  assertEquals(parseWrk(REPORT + FIGURES), {
    requests: 80670,
    seconds: 1.001107,
    p50: 616,
    p99: 56810,
    p999: 87793,
  });
});

test("rejects a run without figures, and says what wrk said", () => {
  assertThrows(() => parseWrk("unable to connect"), Error, "unable to connect");
});

for (const kind of ["connect", "read", "write", "status"]) {
  test(`rejects a run with ${kind} errors`, () => {
    assertThrows(() => parseWrk(FIGURES.replace(`${kind}=0`, `${kind}=3`)), Error, `${kind}=3`);
  });
}

test("the end of a connection is no error where it was asked for", () => {
  assertEquals(parseWrk(FIGURES.replace("read=0", "read=3"), true).requests, 80670);
});

test("knows which requests ask for the end of the connection", () => {
  assertEquals([PLAIN, BROWSER, ECHO_POST, CLOSING].map(isClosing), [false, false, false, true]);
});

test("the requests are what their names say", () => {
  const fields = (request: string) => request.slice(0, request.indexOf("\r\n\r\n")).split("\r\n");
  assertEquals(fields(PLAIN).length - 1, 2);
  assertEquals(fields(BROWSER).length - 1 >= 12, true);
  assertEquals(fields(BROWSER).some((field) => field.startsWith("Cookie: ")), true);
  const body = ECHO_POST.slice(ECHO_POST.indexOf("\r\n\r\n") + 4);
  assertEquals(ECHO_POST.includes(`Content-Length: ${body.length}\r\n`), true);
  assertEquals(body.length > 900 && body.length < 1150, true, String(body.length));
});
