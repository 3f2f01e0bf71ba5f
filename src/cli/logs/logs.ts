/**
 * The logs of the process: the access log and the error log, on the streams of the process or in files.
 *
 * Before a service begins, and in the commands that serve nothing, messages go to standard error at once. The
 * logs are of the process, as its standard streams are, so this module holds them.
 *
 * @module
 */

import { jsonEntry } from "../../server/mod.ts";
import { CommandFailure, EXIT, openReasonOf, reasonOf, visible } from "../failure.ts";
import {
  absolute,
  afterInParts,
  exit,
  logDevice,
  onExit,
  workingDirectory,
  writeError,
  writeOut,
} from "../host/mod.ts";
import { LogOutput } from "./log_output.ts";

/** The values of the options. */
interface LogSettings {
  get<T>(name: string): T | undefined;
}

interface Logs {
  /** Made when the access log is on. */
  readonly access: LogOutput | undefined;
  readonly errors: LogOutput;
  /** The outputs that are files. */
  readonly files: readonly LogOutput[];
  readonly isJson: boolean;
  /** Whether the error log is a file. */
  readonly hasErrorFile: boolean;
}

const STANDARD_OUTPUT = 1;
const STANDARD_ERROR = 2;

let logs: Logs | undefined;

/**
 * Opens the logs of a service. A second call, of a service in the same process, opens them anew.
 *
 * @throws {CommandFailure} If a file cannot be opened.
 */
export function openLogs(settings: LogSettings): void {
  const accessFile = settings.get<string>("access-log-file");
  const hasAccessLog = settings.get("access-log") !== "off";
  const errorFile = settings.get<string>("log-file");
  const errors = open(errorFile, STANDARD_ERROR, "--log-file");
  const access = hasAccessLog ? open(accessFile, STANDARD_OUTPUT, "--access-log-file") : undefined;
  const files = [
    ...(errorFile === undefined ? [] : [errors]),
    ...(accessFile === undefined || access === undefined ? [] : [access]),
  ];
  if (logs === undefined) onExit(writeLogsNow);
  const isJson = settings.get("log-format") === "json";
  logs = { access, errors, files, isJson, hasErrorFile: errorFile !== undefined };
}

function open(file: string | undefined, stream: number, option: string): LogOutput {
  const name = file ?? (stream === STANDARD_OUTPUT ? "standard output" : "standard error");
  const path = file === undefined ? undefined : absolute(workingDirectory(), file);
  try {
    return new LogOutput(logDevice(path ?? stream), {
      dropping: (reason) => {
        const text = typeof reason === "string" ? reason : reasonOf(reason);
        sayOfLog(option, `cannot write the log to ${name}: ${text}; lines are dropped`);
      },
      dropped: (lines) => sayOfLog(option, `${lines} lines of the log in ${name} were dropped`),
    });
  } catch (error) {
    const reason = openReasonOf(error);
    throw new CommandFailure(EXIT.notStarted, `cannot write ${option} ${name}: ${reason}`);
  }
}

/** The trouble of a file of errors goes to standard error, because the file may not take it. */
function sayOfLog(option: string, text: string): void {
  if (option === "--log-file" && logs?.hasErrorFile === true) {
    writeError(`cogen-wsgi: ${visible(text)}`);
  } else writeMessage("error", text);
}

/** Writes an entry of the access log. */
export function writeAccess(line: string): void {
  if (logs?.access === undefined) writeOut(`${line}\n`).catch(() => {});
  else logs.access.write(line);
}

/** Writes an entry of the error log of a server. */
export function writeLog(entry: string): void {
  if (logs === undefined) writeError(entry);
  else logs.errors.write(entry);
}

/** Writes a message of the command, in the format of the log. */
export function writeMessage(level: "error" | "info", text: string, detail?: string): void {
  if (logs?.isJson === true) {
    return logs.errors.write(jsonEntry({ level, message: text, stack: detail }));
  }
  writeLog(`cogen-wsgi: ${visible(text)}`);
  if (detail !== undefined) writeLog(visible(detail));
}

/** Opens the files of the logs again. The old files stay open if that is impossible. */
export function reopenLogs(): void {
  for (const output of logs?.files ?? []) {
    try {
      output.reopen();
    } catch (error) {
      writeMessage("error", `cannot open a log again: ${reasonOf(error)}; the old file stays open`);
    }
  }
}

/** Whether the messages of the command go to a place other than standard error as text. */
export function logsElsewhere(): boolean {
  return logs !== undefined && (logs.isJson || logs.hasErrorFile);
}

/** The time for the last lines, in seconds. A pipe that is not read must not hold up the end. */
const LAST_SECONDS = 1;

/** Ends the process when all lines are written or dropped. */
export async function exitWhenLogged(code: number): Promise<void> {
  afterInParts(LAST_SECONDS, () => exit(code));
  await Promise.all([logs?.access?.flushed(), logs?.errors.flushed()]);
  exit(code);
}

function writeLogsNow(): void {
  logs?.access?.writeNow();
  logs?.errors.writeNow();
}
