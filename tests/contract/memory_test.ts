import { test } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { memoryNetwork } from "../../adapters/memory.ts";
import { adapterChecks } from "../../src/testing/mod.ts";
import { toDial } from "../../src/testing/contract/stage.ts";
import { isMine } from "../support/shares.ts";
import { checkTitle } from "./adapter_contract.ts";

const network = memoryNetwork();
const { adapter } = network;
const addresses = [
  { host: "127.0.0.1", port: 0 },
  { host: "::1", port: 0 },
  { path: "/memory/socket" },
];

for (const [index, check] of adapterChecks(adapter, { addresses }).entries()) {
  if (isMine(index)) test(checkTitle("memory", check), check.run);
}

test("an adapter without dial has the same checks, except those of dialled connections", () => {
  const { dial: _, ...silent } = adapter;
  const names = adapterChecks(silent, {
    addresses,
    connect: (address, open) => Promise.resolve(void network.connect(toDial(address), open)),
  }).map(({ name }) => name);
  const dialled = adapterChecks(adapter, { addresses }).map(({ name }) => name)
    .filter((name) => !/^dial/.test(name));
  assertEquals(names, dialled);
  assertThrows(() => adapterChecks(silent), TypeError, "give connect");
});
