/** The table of states in response.ts: every state, every event. */

import { assertEquals, assertThrows } from "@std/assert";
import { test } from "node:test";
import { Response, type ResponseState } from "../../../src/wsgi/running/response.ts";

const EVENTS = {
  startResponse: (response: Response) => void response.startResponse("200 OK", []),
  startWithExcInfo: (response: Response) =>
    void response.startResponse("500 Oops", [], new Error("excInfo")),
  block: (response: Response) => response.push("block"),
  inform: (response: Response) => response.inform(103, []),
  handOver: (response: Response) => response.handOver("101"),
  end: (response: Response) => response.end(),
} as const;

type Event = keyof typeof EVENTS;

/** The events that lead to a state. */
const WAYS: Record<ResponseState, readonly Event[]> = {
  none: [],
  started: ["startResponse"],
  sent: ["startResponse", "block"],
  ended: ["startResponse", "block", "end"],
  taken: ["handOver"],
  takenEnded: ["handOver", "end"],
};

/** The state after each event; `Error` for an error, after which the state is as before. */
const TABLE: Record<ResponseState, Record<Event, ResponseState | ErrorConstructor>> = {
  none: {
    startResponse: "started",
    startWithExcInfo: "started",
    block: Error,
    inform: "none",
    handOver: "taken",
    end: Error,
  },
  started: {
    startResponse: Error,
    startWithExcInfo: "started",
    block: "sent",
    inform: "started",
    handOver: "taken",
    end: "ended",
  },
  sent: {
    startResponse: Error,
    startWithExcInfo: Error,
    block: "sent",
    inform: Error,
    handOver: Error,
    end: "ended",
  },
  ended: {
    startResponse: Error,
    startWithExcInfo: Error,
    block: Error,
    inform: Error,
    handOver: Error,
    end: Error,
  },
  taken: {
    startResponse: Error,
    startWithExcInfo: Error,
    block: Error,
    inform: Error,
    handOver: Error,
    end: "takenEnded",
  },
  takenEnded: {
    startResponse: Error,
    startWithExcInfo: Error,
    block: Error,
    inform: Error,
    handOver: Error,
    end: "takenEnded",
  },
};

function responseIn(state: ResponseState, date: () => string = () => "now"): Response {
  const context = {
    method: "GET",
    minorVersion: 1,
    keepAlive: true,
    protocol: "HTTP/1.1",
  } as const;
  const response = new Response(
    () => {},
    { date, server: undefined },
    context,
  );
  for (const event of WAYS[state]) EVENTS[event](response);
  assertEquals(response.state, state);
  return response;
}

const STATES = Object.keys(TABLE) as ResponseState[];

for (const state of STATES) {
  for (const [event, expected] of Object.entries(TABLE[state])) {
    test(`${state}, ${event}: ${typeof expected === "string" ? expected : "an error"}`, () => {
      const response = responseIn(state);
      const act = () => EVENTS[event as Event](response);
      if (typeof expected === "string") act();
      else assertThrows(act, Error);
      assertEquals(response.state, typeof expected === "string" ? expected : state);
    });
  }
}

test("the questions about a response are answered by its state", () => {
  const told = STATES.map((state) => {
    const { committed, ended } = responseIn(state);
    return [state, committed, ended];
  });
  assertEquals(told, [
    ["none", false, false],
    ["started", false, false],
    ["sent", true, false],
    ["ended", true, true],
    ["taken", true, false],
    ["takenEnded", true, true],
  ]);
});

for (const event of ["block", "end"] as const) {
  test(`a head that cannot be made leaves the response started, at ${event}`, () => {
    let fails = true;
    const response = responseIn("started", () => {
      if (fails) throw new Error("no date");
      return "now";
    });
    assertThrows(() => EVENTS[event](response), Error, "no date");
    assertEquals(response.state, "started");
    fails = false;
    response.replace("500 Internal Server Error");
    assertEquals(response.state, "ended");
  });
}
