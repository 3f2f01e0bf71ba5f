import { memoryTransport } from "../../src/bus/mod.ts";
import { busContract, LOG_SIZE } from "./contract.ts";

busContract("memory", () => {
  const transport = memoryTransport({ maxLogMessages: LOG_SIZE });
  return { connect: () => transport, stop: () => {} };
});
