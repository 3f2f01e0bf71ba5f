/** Certificates of clients, certificates by name, and new certificates, with handshakes on each runtime. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Environ, serve, type TLSOptions, type WSGIServer } from "../../../mod.ts";
import type { Refusal } from "../../../src/server/mod.ts";
import {
  CERT,
  CLIENT,
  CLIENT_CA,
  FOREIGN_CLIENT,
  KEY,
  NAMED,
  OTHER_KEY,
} from "../../support/tls_fixtures.ts";
import { RUNTIME } from "../../contract/runtime_subject.ts";
import { skipWithout } from "../../tools/optional_tools.ts";

const TLS: TLSOptions = { cert: CERT, key: KEY };
const DEMANDING: TLSOptions = { ...TLS, ca: CLIENT_CA, clientCertificate: "required" };
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

interface Stage {
  readonly server: WSGIServer;
  readonly environs: Environ[];
  readonly refusals: Refusal[];
}

/** Serves while `story` runs. */
async function serving(tls: TLSOptions, story: (stage: Stage) => Promise<void>): Promise<void> {
  const environs: Environ[] = [];
  const refusals: Refusal[] = [];
  const server = await serve({
    bindAddr: ["127.0.0.1", 0],
    tls,
    onRefused: (refusal) => void refusals.push(refusal),
    wsgiApp(environ, startResponse) {
      environs.push(environ);
      startResponse("200 OK", [["Content-Type", "text/plain"]]);
      return ["hello"];
    },
  });
  try {
    await story({ server, environs, refusals });
  } finally {
    await server.close();
  }
}

/** A connection after its handshake. */
interface Client {
  readonly stream: TLSSocket;
  /** The common name of the server's certificate. */
  readonly name: string;
  /** Sends a request, and gives its response. */
  ask(): Promise<string>;
  close(): void;
}

let clients = 0;

/** The client asks for a name of its own, so that it resumes no session of another client of its process. */
function open({ server }: Stage, options: ConnectionOptions = {}): Promise<Client> {
  const { port } = server.address as { port: number };
  const servername = `client-${clients++}.example`;
  return new Promise((resolve, reject) => {
    let isOver = false;
    let hear = (_text: string): void => {};
    let fail = reject;
    const how = { port, host: "127.0.0.1", servername, rejectUnauthorized: false };
    const stream = connect({ ...how, ...options });
    stream.on("error", (error) => fail(error));
    stream.on("close", () => {
      isOver = true;
      fail(new Error("The connection was closed"));
    });
    stream.on("data", (bytes: Uint8Array) => hear(new TextDecoder().decode(bytes)));
    stream.once("secureConnect", () => {
      const ask = () =>
        new Promise<string>((answered, broken) => {
          [hear, fail] = [answered, broken];
          if (isOver) broken(new Error("The connection was closed"));
          else stream.write(GET);
        });
      const name = String(stream.getPeerCertificate().subject?.CN);
      resolve({ stream, name, ask, close: () => void stream.destroy() });
    });
  });
}

/** Asks once, on a connection of its own. */
async function askOnce(stage: Stage, options?: ConnectionOptions): Promise<string> {
  const client = await open(stage, options);
  try {
    return await client.ask();
  } finally {
    client.close();
  }
}

function keysOf(environ: Environ | undefined): Record<string, unknown> {
  const entries = Object.entries(environ ?? {});
  return Object.fromEntries(entries.filter(([key]) => key.startsWith("SSL_CLIENT_")));
}

test("the environ has the certificate of the client, in each request of its connection", async () => {
  await serving(DEMANDING, async (stage) => {
    const client = await open(stage, CLIENT);
    assertMatch(await client.ask(), /200 OK/);
    assertMatch(await client.ask(), /200 OK/);
    client.close();
    const [first, second] = stage.environs.map(keysOf);
    const { SSL_CLIENT_CERT: pem, ...others } = first ?? {};
    assertEquals(others, {
      SSL_CLIENT_VERIFY: "SUCCESS",
      SSL_CLIENT_M_SERIAL: "8A2B",
      SSL_CLIENT_S_DN:
        "emailAddress=ada@example.com,CN=Ada Lovel\u00c3\u00a4ce,OU=b,OU=a,O=Example\\, Inc.,C=DE",
      SSL_CLIENT_S_DN_CN: "Ada Lovel\u00c3\u00a4ce",
      SSL_CLIENT_I_DN: "CN=Clients CA,O=Example",
      SSL_CLIENT_I_DN_CN: "Clients CA",
      SSL_CLIENT_V_START: "Jan  1 00:00:00 2020 GMT",
      SSL_CLIENT_V_END: "Jan  1 00:00:00 2120 GMT",
      SSL_CLIENT_SAN_Email_0: "ada@example.com",
      SSL_CLIENT_SAN_DNS_0: "ada.example",
    });
    assertEquals(pem, CLIENT.cert);
    assertEquals(second, first);
  });
});

test("a client without a certificate is served if it is optional, and the environ says so", async () => {
  await serving({ ...DEMANDING, clientCertificate: "optional" }, async (stage) => {
    assertMatch(await askOnce(stage), /200 OK/);
    assertMatch(await askOnce(stage, CLIENT), /200 OK/);
    const keys = stage.environs.map((environ) => environ.SSL_CLIENT_VERIFY);
    assertEquals(keys, ["NONE", "SUCCESS"]);
    assertEquals(Object.keys(keysOf(stage.environs[0])), ["SSL_CLIENT_VERIFY"]);
  });
});

test("without the option no client is asked, and a header cannot stand for a certificate", async () => {
  await serving({ ...TLS, reloadable: true }, async (stage) => {
    assertMatch(await askOnce(stage, CLIENT), /200 OK/);
    assertEquals(keysOf(stage.environs[0]), {});
  });
});

for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
  for (const clientCertificate of ["required", "optional"] as const) {
    test(`${maxVersion}: a client of another issuer fails its handshake, also if a certificate is ${clientCertificate}`, async () => {
      await serving({ ...DEMANDING, clientCertificate }, async (stage) => {
        await assertRejects(() => askOnce(stage, { ...FOREIGN_CLIENT, maxVersion }));
        assertMatch(await askOnce(stage, { ...CLIENT, maxVersion }), /200 OK/);
        assertEquals(stage.environs.length, 1);
        assertEquals(stage.refusals.map(({ kind }) => kind), ["handshake"]);
        assertEquals(stage.server.stats().failedHandshakes, 1);
      });
    });
  }

  test(`${maxVersion}: a client without a required certificate fails its handshake`, async () => {
    await serving(DEMANDING, async (stage) => {
      await assertRejects(() => askOnce(stage, { maxVersion }));
      assertMatch(await askOnce(stage, { ...CLIENT, maxVersion }), /200 OK/);
      assertEquals(stage.environs.length, 1);
      assertEquals(stage.refusals.map(({ kind }) => kind), ["handshake"]);
    });
  });

  test(`${maxVersion}: a session that is resumed has the certificate`, async () => {
    await serving(DEMANDING, async (stage) => {
      const same = { ...CLIENT, maxVersion, servername: `resumed-${maxVersion}.example` };
      const first = await open(stage, same);
      let session = first.stream.getSession();
      first.stream.on("session", (later) => session = later);
      assertMatch(await first.ask(), /200 OK/);
      first.close();
      assert(session !== undefined);
      const again = { ...same, session };
      const second = await open(stage, again);
      const isResumed = second.stream.isSessionReused();
      assertMatch(await second.ask(), /200 OK/);
      second.close();
      assertEquals(keysOf(stage.environs[1]), keysOf(stage.environs[0]));
      // Deno's client tells of no session.
      assertEquals(isResumed, RUNTIME !== "deno");
      stage.server.reloadTls({ ...TLS, ca: CERT, clientCertificate: "required" });
      await assertRejects(() => askOnce(stage, again), Error);
      assertEquals(stage.environs.length, 2);
    });
  });
}

test("each name has its certificate, and a client of no name gets the first", async () => {
  const names = { "A.example": NAMED, "*.b.example": NAMED };
  await serving({ ...TLS, names }, async (stage) => {
    const seen: Record<string, string> = {};
    for (
      const servername of [
        "a.example",
        "A.EXAMPLE",
        "x.b.example",
        "b.example",
        "x.y.b.example",
        "",
      ]
    ) {
      const client = await open(stage, { servername });
      seen[servername] = client.name;
      assertMatch(await client.ask(), /200 OK/);
      client.close();
    }
    assertEquals(seen, {
      ...{ "a.example": "a.example", "A.EXAMPLE": "a.example", "x.b.example": "a.example" },
      ...{ "b.example": "localhost", "x.y.b.example": "localhost", "": "localhost" },
    });
  });
});

test("a new certificate is for new connections, and an open one goes on", async () => {
  await serving({ ...TLS, reloadable: true }, async (stage) => {
    const old = await open(stage);
    assertEquals(old.name, "localhost");
    stage.server.reloadTls(NAMED);
    const next = await open(stage);
    assertEquals(next.name, "a.example");
    assertMatch(await old.ask(), /200 OK/);
    assertMatch(await next.ask(), /200 OK/);
    stage.server.reloadTls({ ...NAMED, ca: CLIENT_CA, clientCertificate: "required" });
    await assertRejects(() => askOnce(stage));
    assertMatch(await askOnce(stage, CLIENT), /200 OK/);
    assertEquals(stage.environs.map(({ SSL_CLIENT_VERIFY }) => SSL_CLIENT_VERIFY), [
      ...[undefined, undefined, "SUCCESS"],
    ]);
    old.close();
    next.close();
  });
});

test("a wrong new certificate is refused, and the one before goes on", async () => {
  await serving({ ...TLS, reloadable: true }, async (stage) => {
    const wrong: readonly (readonly [Partial<TLSOptions>, string])[] = [
      [{ cert: "x" }, "tls.cert is not in PEM"],
      [{ key: OTHER_KEY }, "tls.key does not belong to tls.cert"],
      [{ names: { "a.example": { ...NAMED, key: KEY } } }, 'tls.names["a.example"].key does not'],
      [{ ca: KEY, clientCertificate: "required" }, "tls.ca has no certificate"],
      // A program is writing the file, or the files are swapped.
      [{ cert: half(CERT) }, "tls.cert cannot be used: "],
      [{ key: half(KEY) }, "tls.key cannot be used: "],
      [{ cert: CERT + half(NAMED.cert) }, "tls.cert cannot be used: "],
      [{ ca: half(CLIENT_CA), clientCertificate: "required" }, "tls.ca cannot be used: "],
      [{ ca: CERT + half(CLIENT_CA), clientCertificate: "optional" }, "tls.ca cannot be used: "],
      [{ cert: KEY, key: CERT }, "tls.key cannot be used: "],
      [
        { names: { "a.example": { ...NAMED, key: half(NAMED.key) } } },
        'ple"].key cannot be used: ',
      ],
    ];
    for (const [member, message] of wrong) {
      assertThrows(() => stage.server.reloadTls({ ...TLS, ...member }), TypeError, message);
    }
    assertMatch(await askOnce(stage), /200 OK/);
  });
});

/** The first half of a file. */
function half(pem: string): string {
  return pem.slice(0, pem.length / 2);
}

test("a listener that cannot reload says what to write", { skip: RUNTIME !== "deno" }, async () => {
  await serving(TLS, (stage) => {
    assertThrows(() => stage.server.reloadTls(TLS), TypeError, "add reloadable: true");
    return Promise.resolve();
  });
});

test("reloads between connections that come without a pause break none", async () => {
  await serving({ ...TLS, reloadable: true }, async (stage) => {
    const names = new Set<string>();
    for (let round = 0; round < 6; round++) {
      const clients = [open(stage), open(stage)];
      stage.server.reloadTls(round % 2 === 0 ? NAMED : TLS);
      for (const client of await Promise.all(clients)) {
        assertMatch(await client.ask(), /200 OK/);
        names.add(client.name);
        client.close();
      }
    }
    assertEquals(names.size, 2);
    assertEquals(stage.refusals, []);
  });
});

/** Asks with the program `openssl`, which keeps a session in a file. */
function askByOpenssl({ server }: Stage, session: readonly string[]): Promise<string> {
  const { port } = server.address as { port: number };
  const file = (name: string) =>
    fileURLToPath(new URL(`../../support/tls/${name}.pem`, import.meta.url));
  const identity = ["-cert", file("client"), "-key", file("client_key")];
  const args = [
    "s_client",
    "-quiet",
    "-tls1_2",
    "-connect",
    `127.0.0.1:${port}`,
    ...identity,
    ...session,
  ];
  const child = spawn("openssl", args, { stdio: ["pipe", "pipe", "ignore"] });
  let text = "";
  child.stdout.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
  child.stdin.on("error", () => {});
  child.stdin.write(GET.replace("Host", "Connection: close\r\nHost"));
  return new Promise((resolve) => child.on("close", () => resolve(text)));
}

test("a session of before does not bring a certificate of another issuer in", {
  skip: skipWithout("openssl", ["version"]),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "cogen-session-"));
  const file = join(folder, "session");
  try {
    await serving({ ...DEMANDING, reloadable: true }, async (stage) => {
      assertMatch(await askByOpenssl(stage, ["-sess_out", file]), /200 OK/);
      assertMatch(await askByOpenssl(stage, ["-sess_in", file]), /200 OK/);
      stage.server.reloadTls({ ...TLS, ca: CERT, clientCertificate: "required" });
      assertEquals(await askByOpenssl(stage, ["-sess_in", file]), "");
      assertEquals(stage.environs.length, 2);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
