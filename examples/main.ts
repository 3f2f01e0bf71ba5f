/** Serves an example when its file is the program, and does nothing when it is only imported. */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mounts, serve, type WSGIApp } from "../mod.ts";

/**
 * Serves `wsgiApp` on `127.0.0.1:8000`, or the port in `PORT`, until Ctrl-C.
 *
 * @param meta The `import.meta` of the example.
 * @param wsgiApp The example's app.
 */
export async function serveWhenMain(meta: ImportMeta, wsgiApp: WSGIApp | Mounts): Promise<void> {
  if (fileURLToPath(meta.url) !== process.argv[1]) return;
  try {
    await serveUntilInterrupted(wsgiApp);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** Ctrl-C lets running requests finish; a second one cancels them. */
async function serveUntilInterrupted(wsgiApp: WSGIApp | Mounts): Promise<void> {
  const server = await serve({ wsgiApp });
  console.log(`Serving on ${server.url} (${runtime()}). Ctrl-C ends it.`);
  const end = () => void (server.stopping ? server.close() : server.shutdown());
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, end);
  await server.finished;
  console.log("Ended.");
  process.exit(0);
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? `Node ${node}` : `Bun ${bun}`;
}
