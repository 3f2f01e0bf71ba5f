/**
 * Serves the connections of a thread, for `--reload`: each message of the command is an event of one
 * connection, or an order to the server.
 *
 * `app_thread.ts` calls this.
 *
 * @module
 */

import type { WSGIConnection, WSGIServer } from "../../server/mod.ts";
import { reopenLogs, writeMessage } from "../logs/logs.ts";
import type { ToThread } from "./messages.ts";
import type { Recorders } from "../status/recorders.ts";
import { PortSocket, type Post } from "./port_socket.ts";

/**
 * Makes the receiver of the messages.
 *
 * @param server The server of the app.
 * @param post Sends a message to the command.
 * @param recorders Answers the questions about the status.
 */
export function serveMessages(
  server: WSGIServer,
  post: Post,
  recorders?: Recorders,
): (message: ToThread) => void {
  const sockets = new Map<number, PortSocket>();
  const connections = new Map<number, WSGIConnection>();
  const forget = (id: number) => void (sockets.delete(id) && connections.delete(id));
  return (message) => {
    switch (message.type) {
      case "open": {
        const { id } = message;
        const socket = new PortSocket(message, post, (line) => writeMessage("error", line));
        sockets.set(id, socket);
        return socket.open((socket) => {
          const connection = server.accept(socket);
          connections.set(id, connection);
          return connection;
        });
      }
      case "retire":
        for (const [id, connection] of connections) {
          if (sockets.get(id)?.move(connection) !== true) continue;
          forget(id);
          post({ type: "moved", id });
        }
        post({ type: "retired" });
        return void server.shutdown({ grace: message.grace });
      case "shutdown":
        return void server.shutdown({ grace: message.grace });
      case "reopenLogs":
        return reopenLogs();
      case "ask":
        return recorders === undefined ? undefined : post(recorders.answer(message));
      case "count":
        return post({ type: "count", count: server.stats().activeRequests });
      default:
        sockets.get(message.id)?.receive(message);
        if (message.type === "close" || message.type === "left") forget(message.id);
    }
  };
}
