/** Real proxies in front: haproxy with the PROXY protocol, and nginx with `X-Forwarded-For`. */

import { assert, assertEquals } from "@std/assert";
import { connect } from "node:net";
import { test } from "node:test";
import { serve } from "../../../mod.ts";
import { trustProxy } from "../../../src/middleware/mod.ts";
import type { WSGIApp } from "../../../src/wsgi/mod.ts";
import { freePort } from "../../support/free_port.ts";
import { nginxConfiguration, withProxy } from "../../support/real_proxy.ts";
import { CERT, KEY } from "../../support/tls_fixtures.ts";
import { skipWithout } from "../../tools/optional_tools.ts";

const app: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  const version = environ["cogen.proxy_protocol"]?.version ?? 0;
  return [`${environ.REMOTE_ADDR} ${environ.REMOTE_PORT} ${version}`];
};

interface Exchange {
  readonly text: string;
  /** The port of the client, which the proxy sees. */
  readonly clientPort: number;
}

/** Sends a request to a proxy, as soon as it listens. */
async function ask(port: number, fields: readonly string[] = []): Promise<Exchange> {
  for (let tries = 0;; tries++) {
    try {
      return await askOnce(port, fields);
    } catch (error) {
      if (tries === 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function askOnce(port: number, fields: readonly string[]): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    let text = "";
    let clientPort = 0;
    const socket = connect(port, "127.0.0.1", () => {
      clientPort = socket.localPort ?? 0;
      const lines = ["GET / HTTP/1.1", "Host: a", "Connection: close", ...fields, "", ""];
      socket.write(lines.join("\r\n"));
    });
    socket.on("error", reject);
    socket.on("data", (bytes: Uint8Array) => text += new TextDecoder().decode(bytes));
    socket.on("close", () => resolve({ text, clientPort }));
  });
}

const haproxy = (port: number, target: number, how: string) => () => `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
listen front
    bind 127.0.0.1:${port}
    server app 127.0.0.1:${target} ${how}
`;

test("haproxy tells of the client by both versions of the PROXY protocol", {
  skip: skipWithout("haproxy", ["-v"]),
}, async () => {
  const proxyProtocol = { trust: ["loopback"] };
  await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: app, proxyProtocol });
  const { port: target } = server.address as { port: number };
  for (const [how, version] of [["send-proxy", 1], ["send-proxy-v2", 2]] as const) {
    const port = await freePort();
    const configuration = haproxy(port, target, how);
    await withProxy("haproxy", configuration, async () => {
      const { text, clientPort } = await ask(port);
      assertEquals(text.slice(text.lastIndexOf("127.")), `127.0.0.1 ${clientPort} ${version}`);
    });
  }
});

test("haproxy tells of the client before the handshake of the server", {
  skip: skipWithout("haproxy", ["-v"]),
}, async () => {
  const options = { proxyProtocol: { trust: ["loopback"] }, tls: { cert: CERT, key: KEY } };
  await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: app, ...options });
  const { port: target } = server.address as { port: number };
  const port = await freePort();
  const configuration = haproxy(port, target, "send-proxy-v2 ssl verify none");
  await withProxy("haproxy", configuration, async () => {
    const { text, clientPort } = await ask(port);
    assertEquals(text.slice(text.lastIndexOf("127.")), `127.0.0.1 ${clientPort} 2`);
  });
});

const nginx = (port: number, target: number) =>
  nginxConfiguration(`    server {
        listen 127.0.0.1:${port};
        location / {
            proxy_pass http://127.0.0.1:${target};
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }
    }`);

test("nginx tells of the client by X-Forwarded-For, and what the client claims is not believed", {
  skip: skipWithout("nginx", ["-v"]),
}, async () => {
  const wsgiApp = trustProxy(app, { trust: 1 });
  await using server = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp });
  const { port: target } = server.address as { port: number };
  const port = await freePort();
  await withProxy("nginx", nginx(port, target), async () => {
    const { text } = await ask(port, ["X-Forwarded-For: 192.0.2.66"]);
    assert(text.includes("127.0.0.1  0"), text);
  });
});
