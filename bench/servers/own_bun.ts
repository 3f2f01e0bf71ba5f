/** Bun's own server: `Bun.serve`. */

import { announce, askedApp } from "./control.ts";
import { FETCH_HANDLERS, type FetchHandler } from "./fetch_handlers.ts";

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  /** The idle time-out, in seconds. */
  readonly idleTimeout: number;
  readonly fetch: FetchHandler;
}

/** The part of `Bun` that is used here, declared so that no types of Bun are needed. */
interface BunRuntime {
  serve(options: ServeOptions): { readonly port: number };
}

const runtime = (globalThis as unknown as { Bun: BunRuntime }).Bun;
const { port } = runtime.serve({
  hostname: "127.0.0.1",
  port: 0,
  // The time is that of our server. The default of 10 s ends idle connections while others are
  // opened.
  idleTimeout: 60,
  fetch: askedApp(FETCH_HANDLERS),
});
announce(port);
