/** The questions to workers: answers in time, workers that are silent, and workers that have ended. */

import { assertEquals } from "@std/assert";
import { test } from "node:test";
import { Gather, type Source } from "../../../src/cli/status/gather.ts";
import { type Ask, Recorders } from "../../../src/cli/status/recorders.ts";
import { ManualClock, Sleep } from "../../../src/coroutine/mod.ts";
import { sumMetrics } from "../../../src/status/mod.ts";
import { get, type Serving, serving } from "../../support/serving.ts";

/** A worker with a server in memory. It answers when the test says so. */
class FakeWorker implements Source {
  readonly title: string;
  readonly stage: Serving;
  readonly recorders: Recorders;
  readonly questions: Ask[] = [];

  constructor(name: string, stage: Serving) {
    this.title = `worker ${name}`;
    this.stage = stage;
    this.recorders = new Recorders([stage.server]);
  }

  ask(question: Ask): void {
    this.questions.push(question);
  }

  answer(gather: Gather): void {
    for (const question of this.questions.splice(0)) {
      gather.receive(this, structuredClone(this.recorders.answer(question)));
    }
  }
}

async function worker(name: string): Promise<FakeWorker> {
  const stage = await serving((_environ, startResponse) => {
    startResponse("200 OK", [["Content-Type", "text/plain"]]);
    return ["hello"];
  }, { worker: name });
  return new FakeWorker(name, stage);
}

/** Gather, its clock, and two workers. */
async function team() {
  const clock = new ManualClock();
  const gather = new Gather((seconds, job) => clock.setTimer(seconds * 1000, job));
  const [one, two] = [await worker("10"), await worker("9")] as const;
  gather.add(one);
  gather.add(two);
  const finish = () => Promise.all([one, two].map(({ stage }) => stage.finish()));
  return { clock, gather, one, two, finish };
}

test("the views stand in the order of the workers, and a silent one is named after a second", async () => {
  const { clock, gather, one, two, finish } = await team();
  const views = gather.views();
  for (const each of [one, two]) each.answer(gather);
  const names = (await views).map(({ servers }) => servers.map(({ stats }) => stats.worker));
  assertEquals(names, [["9"], ["10"]]);
  const partial = gather.views();
  two.answer(gather);
  clock.advance(1000);
  assertEquals((await partial).map(({ silent }) => silent), [[], ["worker 10"]]);
  one.answer(gather);
  await finish();
});

test("the end of a worker ends the wait for its answer", async () => {
  const { gather, one, two, finish } = await team();
  const views = gather.views();
  two.answer(gather);
  gather.remove(one);
  assertEquals((await views).map(({ silent }) => silent), [[]]);
  await finish();
});

test("the counters of a silent worker and of one that has ended do not go back", async () => {
  const { clock, gather, one, two, finish } = await team();
  const scrape = async (...answering: FakeWorker[]) => {
    const snapshots = gather.snapshots();
    for (const each of answering) each.answer(gather);
    clock.advance(1000);
    const metrics = sumMetrics(await snapshots);
    const valueOf = (name: string) =>
      metrics.find((metric) => metric.name === name)?.samples.at(-1)?.value;
    return [
      "cogen_accepted_connections_total",
      "http_server_request_duration_seconds",
      "cogen_coroutines",
    ].map(valueOf);
  };
  for (const each of [one, one, two]) each.stage.ask(get("/"));
  const waiting = one.stage.server.scheduler.add(() => Sleep(5));
  one.stage.run();
  assertEquals(await scrape(one, two), [3, 3, 1]);
  one.stage.ask(get("/"));
  assertEquals(await scrape(two), [3, 3, 1]);
  gather.receive(one, one.recorders.last());
  gather.remove(one);
  two.stage.ask(get("/"));
  assertEquals(await scrape(two), [5, 5, 0]);
  waiting.cancel();
  one.stage.run();
  await finish();
});
