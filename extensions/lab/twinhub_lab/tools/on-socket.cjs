// Has a Node program that knows ports only listen on the unix socket in TWINHUB_SOCKET:
// `node --require …/on-socket.cjs PROGRAM`.
"use strict";

const fs = require("node:fs");
const net = require("node:net");

const path = process.env.TWINHUB_SOCKET;
delete process.env.TWINHUB_SOCKET; // programs that it starts have sockets of their own
const { listen } = net.Server.prototype;

net.Server.prototype.listen = function listenOnSocket(...given) {
  const done = given.find((argument) => typeof argument === "function");
  return listen.call(this, { path }, () => {
    fs.chmodSync(path, 0o600);
    done?.call(this);
  });
};
