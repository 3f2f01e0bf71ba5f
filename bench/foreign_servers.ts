/**
 * The servers that are not written in JavaScript. They are alternatives to this package, and are
 * measured if they are installed. Each runs in one process, as our server does.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../tests/tools/runtimes.ts";
import { type AppName, HELLO } from "./workloads/content.ts";

/** The parameters with which such a server is started. */
export interface ForeignStart {
  readonly port: number;
  readonly app: AppName;
  /** The directory for its configuration. */
  readonly directory: string;
}

export interface ForeignServer {
  readonly name: string;
  readonly apps: readonly AppName[];
  /** The command that installs it, for a note. */
  readonly hint: string;
  /** The version; `undefined` if the server is not installed. */
  version(): string | undefined;
  commandLine(start: ForeignStart): readonly string[];
}

/**
 * The program that starts waitress without its log. A line for each request that waits would be
 * half of its work.
 */
const QUIET_WAITRESS = "import logging; from waitress.runner import run; " +
  "logging.getLogger('waitress.queue').setLevel(logging.ERROR); run()";

const SERVERS = join(ROOT, "bench", "servers");
const FOR_EVER = "1000000000";

const nginx: ForeignServer = {
  name: "nginx",
  apps: ["hello"],
  hint: "apt-get install nginx-light",
  version: () => versionOf(["nginx", "-v"]),
  commandLine({ port, directory }) {
    const file = join(directory, "nginx.conf");
    writeFileSync(file, nginxConfiguration(port, directory));
    return ["nginx", "-e", join(directory, "nginx.log"), "-c", file];
  },
};

function nginxConfiguration(port: number, directory: string): string {
  return `daemon off;
master_process off;
pid ${join(directory, "nginx.pid")};
worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
  access_log off;
  default_type ${HELLO.contentType};
  keepalive_requests ${FOR_EVER};
  client_body_temp_path ${join(directory, "body")};
  proxy_temp_path ${join(directory, "proxy")};
  fastcgi_temp_path ${join(directory, "fastcgi")};
  uwsgi_temp_path ${join(directory, "uwsgi")};
  scgi_temp_path ${join(directory, "scgi")};
  server { listen 127.0.0.1:${port}; location / { return 200 "${HELLO.body}"; } }
}
`;
}

/** Makes a server that serves `servers/python_apps.py`, WSGI or ASGI. */
function python(name: string, args: (port: string) => readonly string[]): ForeignServer {
  return {
    name,
    apps: ["hello", "stream", "echo"],
    hint: `apt-get install python3-${name}, or pip install ${name}`,
    version() {
      const interpreter = interpreterWith(name);
      const print = `from importlib.metadata import version; print(version("${name}"))`;
      return interpreter && versionOf([interpreter, "-c", print]);
    },
    commandLine: ({ port, app }) => {
      const start = name === "waitress" ? ["-c", QUIET_WAITRESS] : ["-m", name];
      const program = [interpreterWith(name) ?? "python3", ...start];
      const kind = name === "uvicorn" ? "asgi" : "wsgi";
      const place = [`PYTHONPATH=${SERVERS}`, "PYTHONDONTWRITEBYTECODE=1"];
      return ["env", ...place, ...program, ...args(String(port)), `python_apps:${kind}_${app}`];
    },
  };
}

const interpreters = new Map<string, string | undefined>();

/**
 * Finds the first Python that has a module, and remembers it. The Python of a version manager may
 * hide Debian's.
 */
function interpreterWith(module: string): string | undefined {
  if (interpreters.has(module)) return interpreters.get(module);
  const found = ["python3", "/usr/bin/python3"].find((interpreter) =>
    spawnSync(interpreter, ["-c", `import ${module}`]).status === 0
  );
  interpreters.set(module, found);
  return found;
}

function versionOf(commandLine: readonly string[]): string | undefined {
  const [program = "", ...args] = commandLine;
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8" });
  if (status !== 0) return undefined;
  return /\d+\.\d+(\.\d+)?/.exec(stdout + stderr)?.[0] ?? "of unknown version";
}

export const FOREIGN_SERVERS: readonly ForeignServer[] = [
  nginx,
  python("gunicorn", (port) => [
    // The default worker of gunicorn closes every connection after one answer.
    ...["--workers", "1", "--worker-class", "gthread", "--threads", "4", "--keep-alive", "60"],
    ...["--bind", `127.0.0.1:${port}`, "--graceful-timeout", "1", "--log-level", "error"],
  ]),
  python("waitress", (port) => [`--listen=127.0.0.1:${port}`, "--connection-limit=15000"]),
  python("uvicorn", (port) => [
    ...["--host", "127.0.0.1", "--port", port, "--lifespan", "off"],
    ...["--log-level", "error", "--no-access-log"],
  ]),
];
