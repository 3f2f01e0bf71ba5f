/**
 * The words of the command line of a server: the app, and `deflate` if messages may be compressed.
 *
 * @module
 */

import process from "node:process";
import type { SocketApp } from "../workloads.ts";

/** Returns the app that the command line names. */
export function askedSocketApp<App>(apps: Readonly<Record<SocketApp, App>>): App {
  const app = (apps as Readonly<Record<string, App>>)[process.argv[2] ?? ""];
  if (app === undefined) throw new TypeError(`There is no app called ${process.argv[2]}`);
  return app;
}

/** Whether the command line asks for `permessage-deflate`. */
export function isDeflateAsked(): boolean {
  return process.argv[3] === "deflate";
}
