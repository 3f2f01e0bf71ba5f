/**
 * llhttp, the parser of Node, in the WebAssembly build of undici, in strict mode.
 *
 * The callbacks of the module get addresses in its memory; this file turns them into text. As in Node,
 * fields are joined from their parts, and whitespace after a value is cut off.
 */

import { createRequire } from "node:module";
import { latin1Text } from "../transcript.ts";

/** The exports of undici's build, as far as the tests use them. */
interface Exports {
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

/** WebAssembly, which every runtime has, but which is missing from the types of plain ECMAScript. */
interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** A message, as llhttp reports it. */
export interface LlhttpMessage {
  readonly method: string;
  readonly target: string;
  readonly status: number;
  readonly fields: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  readonly keepAlive: boolean;
}

/** The kind of messages, and the end of the reading. */
export interface LlhttpOptions {
  readonly type: "request" | "response";
  /** Whether a message is the last one to read. */
  readonly isLast: (message: LlhttpMessage) => boolean;
  /** Whether the responses answer HEAD and so have no body. */
  readonly skipBody?: boolean;
}

/** The messages, and the reason for the refusal of the rest. */
export interface LlhttpReading {
  readonly messages: readonly LlhttpMessage[];
  readonly refusal: string | undefined;
}

const TYPES = { request: 1, response: 2 };
const OK = 0;
const SKIP_BODY = 1;
const PAUSED = 21;
const PAUSED_UPGRADE = 22;

const require = createRequire(import.meta.url);
const wasm = require("undici/lib/llhttp/llhttp-wasm.js") as Uint8Array;
const { ERROR: errors } = require("undici/lib/llhttp/constants.js") as {
  readonly ERROR: Readonly<Record<string, number>>;
};

/** The session that receives the callbacks; set by `runLlhttp`. */
let current: Session | undefined;
const llhttp = instantiate();

function instantiate(): Exports {
  const part =
    (take: (session: Session, text: string) => void) =>
    (_parser: number, at: number, length: number): number => {
      take(current as Session, latin1Text(new Uint8Array(llhttp.memory.buffer, at, length)));
      return OK;
    };
  const env = {
    wasm_on_message_begin: () => (current as Session).begin(),
    wasm_on_url: part((session, text) => session.target += text),
    wasm_on_status: () => OK,
    wasm_on_header_field: part((session, text) => session.name(text)),
    wasm_on_header_value: part((session, text) => session.value(text)),
    wasm_on_headers_complete: (_parser: number, status: number) =>
      (current as Session).endHead(status),
    wasm_on_body: part((session, text) => session.body += text),
    wasm_on_message_complete: () => (current as Session).complete(),
  };
  const { Module, Instance } =
    (globalThis as unknown as { readonly WebAssembly: WebAssemblyGlobal }).WebAssembly;
  const instance = new Instance(new Module(wasm), { env }).exports as Exports;
  instance._initialize();
  return instance;
}

/** Reads a whole connection: the bytes and then the end of the peer. */
export function runLlhttp(bytes: Uint8Array, options: LlhttpOptions): LlhttpReading {
  const session = new Session(options);
  current = session;
  try {
    return session.read(bytes);
  } finally {
    current = undefined;
    llhttp.llhttp_free(session.parser);
  }
}

class Session {
  readonly parser: number;
  target = "";
  body = "";
  readonly #options: LlhttpOptions;
  #status = 0;
  #fields: string[] = [];
  #trailers: string[] = [];
  #inHead = true;
  #inName = false;
  #ended = false;
  readonly #messages: LlhttpMessage[] = [];

  constructor(options: LlhttpOptions) {
    this.#options = options;
    this.parser = llhttp.llhttp_alloc(TYPES[options.type]);
  }

  read(bytes: Uint8Array): LlhttpReading {
    const pointer = llhttp.malloc(Math.max(1, bytes.length));
    new Uint8Array(llhttp.memory.buffer, pointer, bytes.length).set(bytes);
    let code = this.#execute(pointer, pointer + bytes.length);
    if (code === OK) code = llhttp.llhttp_finish(this.parser);
    llhttp.free(pointer);
    return { messages: this.#messages, refusal: this.#ended ? undefined : errorName(code) };
  }

  /** Executes the parser, and resumes after an upgrade, which the server ignores. */
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

  endHead(status: number): number {
    this.#status = status;
    this.#inHead = false;
    this.#inName = false;
    return this.#options.skipBody === true ? SKIP_BODY : OK;
  }

  complete(): number {
    const message: LlhttpMessage = {
      method: this.#method(),
      target: this.target,
      status: this.#status,
      fields: tidy(this.#fields),
      body: this.body,
      trailers: tidy(this.#trailers),
      keepAlive: llhttp.llhttp_should_keep_alive(this.parser) === 1,
    };
    this.#messages.push(message);
    if (!this.#options.isLast(message)) return OK;
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
