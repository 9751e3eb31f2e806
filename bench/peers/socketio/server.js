// The chat server of the Socket.IO tutorial, with a room: `node server.js PORT [DATABASE]`. With a database each
// message is stored before it is sent; the tutorial's package for SQLite is replaced by Node's own.

import { createServer } from "node:http";
import process from "node:process";
import { Server } from "socket.io";

const [port, path] = process.argv.slice(2);
const store = path ? await opened(path) : () => {};
const server = createServer();
const io = new Server(server);

io.on("connection", (socket) => {
  socket.join("room");
  socket.on("chat message", (message) => {
    store(message);
    io.to("room").emit("chat message", message);
  });
});

server.listen(Number(port), "127.0.0.1");

async function opened(path) {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path);
  database.exec("CREATE TABLE messages (id INTEGER PRIMARY KEY AUTOINCREMENT, content TEXT)");
  const insert = database.prepare("INSERT INTO messages (content) VALUES (?)");
  return (message) => insert.run(message);
}
