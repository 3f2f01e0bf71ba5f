/**
 * Tests of apps: a client in memory, and a virtual clock.
 *
 * @module
 */

export {
  LeftBehind,
  type RawAnswer,
  TestClient,
  testClient,
  type TestClientOptions,
  type TestServerOptions,
} from "./client.ts";
export type { Ending, Fault } from "./client_socket.ts";
export { TestStream } from "./exchange.ts";
export type { BodyPieces, RequestFields, RequestOptions, RequestValues } from "./request.ts";
export { TestResponse, TruncatedResponse } from "./response.ts";
export type { InformationalResponse } from "./response_reader.ts";
export { StuckError } from "./virtual_time.ts";
export { TestWebSocket, type TestWebSocketOptions, WebSocketRefused } from "./web_socket.ts";
