// Starts ungit on a unix socket: `ungit --socket=PATH [its own arguments]`. It knows TCP ports only,
// which any process in reach of the container could try; and it asks for news at its registry.
"use strict";

const fs = require("node:fs");
const net = require("node:net");

const UNGIT = "/opt/twinhub/editors/ungit/node_modules/ungit";
const OPTION = "--socket=";
const DEFAULTS = [
  "--no-launchBrowser",
  "--no-autoFetch",
  "--no-bugtracking",
  "--no-logRESTRequests",
  "--ungitVersionCheckOverride",
];

const given = process.argv.slice(2);
const socket = given.find((argument) => argument.startsWith(OPTION))?.slice(OPTION.length);
if (!socket) {
  console.error("usage: ungit --socket=PATH [arguments of ungit]");
  process.exit(2);
}
process.argv.splice(2, given.length, ...DEFAULTS, ...given.filter((a) => !a.startsWith(OPTION)));

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function listenOnSocket(_address, ...rest) {
  fs.rmSync(socket, { force: true });
  this.once("listening", () => fs.chmodSync(socket, 0o600));
  return listen.call(this, { path: socket }, ...rest);
};

const system = require(`${UNGIT}/source/sysinfo.js`);
const { version } = require(`${UNGIT}/package.json`);
system.getUngitLatestVersion = () => Promise.resolve(version);

require(`${UNGIT}/source/server.js`);
