/**
 * TLS handshakes that fail, stall or never begin. Each ends its own connection, and no other.
 *
 * @module
 */

import { test } from "node:test";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import type { Address, Listener, ListenTLSOptions } from "../../src/socket/socket.ts";
import { CERT, ENCRYPTED_KEY, KEY, OTHER_KEY, PASSPHRASE } from "../support/tls_fixtures.ts";
import type { Peer } from "../../src/testing/contract/peer.ts";
import { Recorder } from "../../src/testing/contract/recorder.ts";
import { netClient, type NetSocket, peerOf, tlsConnect } from "./client.ts";
import { LOOPBACK, SOON, type Subject } from "./runtime_subject.ts";
import { settled, until } from "./waiting.ts";

const TLS: ListenTLSOptions = { cert: CERT, key: KEY, handshakeTimeoutMs: 10_000 };

/** Registers the tests of handshakes. */
export function handshakeTests(subject: Subject): void {
  const ways: Record<string, (client: Peer) => void> = {
    "speaks plain HTTP": (client) => client.write(ascii("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
    "sends garbage": (client) => client.write(new Uint8Array(10_000).fill(0x80)),
    "begins a handshake and ends": (client) => {
      client.write(new Uint8Array([0x16, 3, 1, 2, 0, 1, 0]));
      client.end();
    },
    "ends at once": (client) => client.end(),
    "dies at once": (client) => client.destroy(),
    "resets at once": (client) => client.reset(),
  };
  for (const [way, act] of Object.entries(ways)) {
    test(`${subject.name}: a client that ${way} loses its connection, and no other client does`, async () => {
      await listening(subject, TLS, async (listener, recorders) => {
        const client = await netClient(listener.address);
        act(client);
        await until("onClose", () => recorders[0]?.has("close") === true);
        assertEquals(recorders[0]?.heard, ["close"]);
        assert(recorders[0]?.error instanceof Error, "onClose gets an error");
        client.destroy();
        const next = await secureClient(subject, listener.address);
        next.write(ascii("hello"));
        await until("the next client's data", () => recorders[1]?.count === 5);
        next.destroy();
      });
    });
  }

  test(`${subject.name}: a record that cannot be decrypted breaks the connection`, async () => {
    await listening(subject, TLS, async ({ address }, recorders) => {
      let raw: NetSocket | undefined;
      const client = await peerOf((open) => tlsConnect(address, (socket) => open(raw = socket)));
      client.write(ascii("hello"));
      await until("data", () => recorders[0]?.count === 5);
      raw?.writeRaw(new Uint8Array([0x17, 3, 3, 0, 40, ...new Uint8Array(40).fill(7)]));
      await until("onClose", () => recorders[0]?.has("close") === true, SOON);
      assertEquals(recorders[0]?.heard, ["data", "close"]);
      assert(recorders[0]?.error instanceof Error, "onClose gets an error");
      client.destroy();
    });
  });

  test(`${subject.name}: a client that never begins a handshake is cut off`, async () => {
    const tls = { ...TLS, handshakeTimeoutMs: 100 };
    await listening(subject, tls, async (listener, recorders) => {
      const busy = await secureClient(subject, listener.address);
      const silent = await netClient(listener.address);
      if (!subject.machineGaps?.silence) {
        await until("the end of the silent one", () => silent.ended);
      }
      await until("onClose", () => recorders[1]?.has("close") === true);
      assertEquals(recorders[1]?.heard, ["close"]);
      assertStringIncludes(recorders[1]?.error?.message ?? "", "not done in 100 ms");
      assertEquals(busy.closed, false, "the time is for the handshake alone");
      silent.destroy();
      busy.destroy();
    });
  });

  for (const handshakeTimeoutMs of [Infinity, 2 ** 31]) {
    test(`${subject.name}: a handshake may take ${handshakeTimeoutMs} ms`, async () => {
      const tls = { ...TLS, handshakeTimeoutMs };
      await listening(subject, tls, async (listener, recorders) => {
        const late = await netClient(listener.address);
        await until("accept", () => recorders.length === 1);
        await settled();
        assertEquals([recorders[0]?.heard, late.closed], [[], false]);
        const client = await secureClient(subject, listener.address);
        client.write(ascii("hello"));
        await until("data", () => recorders[1]?.count === 5);
        client.destroy();
        late.destroy();
      });
    });
  }

  test(`${subject.name}: a connection can be destroyed before its handshake`, async () => {
    await listening(subject, TLS, async (listener, recorders) => {
      const silent = await netClient(listener.address);
      await until("accept", () => recorders.length === 1);
      await settled();
      recorders[0]?.socket.destroy();
      await until("onClose", () => recorders[0]?.has("close") === true, SOON);
      if (!subject.machineGaps?.silence) await until("the end", () => silent.ended, SOON);
      silent.destroy();
    });
  });

  test(`${subject.name}: a connection can be ended before its handshake`, async () => {
    await listening(subject, TLS, async (listener, recorders) => {
      const silent = await netClient(listener.address);
      await until("accept", () => recorders.length === 1);
      recorders[0]?.socket.write("too early");
      recorders[0]?.socket.endWrite();
      await settled();
      silent.end();
      await until("onClose", () => recorders[0]?.has("close") === true, SOON);
      silent.destroy();
    });
  });

  test(`${subject.name}: ends an unused connection without waiting for its handshake`, async () => {
    await listening(subject, TLS, async (listener, recorders) => {
      const silent = await netClient(listener.address);
      await until("accept", () => recorders.length === 1);
      recorders[0]?.socket.endWrite();
      const isOver = () => silent.ended || recorders[0]?.has("close") === true;
      await until("the end, on one side", isOver, SOON);
      silent.destroy();
    });
  });

  test(`${subject.name}: bytes written before the handshake are sent after it`, async () => {
    const greeting = (recorder: Recorder) => recorder.socket.write("welcome");
    await listening(subject, TLS, async (listener) => {
      const client = await secureClient(subject, listener.address);
      await until("the greeting", () => client.count === 7);
      client.destroy();
    }, greeting);
  });

  test(`${subject.name}: agrees on http/1.1, and refuses a client without it`, async () => {
    await listening(subject, TLS, async ({ address }) => {
      assertEquals(await protocolOf(address, { ALPNProtocols: ["h2", "http/1.1"] }), "http/1.1");
      assertEquals(await protocolOf(address, {}), false);
      await assertRejects(() => protocolOf(address, { ALPNProtocols: ["h2"] }));
    });
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`${subject.name}: speaks ${version}`, async () => {
      await listening(subject, TLS, async ({ address }) => {
        await protocolOf(address, { minVersion: version, maxVersion: version });
      });
    });
  }

  test(`${subject.name}: takes a key that is encrypted with a passphrase`, async () => {
    const tls = { ...TLS, key: ENCRYPTED_KEY, passphrase: PASSPHRASE };
    await listening(subject, tls, async ({ address }) => {
      await protocolOf(address, {});
    });
  });

  const unusable: Record<string, Partial<ListenTLSOptions>> = {
    "no certificate": { cert: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" },
    "no key": { key: "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n" },
    "a certificate for a key": { key: CERT },
    "a key of another certificate": { key: OTHER_KEY },
    "an encrypted key without its passphrase": { key: ENCRYPTED_KEY },
    "an encrypted key with another passphrase": { key: ENCRYPTED_KEY, passphrase: "guess" },
  };
  for (const [fault, wrong] of Object.entries(unusable)) {
    test(`${subject.name}: ${fault} rejects, naming the address`, async () => {
      const tls = { ...TLS, ...wrong };
      const listen = () =>
        subject.adapter.listen(LOOPBACK, { tls }, (socket) => new Recorder(socket));
      const error = await assertRejects(listen, Error);
      assertStringIncludes(error.message, "Cannot listen on 127.0.0.1:0: ");
    });
  }
}

/** Connects a peer with TLS. */
function secureClient({ options }: Subject, address: Address): Promise<Peer> {
  return peerOf((open) => options.connect(address, open));
}

/** Listens while `story` runs, then destroys every accepted connection. */
async function listening(
  subject: Subject,
  tls: ListenTLSOptions,
  story: (listener: Listener, recorders: readonly Recorder[]) => Promise<void>,
  greet: (recorder: Recorder) => void = () => {},
): Promise<void> {
  const recorders: Recorder[] = [];
  const listener = await subject.adapter.listen(LOOPBACK, { tls }, (socket) => {
    const recorder = new Recorder(socket);
    recorders.push(recorder);
    greet(recorder);
    return recorder;
  });
  try {
    await story(listener, recorders);
  } finally {
    for (const recorder of recorders) recorder.socket.destroy();
    await listener.close();
  }
  for (const recorder of recorders) {
    await until("onClose", () => recorder.has("close"));
    recorder.expectOrder();
  }
}

/** Connects, and gives the protocol of ALPN. The promise rejects if there is no agreement. */
function protocolOf(address: Address, options: ConnectionOptions): Promise<string | false | null> {
  if (address.family === "unix") throw new TypeError("The clients have no TLS on Unix sockets");
  const { host, port } = address;
  return new Promise((resolve, reject) => {
    const stream = connectTls({ host, port, rejectUnauthorized: false, ...options }, () => {
      resolve(stream.alpnProtocol);
      stream.destroy();
    });
    stream.once("error", reject);
  });
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
