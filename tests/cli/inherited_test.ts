/** Sockets that the command inherits: `LISTEN_FDS`, as from systemd, and `fd://3`. */

import { assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { RUNTIME } from "../contract/runtime_subject.ts";
import { CERT, KEY } from "../support/tls_fixtures.ts";
import { skipWithout } from "../tools/optional_tools.ts";
import { inWorkshop } from "./program.ts";

/** Opens a port as descriptor 3 and a Unix socket as descriptor 4, and becomes the command. */
const OPENER = `
use Socket;
use POSIX;
$^F = 255;
socket(my $tcp, PF_INET, SOCK_STREAM, 0) or die;
bind($tcp, sockaddr_in(0, INADDR_LOOPBACK)) or die;
socket(my $unix, PF_UNIX, SOCK_STREAM, 0) or die;
bind($unix, sockaddr_un("own.sock")) or die;
listen($_, 16) or die for ($tcp, $unix);
fileno($tcp) == 3 && fileno($unix) == 4 or die;
my ($port) = sockaddr_in(getsockname($tcp));
syswrite STDERR, "port $port\\n";
@ENV{qw(LISTEN_FDS LISTEN_PID)} = (shift @ARGV, $$) if $ARGV[0] =~ /^\\d+$/;
exec @ARGV or die;
`;
const FILES = {
  "app.mjs": `
    export default function app(environ, startResponse) {
      startResponse("200 OK", []);
      return ["hello " + environ.REMOTE_ADDR];
    }`,
};
const through = (...args: string[]) => ["perl", "-e", OPENER.replaceAll("\\\\", "\\"), ...args];
const skip = skipWithout("perl", ["-v"]);
const skipDeno = RUNTIME === "deno" ? "Deno takes no inherited socket" : skip;

function ask(place: { readonly port: number } | { readonly path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const client = connect("port" in place ? { ...place, host: "127.0.0.1" } : place);
    client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    client.on("error", reject);
    client.on("close", () => resolve(text.slice(text.indexOf("\r\n\r\n") + 4)));
  });
}

for (const workers of [[], ["--workers", "1"]]) {
  test(
    `LISTEN_FDS serves on inherited sockets ${workers.join(" ")}`,
    { skip: skipDeno },
    async () => {
      await inWorkshop(FILES, async ({ folder, start }) => {
        const server = start(["app.mjs", ...workers], through("2"));
        const text = await server.errors(/serving .*\n/);
        const port = Number(/^port (\d+)/m.exec(text)?.[1]);
        assertMatch(text, new RegExp(`on http://127\\.0\\.0\\.1:${port}/ and fd://4`));
        assertEquals(await ask({ port }), "hello 127.0.0.1");
        const path = join(folder, "own.sock");
        assertEquals(await ask({ path }), "hello ");
        server.kill("SIGTERM");
        assertEquals((await server.ended).code, 0);
        assertEquals(existsSync(path), true, "the file is that of systemd");
      });
    },
  );
}

test("--bind fd://3 takes one inherited socket, and LISTEN_FDS of another process is left alone", {
  skip: skipDeno,
}, async () => {
  await inWorkshop(FILES, async ({ start }) => {
    const server = start(["app.mjs", "--bind", "fd://3"], through());
    const port = Number(/^port (\d+)/m.exec(await server.errors(/serving .*\n/))?.[1]);
    assertEquals(await ask({ port }), "hello 127.0.0.1");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("a descriptor that is given twice is an error", { skip: skipDeno }, async () => {
  await inWorkshop(FILES, async ({ start }) => {
    const server = start(["app.mjs", "--bind", "fd://3", "--bind", "fd://3"], through());
    const { code, stderr } = await server.ended;
    assertEquals(code, 3);
    assertMatch(stderr, /cannot listen on fd:\/\/3: this process uses the descriptor already/);
  });
});

/** Leaves a TCP socket as descriptor 3, without an address, and becomes the command. */
const UNBOUND = `
use Socket;
$^F = 255;
socket(my $tcp, PF_INET, SOCK_STREAM, 0) or die;
fileno($tcp) == 3 or die;
exec @ARGV or die;
`;
const skipUntold = RUNTIME === "bun" ? "Bun does not tell the address of a descriptor" : skipDeno;

for (const workers of [[], ["--workers", "1"]]) {
  test(
    `a socket without an address opens no random port ${workers.join(" ")}`,
    { skip: skipUntold },
    async () => {
      await inWorkshop(FILES, async ({ start }) => {
        const args = ["app.mjs", "--bind", "fd://3", ...workers];
        const { code, stderr } = await start(args, ["perl", "-e", UNBOUND]).ended;
        assertEquals([code, stderr], [
          3,
          "cogen-wsgi: cannot listen on fd://3: this socket has no address; the program that passes it must " +
          "bind it first (EDESTADDRREQ)\n",
        ]);
      });
    },
  );
}

test("LISTEN_FDS of a parent, such as npx, is an error if there is no other address", async () => {
  await inWorkshop(FILES, async ({ start }) => {
    const variables = ["env", "LISTEN_FDS=1", "LISTEN_PID=1"];
    const { code, stderr } = await start(["app.mjs"], variables).ended;
    assertEquals([code, stderr], [
      2,
      "cogen-wsgi: the sockets of LISTEN_FDS are for process 1, which has started this one: " +
      "start cogen-wsgi by node, not by npx or a shell, or give --bind (cogen-wsgi --help lists the options)\n",
    ]);
    const server = start(["app.mjs"], [...variables, "COGEN_BIND=127.0.0.1:0"]);
    await server.errors(/serving .*\n/);
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("a descriptor that is no socket, and any on Deno, is an error", { skip }, async () => {
  const files = { ...FILES, "cert.pem": CERT, "key.pem": KEY };
  const tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
  const fault = RUNTIME === "deno"
    ? /cannot listen on fd:\/\/3: Deno takes no inherited socket; use Node or Bun/
    : /cannot listen on fd:\/\/99: this descriptor is no socket that listens/;
  const bind = ["--bind", RUNTIME === "deno" ? "fd://3" : "fd://99"];
  for (const words of [bind, [...bind, ...tls]]) {
    await inWorkshop(files, async ({ start }) => {
      const { code, stderr } = await start(["app.mjs", ...words], through()).ended;
      assertEquals(code, 3);
      assertMatch(stderr, fault);
    });
  }
});
