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
  /** The time that it takes to read the folder. */
  tookMs = 0;
  readonly #limit: string;
  readonly #tellsSize: boolean;

  constructor(limit: string, tellsSize = false) {
    this.#limit = limit;
    this.#tellsSize = tellsSize;
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
    this.nowMs += this.tookMs;
    if (this.open >= Number(this.#limit)) throw new Error("EMFILE");
    return Array.from({ length: this.open + 1 }, String);
  }

  statSync(path: string): { readonly size: number } {
    assertEquals(path, "/proc/self/fd");
    if (this.#tellsSize) this.counts++;
    return { size: this.#tellsSize ? this.open : 0 };
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
  const limits = [[64, 16], [1024, 64], [20_000, 256]] as const;
  const cases = [false, true].flatMap((tells) => limits.map((row) => [...row, tells] as const));
  for (const [limit, kept, tellsSize] of cases) {
    const system = new FakeSystem(String(limit), tellsSize);
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

test("a count that takes long is rare", () => {
  const system = new FakeSystem("1048576");
  system.open = 100_000;
  system.tookMs = 50;
  const take = system.room();
  for (let second = 0; second < 100; second++) {
    system.nowMs += 1000;
    assertEquals(take(), true);
  }
  assertEquals(system.counts, 2);
});

test("there is always room on a system that does not tell its descriptors", () => {
  const refuse = (): never => {
    throw new Error("ENOENT");
  };
  const silent = { readFileSync: refuse, readdirSync: refuse, statSync: refuse };
  const loads = [() => undefined, () => silent, () => new FakeSystem("unlimited")];
  for (const load of loads) assertEquals(descriptorRoom(load)(), true);
});

test("the runtime has room for a connection", async () => {
  assertEquals((await runtimeAdapter()).takeDescriptor?.(), true);
});
