/** Bun's own server: `Bun.serve`. */

import { HELLO } from "../workloads.ts";
import { announce } from "./control.ts";

interface ServeOptions {
  readonly hostname: string;
  readonly port: number;
  fetch(): Response;
}

/** The part of `Bun` that is used here, so that no types of Bun's are needed. */
interface BunRuntime {
  serve(options: ServeOptions): { readonly port: number };
}

const runtime = (globalThis as unknown as { Bun: BunRuntime }).Bun;
const { port } = runtime.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: () => new Response(HELLO.body, { headers: { "Content-Type": HELLO.contentType } }),
});
announce(port);
