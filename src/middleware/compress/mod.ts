/**
 * The middleware that compresses responses, with `node:zlib`.
 *
 * It has a subpath of its own and is not in `./middleware`, so that apps without it do not load `node:zlib`.
 *
 * @module
 */

export {
  compress,
  compress as gzip,
  type CompressOptions,
  type CompressOptions as GzipOptions,
} from "./compress.ts";
export type { Encoding } from "./zlib.ts";
