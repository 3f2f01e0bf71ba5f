/** The apps in Fastify's style, on Node. */

import { Readable } from "node:stream";
import { fastify, type FastifyReply, type FastifyRequest } from "fastify";
import { HELLO, STREAM_BLOCKS, TEXT } from "../workloads/content.ts";
import { announce, askedApp } from "./control.ts";

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

const handler = askedApp<Handler>({
  hello: (_request, reply) => reply.header("Content-Type", TEXT).send(HELLO.body),
  stream: (_request, reply) =>
    reply.header("Content-Type", TEXT).send(Readable.from(STREAM_BLOCKS, { objectMode: false })),
  echo: (request, reply) => reply.send(request.body),
});
const app = fastify();
app.get("/", handler);
app.post("/", handler);
const address = await app.listen({ host: "127.0.0.1", port: 0 });
announce(Number(new URL(address).port));
