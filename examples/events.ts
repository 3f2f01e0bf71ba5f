/**
 * Server-Sent Events: `/events` is a stream, and `/publish?TEXT` sends an event to all streams.
 *
 * `curl -N` shows the stream. A client that comes back gets the events that it has missed.
 */

import { type Environ, HTTPException, type Mounts, type StartResponse } from "../mod.ts";
import { EventChannel, eventStream } from "../src/sse/mod.ts";
import { serveWhenMain } from "./main.ts";
import { shared } from "./shared.ts";

const HEADERS = [["Content-Type", "text/plain; charset=utf-8"]] as const;

/** Makes the apps of a channel of their own. */
export function events(): Mounts {
  const channelOf = shared((bus) =>
    new EventChannel({ bus, name: "events", history: { count: 1000, age: Infinity } })
  );

  function stream(environ: Environ, startResponse: StartResponse) {
    return eventStream(environ, startResponse, channelOf(environ));
  }

  /** Sends the query, decoded; `&event=TYPE` at its end names the event. */
  function publish(environ: Environ, startResponse: StartResponse) {
    const id = published(channelOf(environ), environ.QUERY_STRING);
    startResponse("200 OK", HEADERS);
    return [`${id}\n`];
  }

  /** The number of streams of this process. */
  function count(environ: Environ, startResponse: StartResponse) {
    startResponse("200 OK", HEADERS);
    return [`${channelOf(environ).subscribers}\n`];
  }

  return { "/events": stream, "/publish": publish, "/events/count": count };
}

function published(channel: EventChannel, query: string): string {
  const [, text = "", type = "message"] = /^(.*?)(?:&event=([^&]*))?$/.exec(query) ?? [];
  try {
    return channel.publish({ data: decodeURIComponent(text), event: decodeURIComponent(type) }) ??
      "sent";
  } catch {
    throw new HTTPException(
      400,
      [],
      "Encode the text as UTF-8 with percent signs; the type is one line.\n",
    );
  }
}

await serveWhenMain(import.meta, events());
