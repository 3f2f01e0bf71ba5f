/** This function serves an example if the example's file is the program, and not if it is imported. */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Mounts, serve, type WSGIApp } from "../mod.ts";

/** Whether the file with this `import.meta` is the program. */
export function isMain(meta: ImportMeta): boolean {
  return fileURLToPath(meta.url) === process.argv[1];
}

/**
 * Serves an app on `127.0.0.1:8000`, or on the port in `PORT`, until Ctrl-C.
 *
 * @param meta The `import.meta` of the example.
 * @param wsgiApp The app of the example, or mounts.
 */
export async function serveWhenMain(meta: ImportMeta, wsgiApp: WSGIApp | Mounts): Promise<void> {
  if (!isMain(meta)) return;
  try {
    await serveUntilInterrupted(wsgiApp);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

const SILENT_MS = 1000; // the time in which requests may end without a word

/**
 * Serves an app. The first Ctrl-C or SIGTERM lets running requests finish, and says what is waited for if they
 * take a moment; a second Ctrl-C cancels them.
 */
async function serveUntilInterrupted(wsgiApp: WSGIApp | Mounts): Promise<void> {
  const server = await serve({ wsgiApp });
  const paths = typeof wsgiApp === "function" || "/" in wsgiApp ? [] : Object.keys(wsgiApp);
  const addresses = server.url + paths.join(", ").slice(1);
  console.log(`Serving on ${addresses} (${runtime()}). Ctrl-C ends it.`);
  const end = (signal: string) => {
    // A service manager and npm may both send SIGTERM, so only Ctrl-C means "at once".
    if (server.stopping) return signal === "SIGINT" ? void server.close() : undefined;
    void server.shutdown();
    setTimeout(() => {
      const { activeRequests } = server.stats();
      if (activeRequests === 0) return;
      const requests = activeRequests === 1 ? "1 request" : `${activeRequests} requests`;
      console.log(`Waiting for ${requests} at most 10 s. Press Ctrl-C again to end at once.`);
    }, SILENT_MS);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(signal));
  await server.finished;
  console.log("Ended.");
  process.exit(0);
}

function runtime(): string {
  const { bun, deno, node } = process.versions;
  if (deno !== undefined) return `Deno ${deno}`;
  return bun === undefined ? `Node ${node}` : `Bun ${bun}`;
}
