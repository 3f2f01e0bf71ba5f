import { memoryNetwork } from "../../adapters/memory.ts";
import { adapterContract, dialledContract } from "./adapter_contract.ts";
import { memoryClient } from "./client.ts";
import type { DiallingSubject } from "./connection.ts";
import { memoryPeers } from "./peers.ts";

const network = memoryNetwork();
let paths = 0;

const subject: DiallingSubject = {
  name: "memory",
  adapter: network.adapter,
  listening: {},
  connect: (address) => memoryClient(network, address),
  listen: (address) => memoryPeers(network, address),
  unixPath: () => `/memory/${++paths}`,
};

// An adapter of an embedder need not dial: the contract leaves these tests out.
const { dial: _, ...adapter } = network.adapter;
const { listen: __, ...means } = subject;
adapterContract({ ...means, adapter });
dialledContract(subject);
