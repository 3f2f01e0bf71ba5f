/** Deno's own server: `Deno.serve`. */

import { announce, askedApp } from "./control.ts";
import { FETCH_HANDLERS, type FetchHandler } from "./fetch_handlers.ts";

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  readonly onListen: (address: { readonly port: number }) => void;
}

/** The part of `Deno` that is used here, declared for the type checker of Node. */
interface DenoRuntime {
  serve(options: ServeOptions, answer: FetchHandler): unknown;
}

const runtime = (globalThis as unknown as { Deno: DenoRuntime }).Deno;
const options = {
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }: { readonly port: number }) => announce(port),
};
runtime.serve(options, askedApp(FETCH_HANDLERS));
