/**
 * Wrappers of `wsgi.input` and `wsgi.errors` that check each call, with the rules of Python's
 * `wsgiref.validate`.
 *
 * `validator` calls this.
 *
 * @module
 */

import { isOperation, type Operation, operation } from "../../coroutine/mod.ts";
import type { Cogen, ErrorStream } from "../../wsgi/mod.ts";
import { check, show } from "./validation_error.ts";

/** The methods of `WSGIInput` and `BufferedInput`: a read gives an operation, or the bytes. */
interface AnyInput {
  read(...args: unknown[]): unknown;
  readline(...args: unknown[]): unknown;
  readlines(...args: unknown[]): unknown;
}

type Test = (value: unknown) => boolean;

const isBytes: Test = (value) => value instanceof Uint8Array;
const isListOfBytes: Test = (value) => Array.isArray(value) && value.every(isBytes);

/** A `wsgi.input` with checks. */
export class InputWrapper {
  readonly #input: AnyInput;
  readonly #cogen: Cogen;

  constructor(input: AnyInput, cogen: Cogen) {
    this.#input = input;
    this.#cogen = cogen;
  }

  read(...args: unknown[]): unknown {
    return this.#call("read", args, 2, isBytes);
  }

  readline(...args: unknown[]): unknown {
    return this.#call("readline", args, 2, isBytes);
  }

  readlines(...args: unknown[]): unknown {
    return this.#call("readlines", args, 1, isListOfBytes);
  }

  close(): void {
    check(false, "input.close() must not be called");
  }

  /** Iterates an input in memory; an input that waits has no such iterator. */
  [Symbol.iterator](): Iterator<unknown> {
    const { [Symbol.iterator]: iterate } = this.#input as { [Symbol.iterator]?: () => unknown };
    check(iterate !== undefined, "wsgi.input is read with yield*, or with for await");
    return iterate.call(this.#input) as Iterator<unknown>;
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    const { [Symbol.asyncIterator]: iterate } = this.#input as {
      [Symbol.asyncIterator]?: () => unknown;
    };
    check(iterate !== undefined, "wsgi.input is in memory: read it with for");
    return iterate.call(this.#input) as AsyncIterator<unknown>;
  }

  #call(method: keyof AnyInput, args: unknown[], most: number, test: Test): unknown {
    const message = `wsgi.input.${method}() got ${args.length} arguments: at most ${most} expected`;
    check(args.length <= most, message);
    const given = this.#input[method](...args);
    if (test(given)) return given;
    check(isOperation(given), `wsgi.input.${method}() gave ${show(given)}`);
    return this.#cogen.wait(checked(given, method, test));
  }
}

/** An operation of the same read that checks its value. An abort aborts the read, which loses no bytes. */
function checked(read: Operation<unknown>, method: string, test: Test): Operation<unknown> {
  return operation((resume) => {
    const { task, scheduler } = resume;
    return read.start({
      task,
      scheduler,
      get settled() {
        return resume.settled;
      },
      value(value) {
        try {
          check(test(value), `wsgi.input.${method}() gave ${show(value)}`);
          resume.value(value);
        } catch (error) {
          resume.error(error);
        }
      },
      error: (error) => resume.error(error),
      setDeadline: (...deadline) => resume.setDeadline(...deadline),
      active: () => resume.active(),
    });
  }, read.name);
}

/** A `wsgi.errors` with checks. */
export class ErrorWrapper implements ErrorStream {
  readonly #errors: ErrorStream;

  constructor(errors: ErrorStream) {
    this.#errors = errors;
  }

  write(text: string): void {
    check(typeof text === "string", `wsgi.errors.write() takes a string (got ${show(text)})`);
    this.#errors.write(text);
  }

  writelines(lines: Iterable<string>): void {
    for (const line of lines) this.write(line);
  }

  flush(): void {
    this.#errors.flush();
  }

  close(): void {
    check(false, "errors.close() must not be called");
  }
}
