/** A program that serves requests in three threads, closes the app, and says so. `pool_test.ts` runs it. */

import { blocking } from "../../../src/blocking/mod.ts";
import { testClient } from "../../../src/testing/mod.ts";

const source = "export default (environ, startResponse) => {" +
  "environ['wsgi.input'].read(); startResponse('200 OK', []); return ['one'] }";
const module = `data:text/javascript;base64,${btoa(source)}`;
const app = blocking(module, { threads: 3, idle: Infinity });
const client = testClient(app, { autojump: false });
let end = () => {};
const ended = new Promise<void>((resolve) => end = resolve);
const requests = [1, 2, 3].map(() => {
  async function* body() {
    yield "begun";
    await ended;
  }
  return client.post("/", { body: body() });
});
// Each request holds a thread until its body ends, so that three threads are free afterwards.
while (app.stats().busy < 3) await client.settle();
end();
await Promise.all(requests);
await client.close();
await app.close();
console.log("closed");
