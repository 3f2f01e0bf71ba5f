/** The body that an app behind `syncInput` reads. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { type SyncApp, syncInput } from "../../src/middleware/mod.ts";
import { post } from "../support/serving.ts";
import { answer, PLAIN } from "./answering.ts";

test("syncInput gives the whole body, however it came", async () => {
  const app = syncInput((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    const input = environ["wsgi.input"];
    return [
      [input.read(2), input.readline(), ...input].map((part) => new TextDecoder().decode(part))
        .join("|"),
      ` ${environ.CONTENT_LENGTH}`,
    ];
  });
  assertEquals((await answer(app, post("/", "abcd\nef\ng"))).body, "ab|cd\n|ef\n|g 9");
  const chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
    "3\r\nab\n\r\n2\r\ncd\r\n0\r\n\r\n";
  assertEquals((await answer(app, chunked)).body, "ab|\n|cd 5");
});

test("syncInput reads lines up to a limit", async () => {
  const app = syncInput((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    const input = environ["wsgi.input"];
    const lines = [input.readline(2), ...input.readlines(1), ...input.readlines(), input.read()];
    return [lines.map((line) => new TextDecoder().decode(line)).join("|")];
  });
  assertEquals((await answer(app, post("/", "abcd\nef\ng\nh"))).body, "ab|cd\n|ef\n|g\n|h|");
});

test("syncInput around another one gives the same body", async () => {
  const app = syncInput((environ, startResponse) => {
    startResponse("200 OK", PLAIN);
    return [environ["wsgi.input"].read(), ` ${environ.CONTENT_LENGTH}`];
  });
  const twice = syncInput(app as unknown as SyncApp);
  assertEquals((await answer(twice, post("/", "abc"))).body, "abc 3");
  assertEquals((await answer(twice)).body, " ");
});
