/** Fetch handlers on our server. */

import { serve } from "../../mod.ts";
import { fromFetch } from "../../src/fetch/mod.ts";
import { announce, askedApp } from "./control.ts";
import { FETCH_HANDLERS } from "./fetch_handlers.ts";

const server = await serve({
  bindAddr: ["127.0.0.1", 0],
  wsgiApp: fromFetch(askedApp(FETCH_HANDLERS)),
});
announce(Number(new URL(server.url).port));
