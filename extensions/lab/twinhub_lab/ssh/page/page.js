// Fills in the address that this browser uses, and gives each command a button that copies it.
"use strict";

const address = location.origin + document.body.dataset.path;
for (const place of document.querySelectorAll("[data-address]")) {
  place.textContent = address;
}

const said = document.getElementById("said");

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    said.textContent = "Copied";
  } catch {
    // Over http, browsers give pages no clipboard: the text is selected for Ctrl+C.
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Press Ctrl+C";
    said.textContent = "Selected: press Ctrl+C";
  }
  setTimeout(() => {
    button.textContent = "Copy";
    said.textContent = "";
  }, 4000);
}

for (const block of document.querySelectorAll("pre")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${block.textContent.trim().split("\n")[0]}`);
  const row = document.createElement("div");
  row.className = "command";
  block.replaceWith(row);
  row.append(block, button);
  block.tabIndex = 0;
  button.addEventListener("click", () => copy(block.textContent.trimEnd() + "\n", button));
}
