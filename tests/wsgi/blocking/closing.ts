/** A program that serves one request in a thread, closes the app, and says so. `pool_test.ts` runs it. */

import { blocking } from "../../../src/blocking/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";

const source = "data:text/javascript,export default (environ, startResponse) => {" +
  "startResponse('200 OK', []); return ['one'] }";
const app = blocking(source);
const client = testClient(app, { autojump: false });
await client.get("/");
await client.close();
await app.close();
console.log("closed");
