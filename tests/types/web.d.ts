/**
 * What `src/wsgi`, `src/server` and `src/websocket` may use beyond ECMAScript: web-standard globals that Node, Deno
 * and Bun all have, and of those only what the engine needs. Clock, timers, log and files are handed
 * in by the adapter, so they are not here.
 */

interface Event {
  readonly type: string;
}

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(
    type: "abort",
    listener: (event: Event) => void,
    options?: { once?: boolean; signal?: AbortSignal },
  ): void;
  removeEventListener(type: "abort", listener: (event: Event) => void): void;
}

// deno-lint-ignore no-var -- only a `var` is a member of `typeof globalThis`
declare var AbortSignal: {
  prototype: AbortSignal;
  abort(reason?: unknown): AbortSignal;
  any(signals: Iterable<AbortSignal>): AbortSignal;
};

interface AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

declare const AbortController: {
  prototype: AbortController;
  new (): AbortController;
};

interface TextEncoder {
  readonly encoding: "utf-8";
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(source: string, destination: Uint8Array): { read: number; written: number };
}

declare const TextEncoder: {
  prototype: TextEncoder;
  new (): TextEncoder;
};

interface TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  decode(input?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}

declare const TextDecoder: {
  prototype: TextDecoder;
  new (label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean }): TextDecoder;
};

interface URL {
  readonly hash: string;
  readonly host: string;
  readonly hostname: string;
  readonly href: string;
  readonly origin: string;
  readonly password: string;
  readonly pathname: string;
  readonly port: string;
  readonly protocol: string;
  readonly search: string;
  readonly username: string;
  toString(): string;
}

declare const URL: {
  prototype: URL;
  new (url: string | URL, base?: string | URL): URL;
  canParse(url: string, base?: string): boolean;
};

interface DOMException extends Error {
  readonly code: number;
}

declare const DOMException: {
  prototype: DOMException;
  new (message?: string, name?: string): DOMException;
};

/** Base64 to latin-1 characters, and back. */
declare function atob(data: string): string;
declare function btoa(data: string): string;

declare function queueMicrotask(callback: () => void): void;

interface CompressionStream {
  readonly readable: object;
  readonly writable: object;
}

declare const CompressionStream: {
  prototype: CompressionStream;
  new (format: "deflate" | "deflate-raw" | "gzip"): CompressionStream;
};

declare const DecompressionStream: {
  prototype: CompressionStream;
  new (format: "deflate" | "deflate-raw" | "gzip"): CompressionStream;
};
