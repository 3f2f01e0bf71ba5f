/** The stacks of middleware through which a disconnect has to be felt. */

import {
  accessLog,
  type Block,
  errorPage,
  lazyStartResponse,
  validator,
  type WSGIApp,
} from "../../mod.ts";
import { gzip } from "../../src/middleware/compress/mod.ts";

/** Middleware as PEP 3333 has it: a loop over the blocks, and `close()` passed on. For sync apps. */
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

/** By name; those of `SYNC_STACKS` are only for apps whose waits are empty blocks. */
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
