// The desktop's page: connects the screen, keeps the clipboards of both sides equal, and says what
// is wrong when there is no connection. The socket lies beside this page: <page>/socket.
import RFB from "./novnc/core/rfb.js";

const RETRIES = 4;
const element = (id) => document.getElementById(id);
const state = element("state");
const text = element("clipboard-text");
let rfb = null;
let failures = 0;
let wasConnected = false;
let shared = "";

function address() {
  const url = new URL("socket", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = "";
  return url.href;
}

function connect() {
  element("failure").hidden = true;
  state.textContent = wasConnected ? "Connecting again…" : "Starting the desktop…";
  rfb = new RFB(element("screen"), address(), { shared: true });
  rfb.resizeSession = true;
  rfb.scaleViewport = true;
  rfb.background = "transparent";
  rfb.addEventListener("connect", connected);
  rfb.addEventListener("disconnect", disconnected);
  rfb.addEventListener("clipboard", (event) => copied(event.detail.text));
}

function connected() {
  failures = 0;
  wasConnected = true;
  state.textContent = "Desktop";
  rfb.focus();
  void offer();
}

function disconnected(event) {
  rfb = null;
  failures += 1;
  // A session that ended in order was ended by its user; what broke off is tried again.
  if (!(event.detail.clean && wasConnected) && failures < RETRIES) {
    state.textContent = "The connection was lost. Connecting again…";
    window.setTimeout(connect, 500 * 2 ** failures);
    return;
  }
  state.textContent = "Not connected";
  element("failure-text").textContent = wasConnected
    ? "The session has ended, or the workspace was stopped. Files in the home and in /workspace are kept."
    : "It did not start. The log of the workspace says why.";
  element("failure").hidden = false;
  element("again").focus();
}

// The desktop's clipboard reaches the browser's where the browser allows it, and the text area always.
function copied(content) {
  shared = content;
  text.value = content;
  navigator.clipboard?.writeText(content).catch(() => undefined);
}

function paste(content) {
  if (rfb !== null && content !== "" && content !== shared) {
    shared = content;
    text.value = content;
    rfb.clipboardPasteFrom(content);
  }
}

// Browsers let a page read the clipboard when it has the focus and its user agreed.
async function offer() {
  try {
    paste((await navigator.clipboard?.readText()) ?? "");
  } catch {
    // not allowed: the text area does it
  }
}

element("clipboard-button").addEventListener("click", () => {
  const panel = element("clipboard");
  panel.hidden = !panel.hidden;
  element("clipboard-button").setAttribute("aria-expanded", String(!panel.hidden));
  (panel.hidden ? rfb : text)?.focus();
});
element("full-screen").addEventListener("click", () => {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen();
  rfb?.focus();
});
text.addEventListener("input", () => paste(text.value));
window.addEventListener("focus", () => void offer());
connect();
