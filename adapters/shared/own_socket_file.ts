/**
 * The file of a listener's Unix socket, when the listener closes.
 *
 * A new server can take the place of an old one that still runs: it removes the file of the old one, or
 * renames its own file over it. So the old one may only remove a file that is still its own, which its
 * device and its inode tell.
 *
 * The trap: the runtimes remove the path themselves, whichever file is there; Deno does so one turn later.
 * So the file of another server is renamed meanwhile. A client that connects in this time is refused.
 *
 * The listeners of Node, Deno and Bun import this for a path.
 *
 * @module
 */

/** The functions of a file system that are used. They are the same in `node:fs` and in Deno. */
export interface OwnFileSystem {
  /** Reads the identity of a file. */
  lstatSync(path: string): { readonly dev: number; readonly ino: number | null };
  /** Renames a file. */
  renameSync(from: string, to: string): void;
}

/** The file of one listener. */
export class OwnSocketFile {
  readonly #path: string;
  readonly #files: OwnFileSystem;
  readonly #identity: string | undefined;

  /**
   * Remembers which file the path names. It must be called as soon as the path is bound.
   *
   * @param address The path that was bound.
   * @param files The file system.
   */
  constructor({ path }: { readonly path: string }, files: OwnFileSystem) {
    this.#path = path;
    this.#files = files;
    this.#identity = this.#present();
  }

  /** Whether the path still names the file of this listener. */
  get isPresent(): boolean {
    return this.#identity !== undefined && this.#present() === this.#identity;
  }

  /**
   * Renames the file of another server, if there is one, before the listener closes.
   *
   * @returns Gives the file its name back. It must be called when the runtime has removed the path.
   */
  setAside(): () => void {
    const path = this.#path;
    if (this.isPresent || this.#present() === undefined) return () => {};
    const aside = `${path}.${Math.random().toString(36).slice(2, 10)}`;
    this.#files.renameSync(path, aside);
    return () => this.#files.renameSync(aside, path);
  }

  /** Reads the identity of the file that the path names now; `undefined` if there is none. */
  #present(): string | undefined {
    try {
      const { dev, ino } = this.#files.lstatSync(this.#path);
      return `${dev} ${ino}`;
    } catch {
      return undefined;
    }
  }
}
