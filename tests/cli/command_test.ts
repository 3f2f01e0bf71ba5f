/** The command `cogen-wsgi`, as its users start it. */

import { assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { createServer } from "node:net";
import { existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { runCommand } from "../../src/cli/command.ts";
import { CommandFailure, failureOf } from "../../src/cli/failure.ts";
import { withUnixMode } from "../../src/cli/listening.ts";
import { OPTIONS } from "../../src/cli/options.ts";
import { splitArguments } from "../../src/cli/arguments.ts";
import { collectSettings } from "../../src/cli/settings.ts";
import { statusText } from "../../src/cli/status/status_command.ts";
import { VERSION } from "../../src/cli/version.ts";
import { inWorkshop, type Result, until } from "./program.ts";

const APP = `
export default function app(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["hello " + environ.REQUEST_METHOD + " " + environ.PATH_INFO + "\\n"];
}
export const five = 5;
export const web = { fetch: () => new Response("web\\n", { status: 404 }) };
export const make = () => app;
export const mounts = { "/a": app };
export function* wrong(environ, startResponse) { startResponse("200 OK", [["X-A", "1"]]); yield "a"; }
export async function* slow(environ, startResponse) {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  yield "begun";
  await new Promise((resolve) => environ.cogen.signal.addEventListener("abort", resolve));
}
export async function* upload(environ, startResponse) {
  let size = 0;
  for await (const piece of environ["wsgi.input"]) size += piece.length;
  startResponse("201 Created", [["Content-Type", "text/plain"]]);
  yield environ.CONTENT_TYPE + " " + size;
}
`;

const pem = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
const FILES = {
  "app.mjs": APP,
  "broken.mjs": "export default (",
  "class.mjs": "export default class Site {}",
  "mounts.mjs": "export default { api: () => [] };",
  "empty.mjs": "",
  "fails.mjs": `export default () => { throw new TypeError("no tea"); };`,
  "never.mjs": `export default function* (environ) {
    yield* environ.cogen.wait({ start: () => () => {} });
  }`,
};
/** The text that the command `status` prints. */
async function statusAt(address: string, ...more: string[]): Promise<string> {
  return await statusText(
    await collectSettings(splitArguments(["status", "--status", address, ...more])),
  );
}

const HINT = " (cogen-wsgi --help lists the options)";

/** Arguments, the exit code, and the only line on standard error. */
const FAULTS: readonly (readonly [args: string, code: number, message: string])[] = [
  ["--prot 80 app.mjs", 2, `unknown option --prot: did you mean --port?${HINT}`],
  [
    "--workers 0 app.mjs",
    2,
    `--workers is "0": expected a number of processes from 1, or auto${HINT}`,
  ],
  [
    "-w 2 --reload app.mjs",
    2,
    `--reload serves from one process: leave out --workers, or send SIGHUP to reload${HINT}`,
  ],
  ["-z 4 app.mjs", 2, `unknown option -z${HINT}`],
  ["--port", 2, `--port needs a value: --port PORT${HINT}`],
  ["--port 70000 app.mjs", 2, `--port is "70000": expected a port from 0 (any) to 65535${HINT}`],
  [
    "--grace soon app.mjs",
    2,
    `--grace is "soon": expected a time such as 30s, 500ms or 2m, or none${HINT}`,
  ],
  [
    "--access-log xml app.mjs",
    2,
    `--access-log is "xml": expected common, combined, json or off${HINT}`,
  ],
  [
    "-b fd://2 app.mjs",
    2,
    `--bind is "fd://2": expected host:port, such as 127.0.0.1:8000 or [::1]:8000, unix:path or fd://3${HINT}`,
  ],
  [
    "-b 127.0.0.1:0 -p 1 app.mjs",
    2,
    `--bind has host and port: leave out --host and --port${HINT}`,
  ],
  ["-X GET app.mjs", 2, `--method is an option of "fetch", not of "serve"${HINT}`],
  ["", 2, `no app: write cogen-wsgi app.ts${HINT}`],
  [
    "chek",
    2,
    `unknown command "chek": did you mean check? Expected serve, check, fetch or status, or a module such as app.ts${HINT}`,
  ],
  [
    "chek app.mjs",
    2,
    `unknown command "chek": did you mean check? Expected serve, check, fetch or status, or a module such as app.ts${HINT}`,
  ],
  [
    "state",
    2,
    `unknown command "state": did you mean status? Expected serve, check, fetch or status, or a module such as app.ts${HINT}`,
  ],
  [
    "status",
    2,
    `no address: write cogen-wsgi status --status unix:/path, as the server has it${HINT}`,
  ],
  ["status app.mjs", 2, `unexpected argument app.mjs: "status" takes no app${HINT}`],
  ["--json app.mjs", 2, `--json is an option of "status", not of "serve"${HINT}`],
  ["app.mjs more", 2, `unexpected argument more: "serve" takes one app${HINT}`],
  [
    "--tls-name a.example=c.pem app.mjs",
    2,
    `--tls-name is "a.example=c.pem": expected a host name and two files, such as a.example=cert.pem:key.pem${HINT}`,
  ],
  [
    `--tls-name a.example=${pem("client_ca")}:${pem("client_ca")} app.mjs`,
    2,
    `--tls-name needs HTTPS: add --tls-cert FILE and --tls-key FILE${HINT}`,
  ],
  ["--tls-key k.pem app.mjs", 2, `--tls-key needs a certificate: add --tls-cert FILE${HINT}`],
  [
    "--tls-ca c.pem app.mjs",
    2,
    `--tls-ca is of no use alone: add --tls-client required or optional${HINT}`,
  ],
  [
    "--tls-client required app.mjs",
    2,
    `--tls-client required needs the issuers: add --tls-ca FILE${HINT}`,
  ],
  [
    `--tls-client optional --tls-ca ${pem("client_ca")} app.mjs`,
    2,
    `--tls-client needs HTTPS: add --tls-cert FILE and --tls-key FILE${HINT}`,
  ],
  [
    "--tls-client always app.mjs",
    2,
    `--tls-client is "always": expected none, optional or required${HINT}`,
  ],
  [
    "--tls-cert c.pem --tls-key k.pem app.mjs",
    3,
    "cannot read --tls-cert c.pem: there is no such file",
  ],
  [
    "--tls-cert app.mjs --tls-key k.pem app.mjs",
    3,
    "--tls-cert app.mjs is not in PEM: expected a file with -----BEGIN",
  ],
  [
    "no.mjs",
    4,
    "cannot find no.mjs: write the path of a module, such as app.ts or src/app.ts:admin",
  ],
  ["empty.mjs", 4, "empty.mjs exports nothing: write export default app"],
  [
    "app.mjs:five",
    4,
    '"five" of app.mjs is 5: expected a WSGI app (a function), mounts, or an object with fetch',
  ],
  [
    "class.mjs",
    4,
    '"default" of class.mjs is the class Site: expected a WSGI app (a function), mounts, or an object with fetch; write (environ, startResponse) => new Site(environ, startResponse)',
  ],
  [
    "mounts.mjs",
    4,
    '"default" of mounts.mjs: Cannot mount an app at "api": a prefix begins with "/"',
  ],
  [
    "app.mjs:nix",
    4,
    'app.mjs has no export "nix": expected one of app.mjs, app.mjs:five, app.mjs:make, app.mjs:mounts, app.mjs:slow, app.mjs:upload, app.mjs:web, app.mjs:wrong',
  ],
  [
    "--access-log-file a.log app.mjs",
    2,
    `--access-log-file has no effect alone: add --access-log common${HINT}`,
  ],
  ["--max-requests 5 app.mjs", 2, `--max-requests has no effect alone: add --workers N${HINT}`],
  [
    "-w 1 --max-requests-jitter 5 app.mjs",
    2,
    `--max-requests-jitter has no effect alone: add --max-requests N${HINT}`,
  ],
  ["--worker-timeout 5 app.mjs", 2, `--worker-timeout has no effect alone: add --workers N${HINT}`],
  [
    "-w 1 --worker-timeout 0 app.mjs",
    2,
    `--worker-timeout is 0: expected more than 0, or none${HINT}`,
  ],
  ["--reload-dir . app.mjs", 2, `--reload-dir has no effect alone: add --reload${HINT}`],
  [
    "--reload --reload-dir no app.mjs",
    2,
    `cannot watch --reload-dir no: there is no such folder${HINT}`,
  ],
  [
    "--handshake-timeout 5 app.mjs",
    2,
    `--handshake-timeout has no effect alone: add --tls-cert FILE${HINT}`,
  ],
  [
    "--trusted-fields forwarded app.mjs",
    2,
    `--trusted-fields has no effect alone: add --trust-proxy PROXIES${HINT}`,
  ],
  ["--unix-mode 660 app.mjs", 2, `--unix-mode has no effect alone: add --bind unix:path${HINT}`],
  ["--backlog none app.mjs", 2, `--backlog is none: expected a whole number above 0${HINT}`],
  [
    "--max-connections 0 app.mjs",
    2,
    `--max-connections is 0: expected a whole number from 1, or none${HINT}`,
  ],
  [
    "check --max-head-bytes 0 app.mjs",
    2,
    `--max-head-bytes is 0: expected a whole number from 1, or none${HINT}`,
  ],
  [
    "--min-body-rate none app.mjs",
    2,
    `--min-body-rate is none: write 0 for any rate${HINT}`,
  ],
  [
    "--request-timeout 0 app.mjs",
    2,
    `--request-timeout is 0: expected more than 0, or none for no deadline${HINT}`,
  ],
  [
    `--tls-cert ${pem("cert")} --tls-key ${pem("key")} --handshake-timeout 0s app.mjs`,
    2,
    `--handshake-timeout is 0: expected more than 0, or none${HINT}`,
  ],
  ["-w 1 --max-requests 0 app.mjs", 2, `--max-requests is 0: expected more than 0, or none${HINT}`],
  [
    "-w 1 --max-requests 9 --max-requests-jitter none app.mjs",
    2,
    `--max-requests-jitter is none: expected a whole number${HINT}`,
  ],
  ["--backlog 0 app.mjs", 2, `--backlog is 0: expected a whole number above 0${HINT}`],
  [
    "--server-header \x07 fetch app.mjs /",
    2,
    `--server-header is "\\u0007": expected a string of latin-1 characters without control characters${HINT}`,
  ],
  [
    "--server-name a\tb check app.mjs",
    2,
    `--server-name is "a\\tb": expected a name, such as a.example${HINT}`,
  ],
  [
    "--host 1.2.3.4:5 app.mjs",
    2,
    `--host is "1.2.3.4:5": expected a host, such as 127.0.0.1 or ::1${HINT}`,
  ],
  [
    "-b [1.2.3.4:5]:80 app.mjs",
    2,
    `--bind is "[1.2.3.4:5]:80": expected host:port, such as 127.0.0.1:8000 or [::1]:8000, unix:path or fd://3${HINT}`,
  ],
  ["-P 5 app.mjs", 2, `unknown option -P: did you mean -p?${HINT}`],
  [
    "-p 0 --pid-file no/folder/pid app.mjs",
    3,
    "cannot write --pid-file no/folder/pid: its folder does not exist; make the folder first",
  ],
  ["app.mjs:wrong --factory", 4, '"wrong" of app.mjs is an app itself: leave out --factory'],
  [
    "fetch never.mjs /",
    22,
    "no whole response to GET /: 24 hours of the clock have passed: - runApp is waiting",
  ],
  [
    "--log-file no/folder/e.log app.mjs",
    3,
    "cannot write --log-file no/folder/e.log: its folder does not exist; make the folder first",
  ],
  [
    "app.mjs --app other.mjs",
    2,
    `--app is given beside the app app.mjs: leave out one of them${HINT}`,
  ],
  ["app.mjs --help=maybe", 2, `--help is "maybe": expected true or false${HINT}`],
  ["fetch", 2, `no app: write cogen-wsgi fetch app.ts /${HINT}`],
  ["fetch /", 2, `no app: write cogen-wsgi fetch app.ts /${HINT}`],
  ["fetch app.mjs", 2, `no path: write cogen-wsgi fetch app.mjs /${HINT}`],
  ["fetch --app app.mjs", 2, `no path: write cogen-wsgi fetch app.mjs /${HINT}`],
  ["fetch app.mjs x", 2, `the path is "x": expected a path such as /users?page=2${HINT}`],
  [
    "fetch app.mjs / -H bad",
    2,
    `--header is "bad": expected a line such as 'Accept: text/html'${HINT}`,
  ],
  ["fetch app.mjs / -d @no", 2, `cannot read --data @no: there is no such file${HINT}`],
];

/** Modules that throw a value at their import, and the message after `cannot load`. */
const THROWN: Readonly<Record<string, string>> = {
  "new Error('\\x1b[2Ja\\u009bb\\x1b[31mred\\x1b[0m\\0')": "\\x1b[2Ja\\x9bbred\\x00",
  "Object.defineProperty(new Error('x'), 'message', { get: fail })": "an Error",
  "Object.defineProperty(new Error('text'), 'stack', { get: fail })": "text",
  "Object.assign(new Error('text'), { errors: 5, position: 'x' })": "text",
  // The loader of tsx fails at this value itself.
  "revoked": "",
  "undefined": "undefined",
  "circle": "text",
};

test("a module that throws any value is a fault of one line, without control characters", async () => {
  const files = Object.fromEntries(
    Object.keys(THROWN).map((thrown, at) => [
      `throws${at}.mjs`,
      `const fail = () => { throw new Error("a getter"); };
      const { proxy: revoked, revoke } = Proxy.revocable({}, {});
      revoke();
      const circle = new Error("text");
      circle.cause = circle;
      throw ${thrown};`,
    ]),
  );
  await inWorkshop(files, async ({ folder }) => {
    for (const [at, message] of Object.values(THROWN).entries()) {
      const file = `${folder}/throws${at}.mjs`;
      const failure = await assertRejects(() => runCommand([file]), CommandFailure);
      assertEquals(failure.code, 4);
      assertStringIncludes(failure.message.replace(folder, ""), `throws${at}.mjs: ${message}`);
      assertEquals(
        /(?!\n)\p{Cc}/u.test(`${failure.message}${failure.detail}`),
        false,
      );
    }
  });
});

test("any error becomes a failure of the command", () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const circle: { code?: number; cause?: unknown } = { code: 5 };
  circle.cause = circle;
  for (const error of [proxy, circle, undefined, null, 5, "text\x1b[2J"]) {
    const { code, message } = failureOf(error);
    assertEquals([code, message.includes("\x1b")], [1, false]);
  }
});

test("a fault is one line with a remedy, and has its exit code", async () => {
  await inWorkshop(FILES, async ({ folder, run }) => {
    const isFile = (word: string) => /^@?[\w.:]+$/.test(word) && /mjs|pem|@no/.test(word);
    const place = (word: string) => isFile(word) ? word.replace(/^(@?)/, `$1${folder}/`) : word;
    for (const [args, code, message] of FAULTS) {
      const words = args.split(" ").filter((word) => word !== "").map(place);
      const failure = await assertRejects(() => runCommand(words), CommandFailure);
      assertEquals(
        [failure.code, failure.message.replaceAll(`${folder}/`, "")],
        [code, message],
        args,
      );
    }
    const fails = await run(["fails.mjs", "--factory"]);
    assertEquals([fails.code, fails.stdout], [4, ""]);
    const message =
      /^cogen-wsgi: the factory "default" of fails\.mjs failed: TypeError: no tea \(fails\.mjs:1:\d+\)\n$/;
    assertMatch(fails.stderr, message);
    const broken = await run(["broken.mjs"]);
    assertEquals([broken.code, broken.stdout], [4, ""]);
    assertMatch(broken.stderr, /^cogen-wsgi: cannot load broken\.mjs: /);
  });
});

test("fetch prints the response, and the exit code tells a status 2xx", async () => {
  await inWorkshop(FILES, async ({ runEach }) => {
    const rows: readonly (readonly [args: string, code: number, output: string])[] = [
      ["app.mjs:make --factory -XPUT /x", 0, "hello PUT /x\n"],
      ["app.mjs:web /", 22, "web\n"],
      ["/x?y app.mjs", 0, "hello GET /x\n"],
      ["app.mjs:upload / -d=", 0, "application/x-www-form-urlencoded 0"],
      ["app.mjs:upload / -d a=b", 0, "application/x-www-form-urlencoded 3"],
      ["app.mjs:upload / -d @empty.mjs -H Content-Type:text/a", 0, "text/a 0"],
    ];
    const invocations = rows.map(([args]) => ({ args: ["fetch", ...args.split(" ")] }));
    const results = await runEach([...invocations, { args: ["fetch", "-i", "app.mjs", "/"] }]);
    rows.forEach(([args, code, stdout], at) => {
      assertEquals(results[at], { code, stdout, stderr: "" }, args);
    });
    assertMatch(
      results.at(-1)?.stdout ?? "",
      /^HTTP\/1\.1 200 OK\r\n(?:.+\r\n)*Content-Length: 12\r\n\r\nhello GET \/\n$/,
    );
  });
});

const hasFullDisk = existsSync("/dev/full");

/** Node loads this before the command: a loader of modules may have a pipe to standard output. */
const PIPE = encodeURIComponent(`
  import { PassThrough } from "node:stream";
  new PassThrough().pipe(process.stdout);
`);

test("a full disk is one line and the exit code 1", { skip: !hasFullDisk }, async () => {
  await inWorkshop(FILES, async ({ start }) => {
    const rows: readonly (readonly [args: string, options?: string])[] = [
      ["--help"],
      ["fetch app.mjs / -i"],
      ["check app.mjs"],
      ["--help", `--import=data:text/javascript,${PIPE}`],
    ];
    for (const [args, options = ""] of rows) {
      const script = `NODE_OPTIONS="${options}" exec "$@" > /dev/full`;
      const program = start(args.split(" "), ["sh", "-c", script, "sh"]);
      assertEquals(await program.ended, {
        code: 1,
        stdout: "",
        stderr: "cogen-wsgi: cannot write to standard output: the disk is full\n",
      });
    }
  });
});

test("check tells the rule that an app breaks", async () => {
  await inWorkshop(FILES, async ({ runEach }) => {
    const apps = ["app.mjs", "app.mjs:wrong", "app.mjs:mounts"];
    const checks = apps.map((app) => ({ args: ["check", app] }));
    const [good, bad, mounts] = await runEach(checks) as [Result, Result, Result];
    assertMatch(mounts.stdout, /^ok +GET \/a: 200 OK, 11 bytes\nok +HEAD \/a: .*\nok +POST \/a: /);
    assertEquals([good.code, good.stdout.split("\n").at(-2)], [
      0,
      "app.mjs keeps PEP 3333 in 4 requests.",
    ]);
    assertEquals([bad.code, bad.stdout.split("\n").at(-2)], [
      1,
      "app.mjs has faults in 4 of 4 requests.",
    ]);
    assertStringIncludes(bad.stdout, "FAULT HEAD /");
    assertStringIncludes(bad.stdout, "broke PEP 3333: No Content-Type header");
  });
});

test("the command line wins over the environment, and the environment over the file", async () => {
  const config = JSON.stringify({ port: 1, host: "127.0.0.2", grace: "3s", maxBodyBytes: "2M" });
  const files = {
    ...FILES,
    "cogen.config.json": config,
    "wrong.json": '{ "acessLog": 1 }',
    "short.json": '{ "prot": 1 }',
    "object.json": '{ "port": { "a": 1 } }',
    "nested.json": '{ "timeouts": { "idle": 5 } }',
    "port.yaml": "port: 1",
    "a.env": "# a\nCOGEN_ACCESS_LOG='json'\nPORT=7\n",
  };
  await inWorkshop(files, async ({ runEach }) => {
    const env = { PORT: "2", WEB_CONCURRENCY: "3", COGEN_GRACE: "4s", COGEN_BURST: "2ms" };
    const args = ["--print-config", "--burst", "0", "--env-file", "a.env"];
    const [printed, variable, key, object, short, nested, yaml, far] = await runEach([
      { args, env },
      { args: ["app.mjs"], env: { COGEN_WORKER: "2" } },
      { args: ["app.mjs", "--config", "wrong.json"] },
      { args: ["app.mjs", "--config", "object.json"] },
      { args: ["app.mjs", "--config", "short.json"] },
      { args: ["app.mjs", "--config", "nested.json"] },
      { args: ["app.mjs", "--config", "port.yaml"] },
      { args: ["app.mjs"], env: { COGEN_NONSENSE: "2" } },
    ]) as [Result, Result, Result, Result, Result, Result, Result, Result];
    const rows = printed.stdout.trim().split("\n").map((line) => line.split(/ {2,}/));
    const origins = Object.fromEntries(rows.map(([name, ...rest]) => [name, rest]));
    assertEquals(printed.code, 0);
    assertEquals(origins["port"], ["2", "environment PORT"]);
    assertEquals(origins["workers"], ["3", "environment WEB_CONCURRENCY"]);
    assertEquals(origins["host"], ["127.0.0.2", "host in cogen.config.json"]);
    assertEquals(origins["grace"], ["4s", "environment COGEN_GRACE"]);
    assertEquals(origins["burst"], ["0s", "command line"]);
    assertEquals(origins["access-log"], ["json", "environment COGEN_ACCESS_LOG"]);
    assertEquals(origins["max-body-bytes"], ["2M", "maxBodyBytes in cogen.config.json"]);
    assertEquals(origins["max-line-bytes"], ["8K", "default"]);
    assertEquals([variable.code, key.code], [2, 2]);
    assertStringIncludes(variable.stderr, "COGEN_WORKER: did you mean COGEN_WORKERS?");
    assertEquals(far.stderr, `cogen-wsgi: unknown variable COGEN_NONSENSE${HINT}\n`);
    assertStringIncludes(
      nested.stderr,
      'unknown key "timeouts" in nested.json: expected an option of the command, such as',
    );
    assertStringIncludes(
      yaml.stderr,
      "the configuration is port.yaml: expected a file such as cogen.config.ts, .js or .json",
    );
    const unknown = 'unknown key "acessLog" in wrong.json: did you mean accessLog?';
    assertStringIncludes(key.stderr, unknown);
    assertStringIncludes(short.stderr, 'unknown key "prot" in short.json: did you mean port?');
    assertStringIncludes(
      object.stderr,
      'port in object.json is {"a":1}: expected a text, a number',
    );
  });
});

test("a configuration may have the name of a module", async () => {
  const files = { ...FILES, "cogen.config.mjs": "export default { grace: 3 };" };
  await inWorkshop(files, async ({ runEach }) => {
    const [printed] = await runEach([{ args: ["--print-config"] }]) as [Result];
    assertMatch(printed.stdout, /^grace +3s +grace in cogen\.config\.mjs$/m);
  });
});

test("a wrong value is told where a right one of a higher origin counts, too", async () => {
  const files = {
    ...FILES,
    "time.json": '{ "grace": "3 fortnights" }',
    "list.json": '{ "bind": ["nowhere"] }',
    "a.env": "COGEN_GRACE=never\nHOST=a b\n",
  };
  await inWorkshop(files, async ({ runEach }) => {
    const [file, list, variable, plain, line] = await runEach([
      { args: ["--print-config", "--config", "time.json"], env: { COGEN_GRACE: "4s" } },
      { args: ["--print-config", "--config", "list.json", "--bind", "127.0.0.1:1"] },
      { args: ["--print-config", "--grace", "1s"], env: { COGEN_GRACE: "soon" } },
      { args: ["--print-config"], env: { PORT: "tcp://10.0.0.1:80", COGEN_PORT: "3" } },
      {
        args: ["--print-config"],
        env: { COGEN_ENV_FILE: "a.env", COGEN_GRACE: "4s", HOST: "::1" },
      },
    ]) as [Result, Result, Result, Result, Result];
    const time = "expected a time such as 30s, 500ms or 2m, or none";
    assertEquals([file.code, list.code, variable.code, plain.code], [2, 2, 2, 0]);
    assertStringIncludes(file.stderr, `grace in time.json is "3 fortnights": ${time}`);
    assertStringIncludes(list.stderr, 'bind in list.json is "nowhere": expected host:port');
    assertStringIncludes(variable.stderr, `environment COGEN_GRACE is "soon": ${time}`);
    assertStringIncludes(line.stderr, `COGEN_GRACE in a.env is "never": ${time}`);
    assertMatch(plain.stdout, /^port +3 +environment COGEN_PORT$/m);
  });
});

test("the help names every option, and the version is that of the package", async () => {
  await inWorkshop({}, async ({ runEach }) => {
    const invocations = [{ args: ["--help"] }, { args: ["--version"] }];
    const [help, version] = await runEach(invocations) as [Result, Result];
    assertEquals([help.code, help.stderr], [0, ""]);
    for (const { name } of OPTIONS) assertMatch(help.stdout, new RegExp(`--${name}\\b`));
    assertEquals(version.stdout, `cogen-wsgi ${VERSION}\n`);
  });
  const manifest = new URL("../../package.json", import.meta.url);
  assertEquals(VERSION, JSON.parse(readFileSync(manifest, "utf8")).version);
});

test("serve listens on each address, logs, and drains at SIGTERM", async () => {
  await inWorkshop(FILES, async ({ folder, start }) => {
    const options = ["-b", "127.0.0.1:0", "-b", "unix:a.sock", "--unix-mode", "620"];
    const log = ["--access-log", "common", "--pid-file", "a.pid", "--status", "unix:s.sock"];
    const server = start(["app.mjs", ...options, ...log]);
    const line = await server.errors(/serving .*\n/);
    const [, url] =
      /serving app\.mjs on (http:\/\/127\.0\.0\.1:\d+\/) and unix:a\.sock\n/.exec(line) ?? [];
    assertEquals((statSync(join(folder, "a.sock")).mode & 0o777).toString(8), "620");
    assertEquals(await (await fetch(`${url}x`)).text(), "hello GET /x\n");
    assertEquals(readFileSync(join(folder, "a.pid"), "utf8"), `${server.pid}\n`);
    const at = `unix:${join(folder, "s.sock")}`;
    assertEquals((statSync(join(folder, "s.sock")).mode & 0o777).toString(8), "600");
    const lines = (await statusAt(at)).split("\n");
    assertMatch(lines[1] ?? "", new RegExp(`^${url} +1 +0 +1 +1 +0 `));
    assertMatch(lines[2] ?? "", /^unix:.*a\.sock|http\+unix:/);
    assertEquals(JSON.parse(await statusAt(at, "--json")).servers.length, 2);
    const other = await assertRejects(() => statusAt(`unix:${join(folder, "a.sock")}`));
    assertMatch(
      String(other),
      /a\.sock is no address of --status: it has answered HTTP\/1\.1 200 OK$/,
    );
    server.kill("SIGTERM");
    const { code, stdout } = await server.ended;
    assertEquals(code, 0);
    assertMatch(
      stdout,
      /^127\.0\.0\.1 - - \[.+\] "GET \/x HTTP\/1\.1" 200 13\n.*"GET \/status\.json .*\n$/,
    );
    assertEquals(
      ["a.pid", "a.sock", "s.sock"].filter((name) => existsSync(join(folder, name))),
      [],
    );
  });
});

for (const way of [[], ["--workers", "1"], ["--reload"]]) {
  test(`a promise that an app drops costs no other request: ${way[0] ?? "one process"}`, async () => {
    const app = `export default (environ, startResponse) => {
      if (environ.PATH_INFO === "/drop") Promise.reject(new Error("dropped by the app"));
      startResponse("200 OK", []);
      return ["served"];
    };`;
    await inWorkshop({ "drop.mjs": app }, async ({ start }) => {
      const server = start(["drop.mjs", "-b", "127.0.0.1:0", ...way]);
      const line = await server.errors(/serving .*\n/);
      const [url] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
      assertEquals(await (await fetch(`${url}drop`)).text(), "served");
      await server.errors(/droppedPromise failed: Error: dropped by the app\n/);
      assertEquals(await (await fetch(`${url}`)).text(), "served");
      server.kill("SIGTERM");
      assertEquals((await server.ended).code, 0);
    });
  });
}

test("status without a server that answers is an error with a remedy", async () => {
  const other = createServer((socket) => {
    socket.on("data", () => socket.end("\x1b]0;hello\r\n"));
  });
  await inWorkshop(FILES, async ({ folder }) => {
    const place = (name: string) => `unix:${join(folder, name)}`;
    await new Promise<void>((resolve) => other.listen(join(folder, "o.sock"), resolve));
    const rows: readonly (readonly [at: string, message: string])[] = [
      [place("no.sock"), "there is no socket AT: start the server with --status AT"],
      [place("app.mjs"), "no server listens on AT: start it with --status AT"],
      ["127.0.0.1:1", "no server listens on AT: start it with --status AT"],
      [place("o.sock"), "AT is no address of --status: it has answered ?]0;hello"],
    ];
    for (const [at, message] of rows) {
      const failure = await assertRejects(() => statusAt(at), CommandFailure);
      assertEquals([failure.code, failure.message.replaceAll(at, "AT")], [22, message]);
    }
    await new Promise((resolve) => other.close(resolve));
  });
});

for (const signal of ["SIGUSR1", "SIGUSR2"] as const) {
  test(`${signal} opens the files of the logs again`, async () => await assertReopened(signal));
}

async function assertReopened(signal: "SIGUSR1" | "SIGUSR2"): Promise<void> {
  await inWorkshop(FILES, async ({ folder, start }) => {
    const logs = ["--access-log", "combined", "--access-log-file", "a.log", "--request-id", "take"];
    const server = start(["app.mjs", "-p", "0", ...logs, "--log-format", "json"]);
    const [, url = ""] = /on (http[^"]+)"/.exec(await server.errors(/serving .*\n/)) ?? [];
    const ask = async (id: string) => {
      const response = await fetch(url, { headers: { "X-Request-Id": id } });
      assertEquals([response.status, response.headers.get("x-request-id")], [200, id]);
      await response.text();
    };
    const read = (name: string) => readFileSync(join(folder, name), "utf8");
    await ask("one");
    await until(() => read("a.log").includes("one"));
    renameSync(join(folder, "a.log"), join(folder, "a.log.1"));
    server.kill(signal);
    await until(() => existsSync(join(folder, "a.log")));
    await ask("two");
    server.kill("SIGTERM");
    const { code, stdout, stderr } = await server.ended;
    assertEquals([code, stdout], [0, ""]);
    assertMatch(read("a.log.1"), /^\S+ - - .+ \d+ \d+ one - -\n$/);
    assertMatch(read("a.log"), /^\S+ - - .+ \d+ \d+ two - -\n$/);
    const lines = stderr.trimEnd().split("\n");
    // SIGUSR1 starts the debugger of Deno, which writes two lines of its own.
    const own = signal === "SIGUSR1" ? lines.filter((line) => line.startsWith("{")) : lines;
    const messages = own.map((line) => JSON.parse(line));
    assertEquals(messages.map(({ level }) => level), ["info", "info"]);
    assertEquals(messages[1].message, "SIGTERM: the server ends");
  });
}

test("an app that awaits a promise that never settles is an error, and does not end the command with 0", async () => {
  const files = {
    "module.mjs": "await new Promise(() => {});\nexport default () => [];\n",
    "factory.mjs": "export default () => new Promise(() => {});\n",
  };
  await inWorkshop(files, async ({ run }) => {
    const words = { serve: ["-p", "0"], check: [], fetch: ["/"] };
    // Deno waits for timers before it tells of such a module, so the commands run beside each other.
    await Promise.all(
      Object.entries(words).map(async ([command, words]) => {
        const factory = await run([command, "factory.mjs", ...words, "--factory"]);
        const message =
          "cogen-wsgi: cannot load factory.mjs: it awaits a promise that never settles\n";
        assertEquals([factory.code, factory.stderr], [4, message]);
        const module = await run([command, "module.mjs", ...words]);
        // Deno finds such a module by itself.
        const expected = "Deno" in globalThis
          ? { code: 1, stderr: /Top-level await promise never resolved/ }
          : {
            code: 4,
            stderr:
              /^cogen-wsgi: cannot load module\.mjs: it awaits a promise that never settles\n$/,
          };
        assertEquals(module.code, expected.code);
        assertMatch(module.stderr, expected.stderr);
      }),
    );
  });
});

test("a Unix socket never has further permissions than --unix-mode", async () => {
  await inWorkshop({}, async ({ folder }) => {
    const bindAddr = join(folder, "a.sock");
    const mask = process.umask();
    const modeOf = () => statSync(bindAddr).mode & 0o777;
    const server = createServer();
    const endpoint = {
      text: "",
      option: "--bind",
      bindAddr,
      isUnix: true,
      tls: undefined,
    } as const;
    await withUnixMode(endpoint, 0o640, async () => {
      await new Promise<void>((resolve) => server.listen(bindAddr, resolve));
      assertEquals(modeOf() & ~0o640, 0);
    });
    assertEquals([modeOf(), process.umask()], [0o640, mask]);
    await new Promise((resolve) => server.close(resolve));
  });
});

test("SIGINT names the requests that are waited for, and a second one cancels them", async () => {
  await inWorkshop(FILES, async ({ start }) => {
    const server = start(["app.mjs:slow", "-p", "0", "--grace", "none"]);
    const [, url = ""] = /on (\S+)\n/.exec(await server.errors(/serving .*\n/)) ?? [];
    const response = await fetch(url);
    const reader = response.body?.getReader();
    await reader?.read();
    server.kill("SIGINT");
    await server.errors("waiting for 1 running request; Ctrl-C again cancels it");
    server.kill("SIGINT");
    await reader?.read().catch(() => {});
    assertEquals((await server.ended).code, 0);
  });
});

test("a certificate and its key make HTTPS, also with a reload", async () => {
  await inWorkshop(FILES, async ({ start, write }) => {
    const tls = ["--tls-cert", pem("cert"), "--tls-key", pem("key")];
    const server = start(["app.mjs", "-p", "0", "--reload", ...tls]);
    const line = await server.errors(/on \S+\n/);
    const [, port] = /on https:\/\/127\.0\.0\.1:(\d+)\/\n/.exec(line) ?? [];
    const options = { host: "127.0.0.1", port: Number(port), rejectUnauthorized: false };
    const ask = () =>
      new Promise<string>((resolve, reject) => {
        let text = "";
        const client = connectTls(options, () => {
          client.write("GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        });
        client.on("data", (bytes) => text += bytes).on("error", reject);
        client.on("end", () => resolve(text));
      });
    for (let time = 0; time < 3; time++) {
      assertMatch(await ask(), /^HTTP\/1\.1 200 OK\r\n[^]*hello GET \/x\n$/);
    }
    write("app.mjs", `${FILES["app.mjs"]}`.replaceAll("hello", "again"));
    await server.errors("serving the new app.mjs");
    assertMatch(await ask(), /again GET \/x\n$/);
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("an address or a certificate that cannot be used is an error with a remedy", async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const tls = `--tls-cert ${pem("cert")} --tls-key ${pem("other_key")}`;
  const rows: readonly (readonly [args: string, message: string])[] = [
    [
      `-p ${port}`,
      `127.0.0.1:${port}: the address is in use; end the other server, or choose another port with --port`,
    ],
    [
      `-b 127.0.0.1:${port}`,
      `127.0.0.1:${port}: the address is in use; end the other server, or choose another port with --bind`,
    ],
    [
      `-p 0 --status 127.0.0.1:${port}`,
      `127.0.0.1:${port}: the address is in use; end the other server, or choose another port with --status`,
    ],
    [
      `-p 0 ${tls}`,
      "127.0.0.1:0: the certificate or the key cannot be used; --tls-cert and --tls-key must belong together, in PEM",
    ],
    [
      "-b 192.0.2.1:0",
      "192.0.2.1:0: this machine has no such address; 127.0.0.1 is this machine, 0.0.0.0 every interface",
    ],
    ["-b unix:no/a.sock", "unix:no/a.sock: its folder does not exist; make the folder first"],
  ];
  await inWorkshop(FILES, async ({ runEach }) => {
    const results = await runEach(
      rows.map(([args]) => ({ args: ["app.mjs", ...args.split(" ")] })),
    );
    rows.forEach(([args, message], at) => {
      const stderr = `cogen-wsgi: cannot listen on ${message}\n`;
      assertEquals(results[at], { code: 3, stdout: "", stderr }, args);
    });
  });
  await new Promise((resolve) => other.close(resolve));
});

test("a module that cannot be loaded is an error with its place", async () => {
  const files = {
    "broken.mjs": "export const a = 1;\nexport default (;",
    "imports.mjs": 'import "./broken.mjs";',
    "throws.mjs": '\nfunction f() {\n  throw new RangeError("too far");\n}\nf();',
    "missing.mjs": 'import "./no.mjs";',
    "wrong.config.mjs": "export default 5;",
    "cogen.config.js": "export const a: string = 5;",
    "good.config.ts": "const port: number = 8123;\nexport default { port };",
    "package.json": '{ "type": "module" }',
  };
  await inWorkshop(files, async ({ runEach }) => {
    const config = ["app.mjs", "--print-config", "--config"];
    const apps = ["broken.mjs", "imports.mjs", "throws.mjs", "missing.mjs"];
    const results = await runEach([
      ...apps.map((app) => ({ args: [app, "--config", "good.config.ts"] })),
      { args: [...config, "wrong.config.mjs"] },
      { args: config.slice(0, 2) },
      { args: [...config, "good.config.ts"] },
    ]);
    assertEquals(results.map(({ code }) => code), [4, 4, 4, 4, 2, 2, 0]);
    const expected = [
      /^cogen-wsgi: cannot load broken\.mjs: .*\(broken\.mjs:2(?::\d+)?\)\n/,
      /^cogen-wsgi: cannot load imports\.mjs: .*\(broken\.mjs:2(?::\d+)?\)\n/,
      /^cogen-wsgi: cannot load throws\.mjs: RangeError: too far \(throws\.mjs:3:\d+\)\n +at f .*\n.*\n$/,
      /^cogen-wsgi: cannot load missing\.mjs: .*no\.mjs.*\n/,
      /^cogen-wsgi: the configuration wrong\.config\.mjs is 5: expected export default \{ port: 8000 \} .*\n$/,
      /^cogen-wsgi: cannot load cogen\.config\.js: .*cogen\.config\.js:1.*\n$/,
      /^$/,
    ];
    expected.forEach((pattern, at) => assertMatch(results[at]?.stderr ?? "", pattern));
    assertMatch(results.at(-1)?.stdout ?? "", /^port +8123 +port in good\.config\.ts$/m);
  });
});
