/** Hono on `Deno.serve`. */

import { announce } from "./control.ts";
import type { FetchHandler } from "./fetch_handlers.ts";
import { honoFetch } from "./hono_app.ts";

interface DenoRuntime {
  serve(options: unknown, answer: FetchHandler): unknown;
}

const runtime = (globalThis as unknown as { Deno: DenoRuntime }).Deno;
const options = {
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }: { readonly port: number }) => announce(port),
};
runtime.serve(options, honoFetch());
