/**
 * Content types by the extension of a file name. The table has the types that browsers treat specially;
 * the option `contentTypes` of `staticFiles` adds others.
 *
 * @module
 */

const TYPES: Readonly<Record<string, string>> = {
  avif: "image/avif",
  css: "text/css; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html; charset=utf-8",
  html: "text/html; charset=utf-8",
  ico: "image/vnd.microsoft.icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  md: "text/markdown; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  otf: "font/otf",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  ttf: "font/ttf",
  txt: "text/plain; charset=utf-8",
  wasm: "application/wasm",
  wav: "audio/wav",
  webm: "video/webm",
  webmanifest: "application/manifest+json",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xml: "application/xml",
  zip: "application/zip",
};

/**
 * Finds the content type of a file.
 *
 * @param path The name of the file.
 * @param own Content types by extension (in lower case, without the dot), which take precedence.
 * @returns The content type; `application/octet-stream` for an unknown extension.
 */
export function contentType(path: string, own: Readonly<Record<string, string>>): string {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
  if (Object.hasOwn(own, extension)) return own[extension] as string;
  return Object.hasOwn(TYPES, extension) ? TYPES[extension] as string : "application/octet-stream";
}
