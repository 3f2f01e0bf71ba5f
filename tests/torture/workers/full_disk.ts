/**
 * The part `disk`: the disk under the access log of the command is full, and then has room again.
 *
 * Each request is answered meanwhile. The log has whole lines, apart from the one at which the disk was full, and
 * the command tells that lines are dropped and how many there were: no request is missing in the sum. The part is
 * left out where no small disk can be mounted.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmdirSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { eventually } from "../../support/tcp.ts";
import { currentRuntime } from "../child.ts";
import type { Course, Part } from "../part.ts";
import { Connection } from "../traffic/traffic_clients.ts";
import { startWorkers } from "./command.ts";

const DISK_BYTES = 65_536;
/** The requests while the disk becomes full, and those after it has room again. */
const BEFORE = 1000;
const AFTER = 100;
const APP = `export default (_environ, startResponse) => {
  startResponse("200 OK", [["Content-Type", "text/plain"]]);
  return ["hello"];
};`;
/** The message of the command about lines that were lost. */
const DROPPED = /(\d+) lines of the log in .* were dropped/;

async function request(port: number, count: number): Promise<void> {
  const connection = await Connection.open({ port });
  for (let left = count; left > 0; left--) {
    await connection.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    const { status } = await connection.response();
    if (status !== 200) throw new Error(`The status ${status}`);
  }
  connection.leave("close");
}

/** The numbers of lines that are whole and of those that are not. */
function countLines(text: string): { readonly whole: number; readonly parts: number } {
  const lines = text.split("\n").filter((line) => line !== "");
  const whole = lines.filter((line) => line.startsWith("{") && line.endsWith("}")).length;
  return { whole, parts: lines.length - whole };
}

async function fillDisk(course: Course, folder: string): Promise<void> {
  const file = join(folder, "access.log");
  let said = "";
  const words = ["--access-log", "json", "--access-log-file", file];
  // The command `deno` of npm is a program of Node that does not pass signals on.
  const runtime = { ...currentRuntime(), command: process.execPath };
  const command = await startWorkers(runtime, APP, words, (text) => said += text);
  try {
    await request(command.port, BEFORE);
    await eventually("the message about the full disk", () => /disk is full|no space/i.test(said));
    const before = readFileSync(file, "latin1");
    truncateSync(file);
    await request(command.port, AFTER);
    await eventually("the message about dropped lines", () => DROPPED.test(said));
    const full = countLines(before);
    const dropped = Number(DROPPED.exec(said)?.[1]);
    // Some lines of the requests before may come after the disk has room.
    const awaited = BEFORE + AFTER - dropped - full.whole;
    const laterLines = () => countLines(readFileSync(file, "latin1"));
    await eventually("all lines", () => laterLines().whole >= awaited).catch(() => {});
    const later = laterLines();
    if (before.length !== DISK_BYTES) course.broken(`the log had ${before.length} bytes`);
    if (full.parts + later.parts > 1) course.broken(`${full.parts + later.parts} broken lines`);
    const sum = full.whole + later.whole + dropped;
    if (sum !== BEFORE + AFTER) course.broken(`${sum} of ${BEFORE + AFTER} lines: ${said}`);
    course.figure(
      `${BEFORE + AFTER} requests answered while a disk of ${DISK_BYTES} bytes was full: ` +
        `${full.whole + later.whole} lines written, ${dropped} dropped and told`,
    );
  } finally {
    const ended = await command.stop();
    if (ended !== "0") course.broken(`the command ended with ${ended}`);
  }
}

/** A full disk under the log. */
export const diskPart: Part = {
  name: "disk",
  share: 0.1,
  async run(course: Course): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "disk-"));
    const words = ["-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", folder];
    const { status, stderr } = spawnSync("mount", words, { encoding: "utf8" });
    if (status !== 0) course.figure(`not run: ${stderr ?? "there is no command mount"}`);
    else {
      try {
        await fillDisk(course, folder);
      } finally {
        spawnSync("umount", [folder]);
      }
    }
    rmdirSync(folder);
  },
};
