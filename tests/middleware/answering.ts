/** One request to an app and its response, and the small apps that several middleware tests share. */

import type { WSGIApp } from "../../src/wsgi/mod.ts";
import type { TextResponse } from "../support/http_text.ts";
import { get, type Serving, serving } from "../support/serving.ts";

/** Header fields of a plain text. */
export const PLAIN: [string, string][] = [["Content-Type", "text/plain"]];

/** The page for `errorPage`. */
export const sorry = () => ({ status: "500 Oh", headers: PLAIN, body: "sorry" });

/** An app that fails when it is called. */
export const throwing: WSGIApp = () => {
  throw new Error("a secret");
};

/** Lets the promises of several layers settle, without moving time. */
export async function settle(stage: Serving, rounds: number = 12): Promise<void> {
  for (let round = 0; round < rounds; round++) await stage.settle();
}

/** Sends one request to an app, and gives the response. */
export async function answer(app: WSGIApp, request: string = get("/")): Promise<TextResponse> {
  const stage = await serving(app);
  const [method = "GET"] = request.split(" ");
  const client = stage.ask(request);
  await stage.eventually("the response", () => client.isAnswered(method));
  await settle(stage);
  const response = client.response(method);
  await stage.finish();
  return response;
}
