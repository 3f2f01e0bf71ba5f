/** The fields of an app as lines, and what they leave to the server to say. */

import { ResponseError } from "./errors.ts";
import { checkTrailers } from "./response_checks.ts";
import { parseOwnLength } from "./response_framing.ts";

/** What the app's fields leave to the server. */
export interface OwnFields {
  readonly text: string;
  readonly length: number | undefined;
  readonly hasDate: boolean;
  readonly hasServer: boolean;
}

/** Reads the fields of a head, which were checked. */
export function readOwnFields(
  fields: readonly (readonly [string, string])[],
  mayHaveLength: boolean,
): OwnFields {
  let text = "";
  let length: number | undefined;
  let hasDate = false;
  let hasServer = false;
  for (const [name, value] of fields) {
    const lowercase = name.toLowerCase();
    if (lowercase === "content-length") {
      length = parseOwnLength(value, length);
      if (!mayHaveLength) {
        if (length > 0) throw new ResponseError("Cannot send Content-Length with this status");
        continue;
      }
    }
    hasDate ||= lowercase === "date";
    hasServer ||= lowercase === "server";
    text += `${name}: ${value}\r\n`;
  }
  return { text, length, hasDate, hasServer };
}

/** The lines of a trailer section, each field checked. */
export function trailerText(trailers: readonly (readonly [string, string])[]): string {
  checkTrailers(trailers);
  return trailers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
}
