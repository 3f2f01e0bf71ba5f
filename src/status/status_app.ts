/**
 * The status app: what each request and each coroutine of a server waits for, as a live page and as JSON.
 *
 * The page is one HTML file, one style sheet and one script, without a build step. The page gets a new view each
 * second by Server-Sent Events.
 *
 * Users mount this app.
 *
 * @module
 */

import { checkNames, optionError, type Scheduler, Sleep, until } from "../coroutine/mod.ts";
import type { WSGIServer } from "../server/mod.ts";
import { eventStream } from "../sse/mod.ts";
import { type HeaderList, quotePath, type StartResponse, type WSGIApp } from "../wsgi/mod.ts";
import { guarded, type StatusGuard } from "./guard.ts";
import { PAGE, SCRIPT, STYLE } from "./page.ts";
import { checkServers } from "./servers.ts";
import { joinViews, StatusRecorder, type StatusView } from "./status_recorder.ts";

/** Options of {@linkcode statusApp}. */
export interface StatusOptions {
  /**
   * The clients that may read the status. Default `"local"`: those of a Unix socket, or of loopback with a
   * loopback `Host` and without a mark of a proxy. All others get 403.
   */
  readonly guard?: StatusGuard;
  /**
   * Gives the views of other processes that serve the same app; they are shown with those of this one. Called at
   * most once a second. Default: none.
   */
  readonly others?: () => PromiseLike<readonly StatusView[]> | readonly StatusView[];
}

/** The time between two events of the page, in seconds. */
const PERIOD_SECONDS = 1;
/** A view is made anew after this time, so that many open pages cost no more than one. */
const FRESH_MS = 900;

const SAFE: HeaderList = [
  ["Cache-Control", "no-store"],
  ["X-Content-Type-Options", "nosniff"],
  ["Referrer-Policy", "no-referrer"],
  ["Cross-Origin-Resource-Policy", "same-origin"],
  [
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  ],
];

/** The files of the page, by path. */
const FILES: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/": ["text/html; charset=utf-8", PAGE],
  "/page.css": ["text/css; charset=utf-8", STYLE],
  "/page.js": ["text/javascript; charset=utf-8", SCRIPT],
};

/**
 * Makes an app that shows the status of servers: a page at `/`, the same as JSON at `/status.json`, and its events
 * at `/events`.
 *
 * The view has each request with its method, target, client, age and bytes, and the tree of its coroutines; for
 * each coroutine, the operation that it waits for, and with the option `debug` of the scheduler since when and at
 * which line. Coroutines without a request follow; above them stand the counts, rates and durations.
 *
 * @param servers The server, or several; none if `others` gives all views. Their responses are counted from now on.
 * @param options The guard, and the views of other processes.
 * @returns The app. Serve it on a socket of its own, or mount it: the order of the calls is in the example.
 * @throws {TypeError} If the guard or another argument is of a wrong kind.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { serve, Sleep } from "@x/cogen-wsgi";
 * import { statusApp } from "@x/cogen-wsgi/status";
 *
 * await using server = await serve({
 *   bindAddr: ["127.0.0.1", 0],
 *   *wsgiApp(environ, startResponse) {
 *     startResponse("200 OK", []);
 *     yield "hello";
 *     yield* environ.cogen.wait(Sleep(60));
 *   },
 * });
 * await using admin = await serve({ bindAddr: ["127.0.0.1", 0], wsgiApp: statusApp(server) });
 *
 * const slow = await fetch(`${server.url}slow`);
 * const { requests } = await (await fetch(`${admin.url}status.json`)).json();
 * assertEquals([requests[0].target, requests[0].coroutines[0].waitsFor], ["/slow", "Sleep"]);
 * await slow.body?.cancel();
 * ```
 */
export function statusApp(
  servers: WSGIServer | readonly WSGIServer[],
  options: StatusOptions = {},
): WSGIApp {
  options = checkNames("options of statusApp", options, ["guard", "others"]);
  const { guard = "local", others } = options;
  checkServers("statusApp", servers, others);
  const views = new SharedView(new StatusRecorder(servers), others);
  const app: WSGIApp = (environ, startResponse) => {
    const { PATH_INFO: path, REQUEST_METHOD: method, SCRIPT_NAME: mount, cogen } = environ;
    if (method !== "GET" && method !== "HEAD") {
      return answer(startResponse, "405 Method Not Allowed", "text/plain", "GET only\n", [
        ["Allow", "GET, HEAD"],
      ]);
    }
    if (path === "") {
      const place: HeaderList = [["Location", quotePath(`${mount}/`)]];
      return answer(startResponse, "308 Permanent Redirect", "text/plain", "", place);
    }
    if (path === "/events") {
      return eventStream(environ, startResponse, events(views, cogen.scheduler), { headers: SAFE });
    }
    const wantsJson = /^application\/json\b/.test(environ.HTTP_ACCEPT ?? "");
    if (path === "/status.json" || path === "/" && wantsJson) {
      const send = (text: string) =>
        answer(startResponse, "200 OK", "application/json", `${text}\n`);
      const text = views.at(cogen.scheduler.clock.now());
      return typeof text === "string" ? send(text) : text.then(send);
    }
    const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    if (file !== undefined) return answer(startResponse, "200 OK", ...file);
    return answer(startResponse, "404 Not Found", "text/plain", "Nothing is here\n");
  };
  return guarded(app, guard);
}

/** The view as JSON. All its viewers of one second share it. */
class SharedView {
  readonly #recorder: StatusRecorder;
  readonly #others: StatusOptions["others"];
  #text: string | Promise<string> = "";
  #madeAtMs = -Infinity;

  constructor(recorder: StatusRecorder, others: StatusOptions["others"]) {
    this.#recorder = recorder;
    this.#others = others;
  }

  at(nowMs: number): string | Promise<string> {
    if (nowMs - this.#madeAtMs >= FRESH_MS) {
      this.#madeAtMs = nowMs;
      this.#text = this.#others === undefined
        ? JSON.stringify(this.#recorder.view())
        : this.#joined(this.#others);
    }
    return this.#text;
  }

  async #joined(others: NonNullable<StatusOptions["others"]>): Promise<string> {
    const views: unknown = await others();
    checkViews(views);
    return JSON.stringify(joinViews([this.#recorder.view(), ...views]));
  }
}

function checkViews(views: unknown): asserts views is readonly StatusView[] {
  const areViews = Array.isArray(views) && views.every((view) => {
    const { servers, requests, coroutines, silent } = Object(view) as Partial<StatusView>;
    return [servers, requests, coroutines, silent].every(Array.isArray);
  });
  if (!areViews) throw optionError("The result of others", views, "an array of views");
}

function* events(views: SharedView, { clock }: Scheduler) {
  for (;;) {
    const text = views.at(clock.now());
    yield { data: typeof text === "string" ? text : yield* until(text) };
    yield* Sleep(PERIOD_SECONDS);
  }
}

function answer(
  startResponse: StartResponse,
  status: string,
  type: string,
  text: string,
  more: HeaderList = [],
): string[] {
  startResponse(status, [["Content-Type", type], ...SAFE, ...more]);
  return [text];
}
