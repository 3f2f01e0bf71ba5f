/**
 * What is asked of the servers, and what each of them has to answer.
 *
 * A workload is one message, sent over and over on connections that stay open. A new one is a new
 * entry of {@linkcode WORKLOADS}, and, if its answer is a new one, an app in every server.
 *
 * @module
 */

/** An answer, as far as all servers have to agree. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface Workload {
  readonly name: string;
  /** One request, byte for byte. */
  readonly request: string;
  /** How many requests are sent at once before their answers are awaited. */
  readonly depth: number;
  readonly connections: number;
  readonly answer: Answer;
}

export const HELLO: Answer = {
  status: 200,
  contentType: "text/plain",
  body: "Hello, World!",
};

const PLAIN_REQUEST = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

export const WORKLOADS: readonly Workload[] = [
  { name: "hello", request: PLAIN_REQUEST, depth: 1, connections: 64, answer: HELLO },
  { name: "hello x16", request: PLAIN_REQUEST, depth: 16, connections: 64, answer: HELLO },
];
