/**
 * Operations that know their request, and the iterator behind their `yield*`.
 *
 * In the app, `yield*` gives the empty block, which passes through any middleware, and the server
 * performs the operation. In another coroutine, such as the function of a `Call`, no server sees the
 * empty block: there, `yield*` gives the operation itself to the scheduler.
 *
 * `environ.cogen.wait` and the reads of `wsgi.input` make these.
 *
 * @module
 */

import { notePerformed } from "../coroutine/internal.ts";
import { type Abort, BaseOperation, type Operation, type Resume } from "../coroutine/mod.ts";
import type { Priority, Task } from "../coroutine/mod.ts";
import { NOT_YET } from "../coroutine/internal.ts";
import { OperationNotPerformed } from "./not_performed.ts";
import type { Binding, BoundOperation, TypedWait } from "./waiting.ts";

/**
 * - `new`: the iterator has yielded nothing.
 * - `direct`: it has yielded the operation; the next value is the result.
 * - `kept`: it has yielded the empty block, and the operation has no outcome yet.
 * - `settled`, `failed`: the server has performed the operation.
 */
type State = "new" | "direct" | "kept" | "settled" | "failed";

/** What `yield*` gives: `""` or the operation; see {@linkcode BoundOperation}. */
type Yielded = "" & Operation<unknown>;

/**
 * The iterator of one `yield*`. It is its own `IteratorResult`, as that of the other operations, so that
 * a wait allocates nothing else.
 */
export class BoundIterator<T> implements Iterator<Yielded, T, unknown>, TypedWait {
  readonly operation: Operation<unknown>;
  after: TypedWait | undefined;
  done = false;
  value: unknown;
  readonly #binding: Binding;
  #state: State = "new";

  constructor(operation: Operation<T>, binding: Binding) {
    this.operation = operation as Operation<unknown>;
    this.#binding = binding;
  }

  next(sent: unknown): IteratorResult<Yielded, T> {
    switch (this.#state) {
      case "new":
        this.#begin();
        break;
      case "direct":
        this.done = true;
        this.value = sent;
        break;
      case "kept":
        this.#binding.forget(this);
        throw new OperationNotPerformed(this.operation, "kept");
      case "settled":
        this.done = true;
        break;
      case "failed":
        throw this.value;
    }
    return this as unknown as IteratorResult<Yielded, T>;
  }

  throw(error: unknown): never {
    this.#binding.forget(this);
    throw error;
  }

  return(value: T): IteratorResult<Yielded, T> {
    this.#binding.forget(this);
    return { done: true, value };
  }

  settle(value: unknown): void {
    this.#state = "settled";
    this.value = value;
  }

  fail(error: unknown): void {
    this.#state = "failed";
    this.value = error;
  }

  #begin(): void {
    if (this.#binding.isElsewhere) {
      this.#state = "direct";
      this.value = this.operation;
      return;
    }
    this.#state = "kept";
    this.value = "";
    this.#binding.expect(this);
  }
}

/** An operation of any kind, bound to a request. */
export class BoundWait<T> extends BaseOperation<T> implements BoundOperation<T> {
  override readonly priority: Priority | undefined;
  readonly #operation: Operation<T>;
  readonly #binding: Binding;

  constructor(operation: Operation<T>, binding: Binding) {
    super();
    notePerformed(operation);
    this.priority = operation.priority;
    this.#operation = operation;
    this.#binding = binding;
  }

  get name(): string {
    return this.#operation.name;
  }

  override attempt(task: Task<unknown>): T | typeof NOT_YET {
    return this.#operation instanceof BaseOperation ? this.#operation.attempt(task) : NOT_YET;
  }

  start(resume: Resume<T>): Abort | void {
    return this.#operation.start(resume);
  }

  override [Symbol.iterator](): Iterator<Yielded, T, unknown> {
    notePerformed(this);
    return new BoundIterator(this.#operation, this.#binding);
  }

  then(): never {
    throw new OperationNotPerformed(this as Operation<unknown>, "awaited");
  }
}
