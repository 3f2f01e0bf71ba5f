/** Hono on `Bun.serve`. */

import { announce } from "./control.ts";
import { honoFetch } from "./hono_app.ts";

interface BunRuntime {
  serve(options: unknown): { readonly port: number };
}

const runtime = (globalThis as unknown as { Bun: BunRuntime }).Bun;
announce(runtime.serve({ hostname: "127.0.0.1", port: 0, fetch: honoFetch() }).port);
