// The page of the resource monitor: asks for figures as long as somebody sees it.
"use strict";

const FIRST = 40;
const $ = (id) => document.getElementById(id);
let seconds = 2;
let isPaused = false;
let sort = "cpu";
let isAll = false;
let latest = null;

function bytes(value) {
  if (value === null || value === undefined) return "unknown";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

function cores(value) {
  if (value === null || value === undefined) return "…";
  return `${value.toFixed(2)} ${value.toFixed(2) === "1.00" ? "core" : "cores"}`;
}

function draw(id, points, of, said) {
  const graph = $(id);
  const known = points.filter((point) => point.value !== null);
  const highest = Math.max(of || 0, ...known.map((point) => point.value)) || 1;
  const end = known.length ? known[known.length - 1].at : 0;
  const span = Math.max(60, end - (known.length ? known[0].at : 0));
  const xy = known.map(({ at, value }) =>
    `${(300 - (300 * (end - at)) / span).toFixed(1)} ${(79 - (76 * value) / highest).toFixed(1)}`);
  graph.querySelector(".line").setAttribute("d", xy.length ? `M${xy.join("L")}` : "");
  const first = xy.length ? xy[0].split(" ")[0] : "0";
  graph.querySelector(".area").setAttribute("d", xy.length ? `M${first} 80L${xy.join("L")}L300 80Z` : "");
  graph.setAttribute("aria-label", said);
  return span >= 120 ? `${Math.round(span / 60)} minutes ago` : `${Math.round(span)} seconds ago`;
}

function showCpu({ cpu, course }) {
  $("cpu").textContent = cores(cpu.cores);
  const allowed = cpu.limit === null ? "No limit is set." : `of ${cores(cpu.limit)} allowed.`;
  const waited = cpu.throttled_seconds ? ` Work waited ${cpu.throttled_seconds.toFixed(0)} s for this limit.` : "";
  $("cpu-more").textContent = `${allowed}${waited}`;
  const points = course.map(({ at, cpu: value }) => ({ at, value }));
  $("cpu-from").textContent = draw("cpu-graph", points, cpu.limit, `CPU over time, now ${cores(cpu.cores)}`);
}

function showMemory({ memory, course }) {
  $("memory").textContent = bytes(memory.used);
  const parts = [memory.limit === null ? "No limit is set." : `of ${bytes(memory.limit)} allowed.`];
  if (memory.peak !== null) parts.push(`Highest since the start: ${bytes(memory.peak)}, with cached files.`);
  if (memory.kills) parts.push(`${memory.kills} ${memory.kills === 1 ? "process was" : "processes were"} ended because memory ran out.`);
  $("memory-more").textContent = parts.join(" ");
  const points = course.map(({ at, memory: value }) => ({ at, value }));
  $("memory-from").textContent = draw("memory-graph", points, memory.limit, `Memory over time, now ${bytes(memory.used)}`);
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// A disk may be seen under several names, by devices of its own: what is equal is shown once.
function showDisks({ disks }) {
  const same = Map.groupBy(disks, ({ total, free }) => `${total} ${free}`);
  $("disks").replaceChildren(...[...same.values()].map((group) => {
    const [disk] = group;
    const names = group.map((one) => one.folder).join(", ");
    const item = element("li", "");
    const said = `${bytes(disk.free)} free of ${bytes(disk.total)}`;
    const bar = element("progress", "", { max: disk.total, value: disk.used, "aria-label": `Disk of ${names}: ${said}` });
    item.append(element("span", names), bar, element("span", said, { class: "soft" }));
    return item;
  }));
}

// Rows stay the same elements, so that the keyboard's place and a reader's are kept.
function row(known, process) {
  const made = known || element("tr", "");
  if (!known) {
    made.dataset.key = `${process.pid} ${process.started}`;
    made.append(element("td", "", { class: "number" }), element("td", "", { class: "number" }),
      element("td", process.pid, { class: "number" }), element("td", "", { class: "command" }), element("td", ""));
    if (process.can_end) {
      const button = element("button", "End", { type: "button", class: "end", "aria-label": `End ${process.name}, process ${process.pid}` });
      button.addEventListener("click", () => end(process));
      made.lastChild.append(button);
    }
  }
  const texts = [`${(100 * process.cpu).toFixed(0)} %`, bytes(process.memory), null, process.command];
  texts.forEach((text, at) => {
    if (text !== null && made.children[at].textContent !== text) made.children[at].textContent = text;
  });
  made.children[3].title = process.command;
  return made;
}

function found(processes) {
  const words = $("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const has = ({ pid, command }, word) => String(pid) === word || command.toLowerCase().includes(word);
  return processes.filter((process) => words.every((word) => has(process, word)));
}

function count(shown, matching, all) {
  const of = matching < all ? `${matching} of ${all} processes match` : `${all} ${all === 1 ? "process" : "processes"}`;
  const said = shown < matching ? `${of}; the first ${shown} are shown` : of;
  if ($("counted").textContent !== said) $("counted").textContent = said;
  $("all").hidden = matching <= FIRST;
}

function showProcesses({ processes }) {
  const sign = sort === "cpu" || sort === "memory" ? -1 : 1;
  const order = (one, other) => (one[sort] > other[sort] ? sign : one[sort] < other[sort] ? -sign : one.pid - other.pid);
  const body = $("processes");
  const known = new Map([...body.children].map((one) => [one.dataset.key, one]));
  const matching = found(processes).sort(order);
  const shown = isAll ? matching : matching.slice(0, FIRST);
  count(shown.length, matching.length, processes.length);
  const rows = shown.map((process) => row(known.get(`${process.pid} ${process.started}`), process));
  const active = document.activeElement;
  rows.forEach((one, at) => { if (body.children[at] !== one) body.insertBefore(one, body.children[at] || null); });
  while (body.children.length > rows.length) body.lastChild.remove();
  if (active && active !== document.activeElement && document.contains(active)) active.focus();
  for (const button of document.querySelectorAll("th button")) {
    const isSorted = button.dataset.sort === sort;
    if (isSorted) button.parentElement.setAttribute("aria-sort", sign === -1 ? "descending" : "ascending");
    else button.parentElement.removeAttribute("aria-sort");
  }
}

function show() {
  if (!latest) return;
  showCpu(latest); showMemory(latest); showDisks(latest); showProcesses(latest);
}

async function end(process) {
  if (!window.confirm(`End ${process.name} (process ${process.pid})? What it has not saved is lost.`)) return;
  const answer = await fetch("end", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-TwinHub-Monitor": "1" },
    body: JSON.stringify({ pid: process.pid, started: process.started }),
  }).catch(() => null);
  const said = answer && !answer.ok ? (await answer.json().catch(() => ({}))).message : "";
  $("said").textContent = answer && answer.ok ? `${process.name} (${process.pid}) was asked to end.` : `${process.name} was not ended. ${said || "The workspace does not answer."}`;
  await look();
}

async function look() {
  try {
    const answer = await fetch("figures", { headers: { Accept: "application/json" } });
    if (!answer.ok || answer.redirected) throw new Error(`The workspace answered ${answer.status}.`);
    latest = await answer.json();
    seconds = latest.interval_seconds;
    $("trouble").hidden = true;
    show();
  } catch (error) {
    $("trouble").textContent = `These figures are old: ${error.message} Reload the page, or start the workspace again.`;
    $("trouble").hidden = false;
  }
}

async function loop() {
  if (!isPaused && !document.hidden) await look();
  setTimeout(loop, 1000 * seconds);
}

for (const button of document.querySelectorAll("th button")) {
  button.addEventListener("click", () => { sort = button.dataset.sort; show(); });
}
$("filter").addEventListener("input", show);
$("all").addEventListener("click", () => {
  isAll = !isAll;
  $("all").textContent = isAll ? `Show the first ${FIRST}` : "Show all";
  show();
});
$("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  $("pause").textContent = isPaused ? "Go on" : "Pause";
  $("pause").setAttribute("aria-pressed", String(isPaused));
});
document.addEventListener("visibilitychange", () => { if (!document.hidden && !isPaused) void look(); });
void loop();
