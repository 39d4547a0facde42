// Loaded into the proxy before its own code: its log becomes lines of JSON, like those of the other
// processes (log_lines.py). The proxy has no option for it; its format is winston's printf.
"use strict";

const { createRequire } = require("node:module");

const LONGEST = 600;
const SECRET = /\b(code|state|(?:[a-z]+_)?token|_xsrf)=[^&\s"']+/g;
const winston = createRequire(process.argv[1])("winston");

function shorten(text) {
  const plain = text
    .slice(0, 2 * LONGEST)
    .replace(SECRET, "$1=[secret]")
    .replace(/["\\]/g, "'") // one character each in JSON, too
    .replace(/[^\x20-\x7e]+/g, (odd) => (/^\s+$/.test(odd) ? " " : "?"))
    .slice(0, LONGEST);
  return text.length > LONGEST ? `${plain}... (${text.length} characters)` : plain;
}

const jsonLine = winston.format((info) => {
  info[Symbol.for("message")] = JSON.stringify({
    time: new Date().toISOString(),
    level: info[Symbol.for("level")],
    process: "proxy",
    logger: String(info.label),
    message: shorten(String(info.message)),
  });
  return info;
});

Object.defineProperty(winston.format, "printf", { value: () => jsonLine() });
