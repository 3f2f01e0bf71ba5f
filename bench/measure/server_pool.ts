/**
 * The servers that consecutive workloads of one app share, so that they stay warm.
 *
 * @module
 */

import type { Runtime } from "../../tests/tools/runtimes.ts";
import type { AppName } from "../workloads/content.ts";
import type { Contender } from "../contenders.ts";
import { launchOf, type ServerPlace } from "../processes/launch.ts";
import { type ServerProcess, startServer } from "../processes/server_process.ts";

/** A contender, and the place where its server runs. */
export interface Entrant {
  readonly contender: Contender;
  readonly place: ServerPlace;
}

export interface TakenServer {
  readonly server: ServerProcess;
  /** Whether the server has not answered any request yet. */
  readonly isNew: boolean;
}

export class ServerPool {
  readonly #runtime: Runtime;
  readonly #servers = new Map<string, ServerProcess>();
  #app: AppName | undefined;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Returns the server of a contender. Servers of another app are stopped first. */
  async take({ contender, place }: Entrant, app: AppName): Promise<TakenServer> {
    if (app !== this.#app) await this.stop();
    this.#app = app;
    const running = this.#servers.get(contender.name);
    if (running !== undefined) return { server: running, isNew: false };
    const server = await startServer(await launchOf(contender, this.#runtime, app, place));
    this.#servers.set(contender.name, server);
    return { server, isNew: true };
  }

  /** Stops all servers. */
  async stop(): Promise<void> {
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    await Promise.all(servers.map((server) => server.stop()));
  }
}
