/**
 * Informational responses, and the response that opens a tunnel.
 */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { informational, ResponseError, tunnelResponse } from "../../../src/http/mod.ts";

test("writes 100 (Continue)", () => {
  assertEquals(informational(100), "HTTP/1.1 100 Continue\r\n\r\n");
});

test("writes the fields of 103 (Early Hints)", () => {
  assertEquals(
    informational(103, [["Link", "</a>; rel=preload"], ["Link", "</b>; rel=preload"]]),
    "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: </b>; rel=preload\r\n\r\n",
  );
});

test("names Upgrade in Connection for 101 (Switching Protocols)", () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n";
  const upgrade = ["Upgrade", "websocket"] as const;
  assertEquals(informational(101, [upgrade]), `${head}Connection: upgrade\r\n\r\n`);
  const given = informational(101, [upgrade, ["connection", "Upgrade"]]);
  assertEquals(given, `${head}connection: Upgrade\r\n\r\n`);
});

test("refuses framing, injection and the connection's own fields", () => {
  for (const name of ["Content-Length", "Transfer-Encoding", "Connection", "a b"]) {
    assertThrows(() => informational(103, [[name, "5"]]), ResponseError);
  }
  assertThrows(() => informational(103, [["Link", "a\r\nb: c"]]), ResponseError);
});

test("refuses a status that is not informational, and text instead of a status", () => {
  for (
    const status of [99, 104, 200, 103.5, NaN, "103", "103\r\nX: y", undefined, null, {}, [103]]
  ) {
    assertThrows(
      () => informational(status as 103),
      ResponseError,
      "expected 100, 101, 102 or 103",
    );
  }
  const wrong = () => informational("103\r\nX" as unknown as 103);
  assertThrows(wrong, ResponseError, 'Cannot inform with status "103??X": expected 100');
});

test("opens a tunnel with a head that has no Content-Length", () => {
  assertEquals(tunnelResponse([["X-A", "b"]]), "HTTP/1.1 200 OK\r\nX-A: b\r\n\r\n");
  for (const name of ["Content-Length", "Transfer-Encoding", "Connection", "a b"]) {
    assertThrows(() => tunnelResponse([[name, "5"]]), ResponseError);
  }
});
