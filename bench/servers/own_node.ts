/** Node's own server: `node:http`. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { HELLO } from "../workloads.ts";
import { announce } from "./control.ts";

const server = createServer((_request, response) => {
  response.setHeader("Content-Type", HELLO.contentType);
  response.end(HELLO.body);
});
server.listen(0, "127.0.0.1", () => announce((server.address() as AddressInfo).port));
