/**
 * The text of `--help`.
 *
 * @module
 */

import { type Option, OPTIONS } from "./options.ts";
import { formatValue } from "./values.ts";

const HEAD = `Usage: cogen-wsgi [serve] APP [options]      serve an app
       cogen-wsgi check APP [options]        try the app, and report what breaks PEP 3333
       cogen-wsgi fetch APP PATH [options]   print the response to one request, without a port
       cogen-wsgi status --status ADDRESS    print what a running server waits for

APP is a module, such as app.ts, or a module and the name of an export, such as app.ts:admin. The
export (by default "default") is a WSGI app, mounts (path prefixes and apps), or an object with
"fetch". On Node before 22.18, TypeScript needs the package tsx: npm install tsx.
`;

const TAIL = `
Each option is also a variable of the environment (--access-log: COGEN_ACCESS_LOG) and a key of the
configuration (accessLog). The command line wins over the environment, and the environment over
the configuration. PORT, HOST, WEB_CONCURRENCY (--workers) and FORWARDED_ALLOW_IPS
(--trust-proxy) are read as well. Times: 500ms, 30s, 2m; none for no limit.

Exit codes: 0 ended well, 1 crashed or check found a fault, 2 wrong usage, 3 could not start,
4 the app could not be loaded, 22 fetch got no 2xx, or status no answer.
SIGTERM and SIGINT (Ctrl-C) let the running requests end; a second SIGINT cancels them. With --workers,
SIGHUP replaces the workers one after the other; without, it reads the certificates again. SIGUSR1 and
SIGUSR2 open the files of the logs again, after a program such as logrotate has moved them.
`;

/** Makes the text of `--help`. */
export function helpText(): string {
  const groups = [...new Set(OPTIONS.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const lines = OPTIONS.filter((option) => option.group === group).map(helpLine);
    return `\n${group}:\n${lines.join("")}`;
  });
  return HEAD + sections.join("") + TAIL;
}

function helpLine({ name, short, value, help, kind, fallback }: Option): string {
  const letter = short === undefined ? "   " : `-${short},`;
  const left = `  ${letter} --${name}${value === undefined ? "" : ` ${value}`}`;
  const standard = fallback === undefined ? "" : ` [${formatValue(kind, fallback)}]`;
  return `${left.padEnd(40)} ${help}${standard}\n`;
}
