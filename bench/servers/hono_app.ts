/** The apps in Hono's style, for every runtime. */

import { Hono } from "hono";
import { HELLO, TEXT } from "../workloads/content.ts";
import { askedApp } from "./control.ts";
import { FETCH_HANDLERS, type FetchHandler } from "./fetch_handlers.ts";

export function honoFetch(): FetchHandler {
  const app = new Hono();
  const handler = askedApp(FETCH_HANDLERS);
  if (handler === FETCH_HANDLERS.hello) {
    app.get("/", (context) => context.body(HELLO.body, 200, { "Content-Type": TEXT }));
  } else app.all("*", (context) => handler(context.req.raw));
  return (request) => app.fetch(request);
}
