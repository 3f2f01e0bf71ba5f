import { memoryNetwork } from "../../adapters/memory.ts";
import { adapterContract } from "./adapter_contract.ts";
import { memoryClient } from "./client.ts";
import { memoryPeers } from "./peers.ts";

const network = memoryNetwork();
let paths = 0;

adapterContract({
  name: "memory",
  adapter: network.adapter,
  listening: {},
  connect: (address) => memoryClient(network, address),
  listen: (address) => memoryPeers(network, address),
  unixPath: () => `/memory/${++paths}`,
});
