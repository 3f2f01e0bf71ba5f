import { EventParser } from "../../src/testing/event_parser.ts";

/** Reads the text of a stream of events as the client of a test does. */
export function readEvents(text: string, lastEventId?: string): EventParser {
  const parser = new EventParser(lastEventId);
  parser.push(new TextEncoder().encode(text));
  return parser;
}
