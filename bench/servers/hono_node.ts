/** Hono on Node, with its own adapter. */

import { serve } from "@hono/node-server";
import { announce } from "./control.ts";
import { honoFetch } from "./hono_app.ts";

serve({ fetch: honoFetch(), hostname: "127.0.0.1", port: 0 }, ({ port }) => announce(port));
