/**
 * Tests of apps: a client in memory, and a virtual clock. And the tests of adapters: `checkAdapter`.
 *
 * @module
 */

export { TestClient, testClient } from "./client.ts";
export type { RawAnswer } from "./raw.ts";
export { LeftBehind, type TestClientOptions, type TestServerOptions } from "./server_under_test.ts";
export {
  type AdapterCheck,
  type AdapterCheckOptions,
  adapterChecks,
  type AdapterReport,
  BrokenPromise,
  checkAdapter,
  type CheckResult,
  type OpenPeer,
  type PeerListener,
} from "./contract/check_adapter.ts";
export type { PeerSocket } from "./contract/peer.ts";
export type { Ending, Fault } from "./client_socket.ts";
export type { TestEvent } from "./event_parser.ts";
export { EventsRefused, TestEvents, type TestEventsOptions } from "./events.ts";
export { TestStream } from "./exchange.ts";
export type { BodyPieces, RequestFields, RequestOptions, RequestValues } from "./request.ts";
export { TestResponse, TruncatedResponse } from "./response.ts";
export type { InformationalResponse } from "./response_reader.ts";
export { StuckError } from "./virtual_time.ts";
export { TestWebSocket, type TestWebSocketOptions, WebSocketRefused } from "./web_socket.ts";
