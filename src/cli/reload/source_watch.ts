/**
 * Finds changes of the files of an app, for `--reload`.
 *
 * The files are looked at again and again. Unlike the events of a file system, this is the same on each
 * runtime: it sees a file that an editor renames over the old one, the target of a symbolic link, and new
 * and removed files. The looking takes a twentieth of the time at most.
 *
 * `reload.ts` calls this.
 *
 * @module
 */

import { milliseconds } from "../../threads/mod.ts";
import { absolute, after, fileState, kindOf, listFolder, realPath } from "../host/mod.ts";

/** The least time between two looks, in seconds. */
const LEAST_PAUSE_SECONDS = 0.1;
/** A look may take one part in this number of the time. */
const PAUSE_FACTOR = 20;
/** After this number of looks, a tree that changes all the time counts as changed. */
const MAX_RESTLESS_LOOKS = 20;

/** The files that may be modules. Other files are often data, which the app itself writes. */
const MODULE = /\.(?:[cm]?[jt]sx?|json)$/;

/** What is watched, by absolute paths. */
export interface WatchedPlaces {
  /**
   * The modules in these folders are watched, but for those in `node_modules` and in folders with a dot at the
   * beginning of the name.
   */
  readonly folders: readonly string[];
  /** These files are watched in any case. */
  readonly files: readonly string[];
}

/** Watches folders and single files. */
export class SourceWatch {
  readonly #places: () => WatchedPlaces;
  #seen: ReadonlyMap<string, string>;
  #pauseSeconds = LEAST_PAUSE_SECONDS;

  /**
   * Remembers the present state of the files.
   *
   * @param places Tells the places at each look: a symbolic link of the app may come to lead to another folder.
   */
  constructor(places: () => WatchedPlaces) {
    this.#places = places;
    this.#seen = this.#look();
  }

  /** Waits for a change, and then until the files rest. Resolves with the paths that have changed. */
  async changed(): Promise<string[]> {
    const changed = new Set<string>();
    for (let looks = 0; looks < MAX_RESTLESS_LOOKS;) {
      await new Promise<void>((resolve) => after(this.#pauseSeconds, resolve));
      const now = this.#look();
      const before = changed.size;
      const differs = (path: string) => now.get(path) !== this.#seen.get(path);
      const paths = [...new Set([...now.keys(), ...this.#seen.keys()])].filter(differs);
      this.#seen = now;
      for (const path of paths) changed.add(path);
      if (paths.length === 0 && before > 0) break;
      if (changed.size > 0) looks++;
    }
    return [...changed];
  }

  /** Reads the state of each file. */
  #look(): Map<string, string> {
    const begin = milliseconds();
    const states = new Map<string, string>();
    const { folders, files } = this.#places();
    for (const file of files) states.set(file, fileState(file));
    const visited = new Set<string>();
    const visit = (folder: string) => {
      // A symbolic link may lead back to a folder above it.
      const real = realPath(folder);
      if (visited.has(real)) return;
      visited.add(real);
      for (const name of listFolder(folder)) {
        if (name.startsWith(".") || name === "node_modules") continue;
        const path = absolute(folder, name);
        const isModule = MODULE.test(name);
        if (kindOf(path) === "folder") visit(path);
        else if (isModule) states.set(path, fileState(path));
      }
    };
    for (const folder of folders) visit(folder);
    const tookSeconds = (milliseconds() - begin) / 1000;
    this.#pauseSeconds = Math.max(LEAST_PAUSE_SECONDS, tookSeconds * PAUSE_FACTOR);
    return states;
  }
}
