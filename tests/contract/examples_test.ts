/** The adapters of the examples keep the contract, on every runtime. */

import { test } from "node:test";
import { assertEquals } from "@std/assert";
import { duplexAdapter } from "../../examples/sockets/duplex.ts";
import { connectByPort, portAdapter } from "../../examples/sockets/message_port.ts";
import { type WSGIApp, WSGIServer } from "../../mod.ts";
import type { OpenHandler } from "../../src/socket/mod.ts";
import type { OpenPeer } from "../../src/testing/mod.ts";
import { checkTests } from "./adapter_contract.ts";

const addresses = [{ path: "example" }];
const { port1, port2 } = new MessageChannel();
const ports = await portAdapter(port1);
const connectPort = (open: OpenHandler) => connectByPort(port2, open);
const streams = await duplexAdapter();

checkTests("a MessagePort", { adapter: ports }, {
  addresses,
  connect: async (_address, open: OpenPeer) => await connectPort(open),
});
checkTests("a pair of Duplex streams", { adapter: streams }, {
  addresses,
  connect: async (_address, open: OpenPeer) => await streams.connect(open),
});

const hello: WSGIApp = (environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return [`hello ${environ.PATH_INFO}`];
};

for (const [adapter, connect] of [[ports, connectPort], [streams, streams.connect]] as const) {
  test(`an app is served over the adapter ${adapter.name}`, async () => {
    const server = new WSGIServer({ wsgiApp: hello, adapter, bindAddr: "/example" });
    await server.listen();
    const answer = await new Promise<string>((resolve) => {
      let text = "";
      connect((socket) => {
        socket.write("GET /world HTTP/1.1\r\nHost: example\r\nConnection: close\r\n\r\n");
        return {
          onData: (bytes) => void (text += adapter.latin1(bytes, 0, bytes.length)),
          onEnd: () => socket.endWrite(),
          onDrain() {},
          onClose: () => resolve(text),
        };
      });
    });
    assertEquals(answer.split("\r\n\r\n")[1], "hello /world");
    await server.close();
  });
}

// An open port keeps the process alive.
test("the ports close", () => port1.close());
