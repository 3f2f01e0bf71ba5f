/** `srvx`, which has an adapter for each runtime. */

import { serve } from "srvx";
import { announce, askedApp } from "./control.ts";
import { FETCH_HANDLERS } from "./fetch_handlers.ts";

const server = serve({
  hostname: "127.0.0.1",
  port: 0,
  silent: true,
  fetch: askedApp(FETCH_HANDLERS),
});
await server.ready();
announce(Number(new URL(server.url ?? "").port));
