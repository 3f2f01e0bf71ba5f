/**
 * A handler that throws loses its connection, and the process goes on.
 *
 * @module
 */

import { test } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Address } from "../../src/socket/socket.ts";
import type { Client } from "./client.ts";
import { connected, LOOPBACK, type Subject, writeUntilFull } from "./connection.ts";
import { type Heard, Recorder } from "./recorder.ts";
import { pattern, until } from "./waiting.ts";

/** Registers the tests of handlers that throw. */
export function failureTests(subject: Subject): void {
  for (const moment of ["data", "end", "drain", "close"] as const satisfies readonly Heard[]) {
    test(`${subject.name}: a handler that throws in ${moment} loses its connection`, async () => {
      const logged = await loggedBy(() =>
        connected(subject, async ({ client, recorder, socket }) => {
          recorder.react = (event) => {
            if (event === moment) throw new TypeError("a bug in the handler");
          };
          if (moment === "drain") writeUntilFull(socket);
          if (moment === "end") client.end();
          else if (moment === "close") client.reset();
          else client.write(pattern(10));
          await until("onClose", () => recorder.has("close"));
        })
      );
      assertEquals(logged.length, 1);
      assertStringIncludes(logged[0] ?? "", "a bug in the handler");
    });
  }
}

/** Registers the tests of connections that are refused while they are accepted. */
export function refusalTests(subject: Subject): void {
  test(`${subject.name}: a function open that throws loses its connection`, async () => {
    const logged = await loggedBy(async () => {
      const listener = await subject.adapter.listen(LOOPBACK, subject.listening, () => {
        throw new TypeError("a bug in open");
      });
      for (let attempt = 0; attempt < 2; attempt++) {
        await cutOff(subject, listener.address);
      }
      await listener.close();
    });
    assertEquals(logged.length, 2);
    assertStringIncludes(logged[0] ?? "", "a bug in open");
  });

  test(`${subject.name}: a connection can be refused by a destroy in open`, async () => {
    const listener = await subject.adapter.listen(LOOPBACK, subject.listening, (socket) => {
      socket.destroy();
      const recorder = new Recorder(socket);
      refused.push(recorder);
      return recorder;
    });
    const refused: Recorder[] = [];
    await cutOff(subject, listener.address);
    await listener.close();
    await until("onClose", () => refused[0]?.has("close") === true);
    assertEquals(refused[0]?.heard, ["close"]);
  });
}

/** Connects, and waits until the connection is cut. With TLS, the connecting may already fail. */
async function cutOff(subject: Subject, address: Address): Promise<void> {
  let client: Client;
  try {
    client = await subject.connect(address);
  } catch (error) {
    if (subject.listening.tls === undefined) throw error;
    return;
  }
  await until("the client is cut off", () => client.ended);
  client.destroy();
}

/** Collects the lines of the error log while `act` runs. */
async function loggedBy(act: () => Promise<void>): Promise<string[]> {
  const original = console.error;
  const lines: string[] = [];
  console.error = (line: string) => void lines.push(line);
  try {
    await act();
  } finally {
    console.error = original;
  }
  return lines;
}
