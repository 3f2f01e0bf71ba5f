/** The stacks of middleware through which an app must notice a disconnect. */

import {
  accessLog,
  type Block,
  errorPage,
  lazyStartResponse,
  validator,
  type WSGIApp,
} from "../../../mod.ts";
import { gzip } from "../../../src/middleware/compress/mod.ts";

/** A middleware as in PEP 3333, for sync apps: it loops over the blocks and passes `close()` on. */
export function upperCase(app: WSGIApp): WSGIApp {
  return function* upper(environ, startResponse) {
    const given = app(environ, startResponse) as Iterable<Block> & { close?: () => unknown };
    try {
      for (const block of given) yield typeof block === "string" ? block.toUpperCase() : block;
    } finally {
      given.close?.();
    }
  };
}

const quietPage = () => ({ status: "500 Error", headers: [], body: "error" });

/**
 * The stacks, by name. The stacks of `SYNC_STACKS` are only for apps that wait with empty blocks.
 */
export const STACKS: Readonly<Record<string, (app: WSGIApp) => WSGIApp>> = {
  "no middleware": (app) => app,
  "accessLog, gzip, lazyStartResponse": (app) => {
    return accessLog(gzip(lazyStartResponse(app)), () => {});
  },
  "errorPage, accessLog, lazyStartResponse": (app) => {
    return errorPage(accessLog(lazyStartResponse(app), () => {}), quietPage);
  },
};

export const SYNC_STACKS: typeof STACKS = {
  "errorPage, validator, upper case": (app) => errorPage(validator(upperCase(app)), quietPage),
};
