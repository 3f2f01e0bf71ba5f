/**
 * The intended behaviour of the waiting operations, in the plainest form: arrays, and one operation
 * at a time. The laws compare the package with this model.
 */

/** The visible state of an operation. */
export type Standing =
  | { readonly state: "waiting" | "timeout" | "cancelled" | "refused" }
  | { readonly state: "value"; readonly value: unknown };

/** The wait of one coroutine for one operation. */
export class ModelWait {
  standing: Standing = { state: "waiting" };
  readonly deadline: number;

  constructor(deadline: number) {
    this.deadline = deadline;
  }

  get waits(): boolean {
    return this.standing.state === "waiting";
  }

  give(value: unknown): void {
    if (this.waits) this.standing = { state: "value", value };
  }

  end(state: "timeout" | "cancelled" | "refused"): void {
    if (this.waits) this.standing = { state };
  }
}

interface WaitWithPayload<T> {
  readonly wait: ModelWait;
  readonly payload: T;
}

/** A bounded queue, a semaphore, a signal and a bounded publish/subscribe queue. */
export class WaitingModel {
  now = 0;
  readonly waits: ModelWait[] = [];
  #items: number[] = [];
  #getters: ModelWait[] = [];
  #putters: WaitWithPayload<number>[] = [];
  #permits: number;
  #acquirers: ModelWait[] = [];
  #listeners: ModelWait[] = [];
  #signals: WaitWithPayload<{ value: number; recipients: number }>[] = [];
  #messages: number[] = [];
  #first = 0;
  #positions: Record<string, number> = {};
  #fetchers: WaitWithPayload<string>[] = [];
  #publishers: WaitWithPayload<number>[] = [];
  readonly #capacity: number;

  constructor(capacity: number, permits: number, keys: readonly string[]) {
    this.#capacity = capacity;
    this.#permits = permits;
    for (const key of keys) this.#positions[key] = 0;
  }

  begin(timeout: number): ModelWait {
    const wait = new ModelWait(this.now + timeout);
    this.waits.push(wait);
    return wait;
  }

  get(wait: ModelWait): void {
    this.#getters.push(wait);
    this.settle();
  }

  put(wait: ModelWait, item: number): void {
    this.#putters.push({ wait, payload: item });
    this.settle();
  }

  acquire(wait: ModelWait): void {
    this.#acquirers.push(wait);
    this.settle();
  }

  release(): void {
    this.#permits++;
    this.settle();
  }

  listen(wait: ModelWait): void {
    this.#listeners.push(wait);
    this.settle();
  }

  signal(wait: ModelWait, value: number, recipients: number): void {
    if (recipients > 0) this.#signals.push({ wait, payload: { value, recipients } });
    else {
      wait.give(this.#listeners.length);
      for (const listener of this.#listeners) listener.give(value);
    }
    this.settle();
  }

  fetch(wait: ModelWait, key: string): void {
    const busy = this.#fetchers.some(({ wait: other, payload }) => other.waits && payload === key);
    if (busy) wait.end("refused");
    else this.#fetchers.push({ wait, payload: key });
    this.settle();
  }

  publish(wait: ModelWait, message: number): void {
    this.#publishers.push({ wait, payload: message });
    this.settle();
  }

  advance(milliseconds: number): void {
    const end = this.now + milliseconds;
    const due = () => this.waits.filter((wait) => wait.waits && wait.deadline <= end);
    for (let late = due(); late.length > 0; late = due()) {
      late.sort((one, other) => one.deadline - other.deadline); // stable: by arrival
      late[0]?.end("timeout");
      this.settle();
    }
    this.now = end;
  }

  /** Repeats the rules until no operation changes any more. */
  settle(): void {
    this.#forgetEnded();
    while (
      this.#settleQueue() || this.#settleSemaphore() || this.#settleSignals() ||
      this.#settleFetchers() || this.#settlePublishers()
    ) this.#forgetEnded();
  }

  #forgetEnded(): void {
    const waits = ({ wait }: WaitWithPayload<unknown>) => wait.waits;
    this.#getters = this.#getters.filter((wait) => wait.waits);
    this.#acquirers = this.#acquirers.filter((wait) => wait.waits);
    this.#listeners = this.#listeners.filter((wait) => wait.waits);
    this.#putters = this.#putters.filter(waits);
    this.#signals = this.#signals.filter(waits);
    this.#fetchers = this.#fetchers.filter(waits);
    this.#publishers = this.#publishers.filter(waits);
  }

  #settleQueue(): boolean {
    const putter = this.#putters[0];
    if (putter !== undefined && this.#items.length < this.#capacity) {
      this.#items.push(putter.payload);
      putter.wait.give(undefined);
      return true;
    }
    const getter = this.#getters[0];
    if (getter === undefined || this.#items.length === 0) return false;
    getter.give(this.#items.shift());
    return true;
  }

  #settleSemaphore(): boolean {
    const acquirer = this.#acquirers[0];
    if (acquirer === undefined || this.#permits === 0) return false;
    this.#permits--;
    acquirer.give(undefined);
    return true;
  }

  #settleSignals(): boolean {
    const signal = this.#signals[0];
    if (signal === undefined || this.#listeners.length < signal.payload.recipients) return false;
    signal.wait.give(signal.payload.recipients);
    for (const listener of this.#listeners.slice(0, signal.payload.recipients)) {
      listener.give(signal.payload.value);
    }
    return true;
  }

  #settleFetchers(): boolean {
    const end = this.#first + this.#messages.length;
    const fetcher = this.#fetchers.find(({ payload }) =>
      (this.#positions[payload] as number) < end
    );
    if (fetcher === undefined) return false;
    const position = this.#positions[fetcher.payload] as number;
    fetcher.wait.give(this.#messages.slice(position - this.#first));
    this.#positions[fetcher.payload] = end;
    return true;
  }

  #settlePublishers(): boolean {
    const publisher = this.#publishers[0];
    if (publisher === undefined) return false;
    if (this.#messages.length >= this.#capacity) {
      if (Object.values(this.#positions).some((position) => position <= this.#first)) return false;
      this.#messages.shift();
      this.#first++;
    }
    publisher.wait.give(this.#first + this.#messages.length);
    this.#messages.push(publisher.payload);
    return true;
  }
}
