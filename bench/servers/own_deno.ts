/** Deno's own server: `Deno.serve`. */

import process from "node:process";
import { announce, askedApp } from "./control.ts";
import { FETCH_HANDLERS, type FetchHandler } from "./fetch_handlers.ts";

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  /** Whether the server compresses answers, if the client allows it. */
  readonly automaticCompression: boolean;
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
  automaticCompression: process.argv[2]?.startsWith("gzip") ?? false,
  onListen: ({ port }: { readonly port: number }) => announce(port),
};
runtime.serve(options, askedApp(FETCH_HANDLERS));
