/**
 * The command `status`: it asks a running server over the address of its option `--status`.
 *
 * @module
 */

import { runtimeAdapter } from "../../../mod.ts";
import { parseBindAddress } from "../../server/mod.ts";
import type { Socket, SocketHandler } from "../../socket/mod.ts";
import type { StatusView } from "../../status/mod.ts";
import { CommandFailure, EXIT, messageOf, systemCode, usage } from "../failure.ts";
import { afterInParts } from "../host/mod.ts";
import { type Endpoint, endpointOf } from "../listening.ts";
import { print } from "../running.ts";
import type { Settings } from "../settings.ts";
import { formatStatus } from "./table.ts";

/** The time for the answer. */
const ANSWER_SECONDS = 5;

const REQUEST = "GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/**
 * Prints the status of a running server.
 *
 * @param settings The options `status` and `json`.
 * @returns The exit code.
 * @throws {CommandFailure} If no server answers with its status.
 */
export async function statusCommand(settings: Settings): Promise<number> {
  await print(await statusText(settings));
  return EXIT.ended;
}

/** Gives the text that the command prints. */
export async function statusText(settings: Settings): Promise<string> {
  const text = settings.get<string>("status");
  if (text === undefined) {
    throw usage("no address: write cogen-wsgi status --status unix:/path, as the server has it");
  }
  const answer = await ask(endpointOf(text, "--status"));
  const [, status, body = ""] = /^HTTP\/1\.1 (\d{3}) [^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
  if (status === "403") throw noSuccess(`${text} refuses: ${body.split("\n")[0]}`);
  const view = viewOf(body);
  if (view === undefined) throw noSuccess(`${text} is no address of --status: ${shown(answer)}`);
  return settings.get("json") === true ? body : formatStatus(view);
}

/** Sends the request, and gives the whole answer. */
async function ask({ text, bindAddr }: Endpoint): Promise<string> {
  const { dial } = await runtimeAdapter();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let end = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const late = `${text} has not answered for ${ANSWER_SECONDS} s: ` +
        "a step of an app may hold the event loop of the server";
      const cancel = afterInParts(ANSWER_SECONDS, () => reject(noSuccess(late)));
      end = cancel;
      const open = (socket: Socket): SocketHandler => {
        end = () => {
          cancel();
          socket.destroy();
        };
        socket.write(REQUEST);
        return {
          onData: (bytes) => void parts.push(new Uint8Array(bytes)),
          onEnd: resolve,
          onDrain() {},
          onClose: (error) => error === undefined ? resolve() : reject(error),
        };
      };
      const fail = (error: unknown) => reject(noSuccess(faultOf(error, text)));
      const address = parseBindAddress(bindAddr);
      if ("fd" in address) return fail(new TypeError("an inherited socket cannot be dialled"));
      dial(address, open).catch(fail);
    });
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw noSuccess(brokenBy(text));
  } finally {
    end();
  }
  return await new Blob(parts).text();
}

function faultOf(error: unknown, text: string): string {
  const described = `${systemCode(error)} ${messageOf(error)}`;
  if (/ENOENT|NotFound/.test(described)) {
    return `there is no socket ${text}: start the server with --status ${text}`;
  }
  if (/ECONNREFUSED|ConnectionRefused|ENOTSOCK/.test(described)) {
    return `no server listens on ${text}: start it with --status ${text}`;
  }
  if (/ECONNRESET|EPIPE|ConnectionReset|BrokenPipe/.test(described)) return brokenBy(text);
  if (/NotCapable/.test(described)) {
    return `cannot open ${text}: Deno needs a permission; run deno with -N -R -W`;
  }
  if (/EACCES|EPERM|PermissionDenied/.test(described)) {
    return `cannot open ${text}: this user has no permission; run the command as the user of the server`;
  }
  return `cannot open ${text}: ${messageOf(error)}`;
}

function brokenBy(text: string): string {
  return `${text} is no address of --status: it has ended the connection`;
}

function viewOf(body: string): StatusView | undefined {
  try {
    const view = JSON.parse(body) as Partial<StatusView> | null;
    const lists = [view?.servers, view?.requests, view?.coroutines, view?.silent];
    return lists.every(Array.isArray) ? view as StatusView : undefined;
  } catch {
    return undefined;
  }
}

/** The beginning of an answer of another program. */
function shown(answer: string): string {
  const [line = ""] = answer.split(/[\r\n]/);
  const safe = line.slice(0, 60).replace(/\p{Cc}/gu, "?");
  return safe === "" ? "it has answered nothing" : `it has answered ${safe}`;
}

function noSuccess(message: string): CommandFailure {
  return new CommandFailure(EXIT.noSuccess, message);
}
