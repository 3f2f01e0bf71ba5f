/** The errors of `listen` and `dial`: the same code, text and cause on every runtime. */

import { generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { maxPathBytes } from "../../adapters/shared/unix_path.ts";
import { formatAddress } from "../../src/socket/address.ts";
import type { ListenAddress, Socket, SocketHandler } from "../../src/socket/socket.ts";
import { runtimeAdapter } from "../support/runtime_adapter.ts";
import { CERT, ENCRYPTED_KEY, KEY, OTHER_KEY, PASSPHRASE } from "../support/tls_fixtures.ts";

const HANDLER: SocketHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
const adapter = await runtimeAdapter();
const isRoot = process.getuid?.() === 0;

/** Ends a connection at once. */
function end(socket: Socket): SocketHandler {
  socket.destroy();
  return HANDLER;
}

const listen = (address: ListenAddress) => adapter.listen(address, {}, end);
const dial = (address: ListenAddress) => adapter.dial(address, end);

/** Runs `story` in a new folder, whose path is short enough for the files in it. */
async function inFolder(story: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "cogen-"));
  try {
    await story(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function assertCode(
  attempt: (address: ListenAddress) => Promise<unknown>,
  address: ListenAddress,
  code: string,
  reason: string,
): Promise<void> {
  const error = await assertRejects(() => attempt(address), Error) as Error & { code?: string };
  const what = attempt === listen ? "listen on" : "connect to";
  assertEquals(error.message, `Cannot ${what} ${formatAddress(address)}: ${reason} (${code})`);
  assertEquals(error.code, code);
  assert(error.cause instanceof Error);
  assertEquals((error.cause as Error & { code?: string }).code, code);
}

/** Whether a port below 1024 is refused to this process. */
function refusesLowPorts(): boolean {
  const file = "/proc/sys/net/ipv4/ip_unprivileged_port_start";
  return !isRoot && existsSync(file) && Number(readFileSync(file, "utf8")) > 999;
}

test("listen: a port in use, and an address of another machine", async () => {
  const listener = await listen({ host: "127.0.0.1", port: 0 });
  assert(listener.address.family !== "unix");
  const { host, port } = listener.address;
  await assertCode(listen, { host, port }, "EADDRINUSE", "the address is in use");
  await listener.close();
  const missing = "this machine does not have the address";
  await assertCode(listen, { host: "192.0.2.1", port: 0 }, "EADDRNOTAVAIL", missing);
});

test("listen: a privileged port", { skip: !refusesLowPorts() }, async () => {
  await assertCode(listen, { host: "127.0.0.1", port: 999 }, "EACCES", "permission denied");
});

/** No hosts: the numbers of the last one are too large for an address. */
const UNKNOWN_HOSTS = ["nowhere.invalid", "300.0.0.1"];

test("a host name that does not exist", async () => {
  const attempts = [listen, dial].flatMap((act) =>
    UNKNOWN_HOSTS.map((host) => [act, host] as const)
  );
  for (const [attempt, host] of attempts) {
    const error = await assertRejects(() => attempt({ host, port: 80 }), Error);
    // A machine without a name server reports EAI_AGAIN.
    const { code } = error as Error & { code?: string };
    assert(code === "ENOTFOUND" || code === "EAI_AGAIN", code);
    assertStringIncludes(error.message, `(${code})`);
  }
});

test("listen: paths that cannot be bound", async () => {
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "precious");
    const inUse = "the address is in use";
    await assertCode(listen, { path: file }, "EADDRINUSE", inUse);
    assertEquals(readFileSync(file, "utf8"), "precious");
    await assertCode(listen, { path: folder }, "EADDRINUSE", inUse);
    const missing = { path: join(folder, "none", "app") };
    await assertCode(listen, missing, "ENOENT", "no such file or folder");
    const through = { path: join(file, "app") };
    await assertCode(listen, through, "ENOTDIR", "a part of the path is not a folder");
  });
});

test("listen: a folder without permission", { skip: isRoot }, async () => {
  await inFolder(async (folder) => {
    const closed = join(folder, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0o500);
    await assertCode(listen, { path: join(closed, "app") }, "EACCES", "permission denied");
  });
});

test("dial: a port and paths where no listener is", async () => {
  const listener = await listen({ host: "127.0.0.1", port: 0 });
  assert(listener.address.family !== "unix");
  const { host, port } = listener.address;
  await listener.close();
  const refused = "the connection is refused";
  await assertCode(dial, { host, port }, "ECONNREFUSED", refused);
  await inFolder(async (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    await assertCode(dial, { path: file }, "ECONNREFUSED", refused);
    await assertCode(dial, { path: join(folder, "no") }, "ENOENT", "no such file or folder");
    const through = { path: join(file, "app") };
    await assertCode(dial, through, "ENOTDIR", "a part of the path is not a folder");
  });
});

test("a Unix path is counted in bytes, and one that is too long is refused", async () => {
  const longest = maxPathBytes(process.platform);
  await inFolder(async (folder) => {
    const start = join(folder, "ä");
    const room = longest - new TextEncoder().encode(start).length;
    const path = start + "x".repeat(room);
    const listener = await listen({ path });
    assert(existsSync(path), "not a shorter path");
    await dial({ path });
    await listener.close();
    const reason = `the path of a Unix socket has at most ${longest} bytes here, and this one ` +
      `${longest + 1}: write a shorter one`;
    await assertCode(listen, { path: `${path}x` }, "ENAMETOOLONG", reason);
    await assertCode(dial, { path: `${path}x` }, "ENAMETOOLONG", reason);
  });
});

test("the longest path depends on the system", () => {
  const platforms = ["linux", "darwin", "freebsd", "win32", undefined];
  assertEquals(platforms.map(maxPathBytes), [107, 103, 103, Infinity, 107]);
});

test("the close of a listener leaves the socket file of the next one", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "app");
    const old = await listen({ path });
    rmSync(path);
    const next = await listen({ path });
    await old.close();
    await old.close();
    assert(existsSync(path), "the file of the next listener stays");
    await dial({ path });
    await next.close();
    assertEquals(existsSync(path), false);
  });
});

test("the close of a listener leaves a file of another kind, and bears a missing one", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "app");
    const first = await listen({ path });
    rmSync(path);
    writeFileSync(path, "precious");
    await first.close();
    assertEquals(readFileSync(path, "utf8"), "precious");
    rmSync(path);
    const second = await listen({ path });
    rmSync(path);
    await second.close();
    assertEquals(existsSync(path), false);
  });
});

test("the close of a listener leaves the socket of another program", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "app");
    const listener = await listen({ path });
    rmSync(path);
    const other = createServer((stream) => void stream.on("error", () => {}).end());
    await new Promise<void>((resolve) => void other.listen(path, resolve));
    await listener.close();
    await dial({ path });
    other.close();
  });
});

test("a certificate and a key that do not belong together are refused", async () => {
  const secure = (tls: { cert: string; key: string; passphrase?: string }) =>
    adapter.listen(
      { host: "127.0.0.1", port: 0 },
      { tls: { ...tls, handshakeTimeoutMs: 1000 } },
      () => HANDLER,
    );
  const rsa = generateKeyPairSync("rsa", {
    modulusLength: 1024,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  for (const key of [OTHER_KEY, rsa.privateKey]) {
    const error = await assertRejects(() => secure({ cert: CERT, key }), Error);
    assertStringIncludes(error.message, "tls.key does not belong to tls.cert");
    assertStringIncludes(error.message, "127.0.0.1:0");
  }
  await (await secure({ cert: CERT, key: KEY })).close();
  await (await secure({ cert: CERT, key: ENCRYPTED_KEY, passphrase: PASSPHRASE })).close();
});
