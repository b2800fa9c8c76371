// A browser's side of socket.io: any number of clients, each of one server.
import { io } from "socket.io-client";
import { report, serve } from "./serving.mjs";

const sockets = {};

function connect({ name, port }) {
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
  sockets[name] = socket;
  socket.on("news", (value) => report({ news: value, to: name }));
  socket.on("question", (value, answer) => answer(`${name}: ${value}`));
  return new Promise((connected) => socket.on("connect", () => connected(socket.id)));
}

serve({ connect, join: ({ name, room }) => sockets[name].emitWithAck("join", room) });
