/** Ours: a generator app on the runtime's adapter. */

import { serve } from "../../mod.ts";
import { HELLO } from "../workloads.ts";
import { announce } from "./control.ts";

const server = await serve({
  bindAddr: ["127.0.0.1", 0],
  *wsgiApp(_environ, startResponse) {
    startResponse("200 OK", [["Content-Type", HELLO.contentType]]);
    yield HELLO.body;
  },
});
announce(Number(new URL(server.url).port));
