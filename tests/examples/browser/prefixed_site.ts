/**
 * The site of the examples below a prefix, as behind a reverse proxy. It works there because the addresses in
 * its pages are relative. The command serves it.
 *
 * @module
 */

import process from "node:process";
import { type Mounts, WSGIPathInfoDispatcher } from "../../../mod.ts";
import { site } from "../../../examples/site/site.ts";

const prefixed: Mounts = {
  "/demo": WSGIPathInfoDispatcher(site),
  /** Tells a test the process that serves it. */
  "/process": (_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return [String(process.pid)];
  },
};

export default prefixed;
