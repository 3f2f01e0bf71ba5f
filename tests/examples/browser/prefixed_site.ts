/**
 * The site of the examples below a prefix, as behind a reverse proxy. It works there because the addresses in
 * its pages are relative.
 *
 * @module
 */

import { WSGIPathInfoDispatcher } from "../../../mod.ts";
import { serveWhenMain } from "../../../examples/main.ts";
import { site } from "../../../examples/site.ts";

await serveWhenMain(import.meta, { "/demo": WSGIPathInfoDispatcher(site) });
