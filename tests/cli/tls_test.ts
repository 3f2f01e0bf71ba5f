/** The options of TLS: certificates of clients, and new certificates by SIGHUP, with and without workers. */

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { connect, type ConnectionOptions } from "node:tls";
import { test } from "node:test";
import { CERT, CLIENT, CLIENT_CA, KEY, NAMED } from "../support/tls_fixtures.ts";
import { inWorkshop, type Workshop } from "./program.ts";

const FILES = {
  "app.mjs": `
    export default function app(environ, startResponse) {
      startResponse("200 OK", []);
      return [[environ.SSL_CLIENT_VERIFY, environ.SSL_CLIENT_S_DN_CN, environ["wsgi.url_scheme"]].join(" ")];
    }`,
  "cert.pem": CERT,
  "key.pem": KEY,
  "ca.pem": CLIENT_CA,
};
const TLS = ["app.mjs", "-p", "0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];

let clients = 0;

/** Asks once, and gives the body and the name of the server's certificate. */
function ask(port: number, identity: ConnectionOptions = {}): Promise<readonly [string, string]> {
  const servername = `client-${clients++}.example`;
  const options = { port, host: "127.0.0.1", servername, rejectUnauthorized: false, ...identity };
  return new Promise((resolve, reject) => {
    let text = "";
    let name = "";
    const client = connect(options, () => {
      name = String(client.getPeerCertificate().subject?.CN);
      client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    });
    client.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    client.on("error", reject);
    client.on("close", () => {
      if (text === "") reject(new Error("no answer"));
      resolve([text.slice(text.indexOf("\r\n\r\n") + 4), name]);
    });
  });
}

/** Starts the command, and gives its port. */
async function serving({ start }: Workshop, more: readonly string[]) {
  const server = start([...TLS, ...more]);
  const line = await server.errors(/on https:\S+/);
  return { server, port: Number(/:(\d+)\/(?: with|\n)/.exec(line)?.[1]) };
}

test("SIGHUP serves new connections with the new certificate, and a wrong one changes nothing", async () => {
  await inWorkshop(FILES, async (workshop) => {
    const demand = ["--tls-client", "required", "--tls-ca", "ca.pem"];
    const { server, port } = await serving(workshop, demand);
    const body = "SUCCESS Ada Lovel\u00c3\u00a4ce https";
    assertEquals(await ask(port, CLIENT), [body, "localhost"]);
    await assertRejects(() => ask(port));
    workshop.write("cert.pem", NAMED.cert);
    server.kill("SIGHUP");
    assertMatch(
      await server.errors("the certificates before go on"),
      /tls\.key does not belong to tls\.cert/,
    );
    assertEquals(await ask(port, CLIENT), [body, "localhost"]);
    workshop.write("key.pem", NAMED.key);
    server.kill("SIGHUP");
    await server.errors("SIGHUP: the certificates are read again");
    assertEquals(await ask(port, CLIENT), [body, "a.example"]);
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("workers read the new certificate when SIGHUP replaces them, and a wrong one changes nothing", async () => {
  await inWorkshop(FILES, async (workshop) => {
    const demand = ["--tls-client", "optional", "--tls-ca", "ca.pem"];
    const { server, port } = await serving(workshop, ["-w", "1", ...demand]);
    assertEquals(await ask(port), ["NONE  https", "localhost"]);
    assertEquals((await ask(port, CLIENT))[0], "SUCCESS Ada Lovel\u00c3\u00a4ce https");
    workshop.write("cert.pem", NAMED.cert);
    server.kill("SIGHUP");
    const said = await server.errors("the workers before go on");
    assertMatch(
      said,
      /: the new certificate cannot be used: tls\.key does not belong to tls\.cert/,
    );
    assertEquals(
      /^ +at /m.test(said),
      false,
      "a wrong file is no fault of the program, so it has no stack",
    );
    assertEquals((await ask(port))[1], "localhost");
    workshop.write("key.pem", NAMED.key);
    server.kill("SIGHUP");
    await server.errors("all workers are replaced");
    assertEquals((await ask(port))[1], "a.example");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});

test("a client that asks for a further name gets its certificate, by each way to serve; SIGHUP reads it again", async () => {
  const files = { ...FILES, "a_cert.pem": NAMED.cert, "a_key.pem": NAMED.key };
  for (const more of [[], ["-w", "1"], ["--reload"]]) {
    await inWorkshop(files, async (workshop) => {
      // A client may resume a session of a name, and sees no certificate then: so each name is asked for once.
      const names = ["A", "b"].flatMap((
        name,
      ) => ["--tls-name", `${name}.example=a_cert.pem:a_key.pem`]);
      const { server, port } = await serving(workshop, [...more, ...names]);
      assertEquals((await ask(port))[1], "localhost");
      assertEquals((await ask(port, { servername: "a.example" }))[1], "a.example");
      // The other certificate, so that its name tells which one is served.
      workshop.write("a_cert.pem", CERT);
      workshop.write("a_key.pem", KEY);
      workshop.write("cert.pem", NAMED.cert);
      workshop.write("key.pem", NAMED.key);
      server.kill("SIGHUP");
      await server.errors(/SIGHUP: the certificates are read again|all workers are replaced/);
      assertEquals((await ask(port))[1], "a.example");
      assertEquals((await ask(port, { servername: "b.example" }))[1], "localhost");
      server.kill("SIGTERM");
      assertEquals((await server.ended).code, 0);
    });
  }
});

test("the files of a further name that do not belong together are refused at the start", async () => {
  const files = { ...FILES, "a_cert.pem": NAMED.cert };
  await inWorkshop(files, async ({ start }) => {
    for (const more of [[], ["-w", "1"]]) {
      const server = start([...TLS, ...more, "--tls-name", "a.example=a_cert.pem:key.pem"]);
      assertEquals((await server.ended).code, 3);
      assertMatch(await server.errors("belong together"), /two files of each --tls-name/);
    }
  });
});

test("--reload tells the version of the app of the client's certificate", async () => {
  await inWorkshop(FILES, async (workshop) => {
    const demand = ["--tls-client", "optional", "--tls-ca", "ca.pem"];
    const { server, port } = await serving(workshop, ["--reload", ...demand]);
    assertEquals((await ask(port, CLIENT))[0], "SUCCESS Ada Lovel\u00c3\u00a4ce https");
    assertEquals((await ask(port))[0], "NONE  https");
    server.kill("SIGTERM");
    assertEquals((await server.ended).code, 0);
  });
});
