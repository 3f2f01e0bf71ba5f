/**
 * The file system of an adapter: two interfaces, so that no layer of the engine imports a runtime.
 *
 * Adapters implement this interface; `wsgi.file_wrapper` and static files call it.
 *
 * @module
 */

/** A regular file that is open for reading. */
export interface OpenFile {
  /** The length of the file in bytes at the time it was opened. */
  readonly size: number;
  /** The time of the last modification, in milliseconds since 1970; fractions are possible. */
  readonly modified: number;
  /**
   * The time of the last change of content or metadata, which no program can set, in milliseconds since 1970.
   * Optional; without it, `staticFiles` cannot remember a tag of the content.
   */
  readonly changed?: number | undefined;
  /**
   * Reads bytes. The caller waits for one call before it makes the next.
   *
   * @param into The array to fill, from its beginning.
   * @param position The offset in the file, in bytes.
   * @returns The number of bytes that were read; 0 at the end.
   */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Closes the file. A read that is under way ends first. A second call does nothing. */
  close(): Promise<void>;
}

/** A file system that can be read. */
export interface Files {
  /**
   * Opens a regular file.
   *
   * @param path The path, in the form of the operating system.
   * @returns The open file; the caller closes it.
   * @throws Rejects with an `Error` whose `code` is `ENOENT` if there is no such file, `EISDIR` for
   *   a directory, or another code of POSIX.
   */
  open(path: string): Promise<OpenFile>;
  /**
   * Resolves every symbolic link, `.` and `..` of a path.
   *
   * @param path The path of a file or directory that exists.
   * @returns The absolute path.
   * @throws Rejects as {@linkcode Files.open} does if nothing has this path.
   */
  realPath(path: string): Promise<string>;
  /**
   * Tells the position of a file that the program itself has opened. Optional.
   *
   * @param descriptor The descriptor of the file.
   * @returns The position of its next read in bytes; `undefined` if the system does not tell it.
   */
  position?(descriptor: number): Promise<number | undefined>;
}
