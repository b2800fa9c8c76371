// A server of socket.io that shares its rooms with others by way of Redis. ADAPTER is pubsub or streams.
import { createAdapter as byPubSub } from "@socket.io/redis-adapter";
import { createAdapter as byStreams } from "@socket.io/redis-streams-adapter";
import { createServer } from "node:http";
import { createClient } from "redis";
import { Server } from "socket.io";
import { report, serve, url } from "./serving.mjs";

async function connect() {
  const client = createClient({ url, socket: { reconnectStrategy: 50 } });
  client.on("error", () => {});
  return client.connect();
}

const client = await connect();
const adapter =
  process.env.ADAPTER === "streams" ? byStreams(client, { heartbeatInterval: 500 }) : byPubSub(client, await connect());

const http = createServer();
const io = new Server(http, { adapter });
io.on("connection", (socket) => {
  socket.on("join", (room, done) => Promise.resolve(socket.join(room)).then(() => done(room)));
});
io.on("between", (value, answer) => {
  report({ between: value });
  answer(value + 1);
});
await new Promise((listening) => http.listen(0, "127.0.0.1", listening));

serve({
  port: () => http.address().port,
  emit: ({ room, value }) => (room ? io.to(room) : io).emit("news", value),
  ask: ({ value }) => io.timeout(10_000).emitWithAck("question", value),
  sockets: async () => (await io.fetchSockets()).map((socket) => socket.id).sort(),
  between: ({ value }) => io.serverSideEmitWithAck("between", value),
});
