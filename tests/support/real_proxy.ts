/** Runs the proxies of others, such as nginx, in front of a server. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The arguments before the name of the configuration. */
const ARGUMENTS = { nginx: ["-e", "/dev/null", "-c"], haproxy: ["-db", "-f"] } as const;

/** Runs a proxy with a configuration in a folder of its own, until `use` is done. */
export async function withProxy(
  program: keyof typeof ARGUMENTS,
  configuration: (folder: string) => string,
  use: () => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cogen-proxy-"));
  const file = join(folder, "proxy.conf");
  writeFileSync(file, configuration(folder));
  const child = spawn(program, [...ARGUMENTS[program], file], { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await use();
  } finally {
    // nginx can lose a SIGTERM that comes just before its wait for events, and would then run for ever.
    child.kill("SIGKILL");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

/**
 * The configuration of an nginx that writes only into its folder.
 *
 * @param http The lines of the block `http`, indented.
 */
export const nginxConfiguration = (http: string) => (folder: string): string => `
daemon off;
master_process off;
pid ${folder}/pid;
error_log /dev/null;
events {}
http {
    access_log off;
    client_body_temp_path ${folder}/body;
    proxy_temp_path ${folder}/proxy;
    fastcgi_temp_path ${folder}/fastcgi;
    uwsgi_temp_path ${folder}/uwsgi;
    scgi_temp_path ${folder}/scgi;
${http}
}
`;
