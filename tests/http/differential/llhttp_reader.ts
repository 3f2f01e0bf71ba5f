/**
 * llhttp, the parser of Node, as undici ships it: WebAssembly, in strict mode, reading requests.
 *
 * The callbacks get addresses in the module's memory. As Node does, fields are put together from the
 * parts that come, and whitespace behind a value is cut off.
 */

import { createRequire } from "node:module";
import { latin1Text } from "../transcript.ts";
import { isLast, type ReadConnection, type Reading, type ReadMessage } from "./reading.ts";

/** What undici's build exports, so far as it is used here. */
interface Llhttp {
  readonly memory: { readonly buffer: ArrayBuffer };
  _initialize(): void;
  malloc(size: number): number;
  free(pointer: number): void;
  llhttp_alloc(type: number): number;
  llhttp_free(parser: number): void;
  llhttp_execute(parser: number, start: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_resume_after_upgrade(parser: number): void;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_method(parser: number): number;
  llhttp_method_name(method: number): number;
  llhttp_should_keep_alive(parser: number): number;
}

/** WebAssembly, which every runtime has, and the library of plain ECMAScript does not know. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

const TYPE_REQUEST = 1;
const OK = 0;
const PAUSED = 21;
const PAUSED_UPGRADE = 22;

const require = createRequire(import.meta.url);
const wasm = require("undici/lib/llhttp/llhttp-wasm.js") as Uint8Array;
const { ERROR: errors } = require("undici/lib/llhttp/constants.js") as {
  readonly ERROR: Readonly<Record<string, number>>;
};

let current: Session | undefined;
const llhttp = instantiate();

function instantiate(): Llhttp {
  const part =
    (take: (session: Session, text: string) => void) =>
    (_parser: number, at: number, length: number): number => {
      take(current!, latin1Text(new Uint8Array(llhttp.memory.buffer, at, length)));
      return OK;
    };
  const env = {
    wasm_on_message_begin: () => current!.begin(),
    wasm_on_url: part((session, text) => session.target += text),
    wasm_on_status: () => OK,
    wasm_on_header_field: part((session, text) => session.name(text)),
    wasm_on_header_value: part((session, text) => session.value(text)),
    wasm_on_headers_complete: () => current!.endHead(),
    wasm_on_body: part((session, text) => session.body += text),
    wasm_on_message_complete: () => current!.complete(),
  };
  const { Module, Instance } =
    (globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal }).WebAssembly;
  const instance = new Instance(new Module(wasm), { env }).exports as Llhttp;
  instance._initialize();
  return instance;
}

/** Reads with llhttp; it knows no limits but its caller's. */
export const readWithLlhttp: ReadConnection = (bytes) => {
  const session = new Session();
  current = session;
  try {
    return session.read(bytes);
  } finally {
    current = undefined;
    llhttp.llhttp_free(session.parser);
  }
};

class Session {
  readonly parser = llhttp.llhttp_alloc(TYPE_REQUEST);
  target = "";
  body = "";
  #fields: string[] = [];
  #trailers: string[] = [];
  #inHead = true;
  #inName = false;
  #ended = false;
  readonly #messages: ReadMessage[] = [];

  read(bytes: Uint8Array): Reading {
    const pointer = llhttp.malloc(Math.max(1, bytes.length));
    new Uint8Array(llhttp.memory.buffer, pointer, bytes.length).set(bytes);
    let code = this.#execute(pointer, pointer + bytes.length);
    if (code === OK) code = llhttp.llhttp_finish(this.parser);
    llhttp.free(pointer);
    return { messages: this.#messages, refusal: this.#ended ? undefined : errorName(code) };
  }

  /** An upgrade that the server ignores is resumed. */
  #execute(from: number, end: number): number {
    for (let start = from;;) {
      const code = llhttp.llhttp_execute(this.parser, start, end - start);
      if (code !== PAUSED_UPGRADE || this.#ended) return code;
      start = llhttp.llhttp_get_error_pos(this.parser);
      llhttp.llhttp_resume_after_upgrade(this.parser);
    }
  }

  begin(): number {
    this.target = "";
    this.body = "";
    this.#fields = [];
    this.#trailers = [];
    this.#inHead = true;
    this.#inName = false;
    return OK;
  }

  name(text: string): void {
    const fields = this.#inHead ? this.#fields : this.#trailers;
    if (this.#inName) fields[fields.length - 2] += text;
    else fields.push(text, "");
    this.#inName = true;
  }

  value(text: string): void {
    const fields = this.#inHead ? this.#fields : this.#trailers;
    fields[fields.length - 1] += text;
    this.#inName = false;
  }

  endHead(): number {
    this.#inHead = false;
    this.#inName = false;
    return OK;
  }

  complete(): number {
    const message: ReadMessage = {
      method: this.#method(),
      target: this.target,
      fields: tidy(this.#fields),
      body: this.body,
      trailers: tidy(this.#trailers),
      keepAlive: llhttp.llhttp_should_keep_alive(this.parser) === 1,
    };
    this.#messages.push(message);
    if (!isLast(message)) return OK;
    this.#ended = true;
    return PAUSED;
  }

  #method(): string {
    const { memory, llhttp_method_name, llhttp_get_method } = llhttp;
    const name = new Uint8Array(memory.buffer, llhttp_method_name(llhttp_get_method(this.parser)));
    return latin1Text(name.subarray(0, name.indexOf(0)));
  }
}

function tidy(fields: readonly string[]): string[] {
  return fields.map((text, index) =>
    index % 2 === 0 ? text.toLowerCase() : text.replace(/[ \t]+$/, "")
  );
}

function errorName(code: number): string | undefined {
  if (code === OK) return undefined;
  return Object.keys(errors).find((name) => errors[name] === code) ?? String(code);
}
