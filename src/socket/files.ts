/**
 * Files as the app contract sees them: the adapter hands them in, so that nothing here knows of a
 * runtime.
 *
 * @module
 */

/** A regular file that is open for reading. */
export interface OpenFile {
  /** Its length in bytes, when it was opened. */
  readonly size: number;
  /** When it was last modified, in milliseconds since 1970; there may be fractions. */
  readonly modified: number;
  /**
   * Reads bytes, one call at a time.
   *
   * @param into Is filled from its beginning.
   * @param position Where in the file to read, in bytes.
   * @returns How many bytes were read; 0 at the end.
   */
  read(into: Uint8Array, position: number): Promise<number>;
  /** Closes it, after a read that is under way. Repeating it is harmless. */
  close(): Promise<void>;
}

/** A file system, for reading. */
export interface Files {
  /**
   * Opens a regular file.
   *
   * @throws Rejects with an `Error` whose `code` is `ENOENT` if there is none, `EISDIR` if it is a
   *   directory, or another of POSIX.
   */
  open(path: string): Promise<OpenFile>;
  /**
   * Resolves every symbolic link, `.` and `..` of a path.
   *
   * @throws Rejects as {@linkcode Files.open} does if nothing is there.
   */
  realPath(path: string): Promise<string>;
}
