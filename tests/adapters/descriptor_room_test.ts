/** The room for connections among the descriptors of a process, with a system that the test counts. */

import { test } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { runtimeAdapter } from "../../mod.ts";
import { descriptorRoom, type FileModule } from "../../adapters/shared/descriptor_room.ts";

/** A system with a limit, descriptors and a clock. */
class FakeSystem implements FileModule {
  open = 20;
  nowMs = 0;
  counts = 0;
  readonly #limit: string;

  constructor(limit: string) {
    this.#limit = limit;
  }

  readFileSync(path: string): string {
    assertEquals(path, "/proc/self/limits");
    return `Limit                     Soft Limit           Hard Limit           Units     
Max processes             63446                63446                processes 
Max open files            ${this.#limit.padEnd(20)} 1048576              files     
`;
  }

  readdirSync(path: string): readonly string[] {
    assertEquals(path, "/proc/self/fd");
    this.counts++;
    if (this.open >= Number(this.#limit)) throw new Error("EMFILE");
    return Array.from({ length: this.open + 1 }, String);
  }

  room(): () => boolean {
    const take = descriptorRoom(() => this, () => this.nowMs);
    return () => {
      this.open++; // a connection has its descriptor before it is asked for
      const hasRoom = take();
      if (!hasRoom) this.open--;
      return hasRoom;
    };
  }
}

test("connections leave a sixteenth of the descriptors free", () => {
  for (const [limit, kept] of [[64, 16], [1024, 64], [20_000, 256]] as const) {
    const system = new FakeSystem(String(limit));
    const take = system.room();
    while (take()) assert(system.open <= limit - kept, `${system.open} of ${limit}`);
    assertEquals(system.open, limit - kept);
    assert(system.counts < 20, `counted ${system.counts} times`);
  }
});

test("without room, the descriptors are counted ten times a second, and connections come when others end", () => {
  const system = new FakeSystem("64");
  const take = system.room();
  while (take());
  const { counts } = system;
  for (let index = 0; index < 100; index++) assertEquals(take(), false);
  assertEquals(system.counts, counts);
  system.open -= 10;
  assertEquals(take(), false);
  system.nowMs += 100;
  for (let index = 0; index < 10; index++) assertEquals(take(), true);
  assertEquals(take(), false);
});

test("descriptors that are no connections are counted as well, once a second", () => {
  const system = new FakeSystem("1024");
  const take = system.room();
  assertEquals(take(), true);
  system.open = 1020;
  assertEquals(take(), true);
  system.nowMs += 1000;
  assertEquals(take(), false);
  system.open = 1024;
  system.nowMs += 100;
  assertEquals(take(), false);
});

test("there is always room on a system that does not tell its descriptors", () => {
  const refuse = (): never => {
    throw new Error("ENOENT");
  };
  const silent = { readFileSync: refuse, readdirSync: refuse };
  const loads = [() => undefined, () => silent, () => new FakeSystem("unlimited")];
  for (const load of loads) assertEquals(descriptorRoom(load)(), true);
});

test("the runtime has room for a connection", async () => {
  assertEquals((await runtimeAdapter()).takeDescriptor?.(), true);
});
