import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { ReceiveBuffer } from "../../../src/coroutine/sockets/receive_buffer.ts";
import { SlicedBytes } from "../../support/sliced_bytes.ts";

test("pushed bytes are copied, also of an array with slices that are views", () => {
  const buffer = new ReceiveBuffer();
  const lent = new SlicedBytes(new ArrayBuffer(3)).fill(1);
  buffer.push(lent);
  lent.fill(2);
  assertEquals(buffer.take(3), new Uint8Array([1, 1, 1]));
});
