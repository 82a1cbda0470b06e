// The frame around the views: tabs, range, filters, menus and keys.

import { el, fill, say, shown, hideTip } from "./dom.js";
import { get, forget } from "./server.js";
import { part, range, change, listen } from "./state.js";
import { duration, moment, count, bytes } from "./format.js";
import { report } from "./report.js";
import { summary } from "./summary.js";
import { timeline, overview, paintOverview } from "./timeline.js";
import { flame } from "./flame.js";
import { functions } from "./functions.js";
import { events } from "./events.js";
import { compare } from "./compare.js";
import { beginTables } from "./table.js";
import { exports } from "./exporter.js";

// A view is a function that fills the panel; `renew` of what it returns is called when a part of
// the state changes that it names in `local` or `keys`. Without one, the view is made again. `grow`
// is called when the trace has grown; without one, the view is made again beside the old one.
const generic = (name) => (panel, signal) => report(name, panel, signal);
const views = [
  ["summary", "Summary", summary], ["timeline", "Timeline", timeline],
  ["flame", "Flame graph", flame], ["functions", "Functions", functions],
  ["gc", "GC", generic("gc")], ["jit", "JIT", generic("jit")],
  ["exceptions", "Exceptions", generic("exceptions")],
  ["allocations", "Allocations", generic("allocations")],
  ["threads", "Threads", generic("threads")], ["contention", "Contention", generic("contention")],
  ["system", "System", generic("system")], ["requests", "Requests", generic("requests")],
  ["events", "Events", events],
];

const panel = document.getElementById("panel");
const tabs = document.getElementById("tabs");
let server = null;
let running = null;
let active = null;
let opened = 0;

function current() {
  return views.find(([name]) => name === part("tab")) ?? views[0];
}

async function open() {
  running?.abort();
  running = new AbortController();
  const signal = running.signal;
  const [name, title, make] = current();
  const number = ++opened;
  active = null;
  hideTip();
  for (const tab of tabs.children) {
    const isChosen = tab.dataset.tab === name;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    if (isChosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  panel.setAttribute("aria-label", title);
  panel.className = "panel panel-" + name;
  panel.dataset.ready = "";
  panel.replaceChildren(el("p", { class: "dim loading" }, "Reading the trace …"));
  try {
    beginTables();
    const view = await make(panel, signal) ?? {};
    if (number === opened) active = view;
  } catch (error) {
    if (error.name === "AbortError" || number !== opened) return;
    panel.replaceChildren(el("div", { class: "empty" }, el("p", {}, error.message)));
  }
  if (number === opened) panel.dataset.ready = name;
}

function makeTabs() {
  fill(tabs, views.map(([name, title]) => el("button", {
    type: "button", role: "tab", "data-tab": name, "aria-controls": "panel", id: "tab-" + name,
    onclick: () => change({ tab: name }),
  }, title)));
  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -99, End: 99 }[event.key];
    if (!step) return;
    event.preventDefault();
    const place = views.indexOf(current());
    const next = views[Math.max(0, Math.min(views.length - 1, place + step))];
    change({ tab: next[0] });
    document.getElementById("tab-" + next[0]).focus();
  });
}

function showChips() {
  const chips = [];
  const chosen = range();
  const chip = (text, keys, title) => el("span", { class: "chip" }, el("span", { title }, text),
    el("button", { type: "button", "aria-label": `Remove: ${text}`,
      onclick: () => change(Object.fromEntries(keys.map((key) => [key, null]))) }, "✕"));
  if (chosen) {
    const step = (chosen.to - chosen.from) / 100;
    chips.push(chip(`${moment(chosen.from, step)} – ${moment(chosen.to, step)} · `
      + duration(chosen.to - chosen.from), ["from", "to"], "All views show this range"));
  }
  if (part("pid")) chips.push(chip(`pid ${part("pid")}`, ["pid"], "All views show this process"));
  if (part("tid")) chips.push(chip(`tid ${part("tid")}`, ["tid"], "Stacks are of this thread"));
  if (part("folded")) chips.push(chip("folded functions", ["folded"], "Removed from the flame graph"));
  fill(document.getElementById("chips"), chips);
}

const stateTitles = {
  complete: "The trace is finished", recording: "The trace is being written; the page follows it",
  unfinished: "The trace was not finished, and nobody writes it",
};

function showFiles() {
  const names = server.files.map((file, index) => {
    const last = file.path.split("/").pop();
    const text = el("span", { class: "file", title: file.path }, shown(last, 60));
    return server.files.length < 2 ? text : el("button", {
      type: "button", class: "file", "aria-pressed": String((part("file") ?? "0") === String(index)),
      title: file.path, onclick: () => change({ file: index || null, from: null, to: null }),
    }, `${index ? "after" : "before"}: ${shown(last, 40)}`);
  });
  const file = server.files[Number(part("file") ?? 0)] ?? server.files[0];
  fill(document.getElementById("files"), names, el("span", { class: "dim" },
    `${count(file.events)} events · ${bytes(file.size_bytes)} ·`),
  el("span", { class: `state state-${file.state}`, id: "state", title: stateTitles[file.state] },
    file.state),
  file.lost > 0 && el("span", { class: "lost" }, `${count(file.lost)} lost`),
  file.unreadable > 0 && file.is_complete && el("span", { class: "lost" }, "damaged"));
  document.title = `${server.files.map((f) => f.path.split("/").pop()).join(" – ")} · tracectl`;
}

// MARK: Menus and keys

function menu(button, items) {
  const box = el("div", { class: "menu", role: "menu" }, items.map(([text, act]) =>
    el("button", { type: "button", role: "menuitem", onclick: () => { close(); act(); } }, text)));
  const close = () => {
    box.remove();
    button.setAttribute("aria-expanded", "false");
    removeEventListener("click", outside, true);
  };
  const outside = (event) => { if (!box.contains(event.target)) close(); };
  box.addEventListener("keydown", (event) => {
    const list = [...box.children];
    const place = list.indexOf(document.activeElement);
    if (event.key === "Escape") { close(); button.focus(); }
    if (event.key === "ArrowDown") list[(place + 1) % list.length].focus();
    if (event.key === "ArrowUp") list[(place + list.length - 1) % list.length].focus();
  });
  document.body.append(box);
  const place = button.getBoundingClientRect();
  box.style.top = place.bottom + 4 + "px";
  box.style.right = innerWidth - place.right + "px";
  button.setAttribute("aria-expanded", "true");
  box.firstChild.focus();
  setTimeout(() => addEventListener("click", outside, true));
}

const keys = [["1 … 9", "the first nine views"], ["[ ]", "the view before, the next one"],
  ["/", "search or filter"], ["Esc", "remove the range, or leave a field"],
  ["+ −", "timeline: zoom"], ["← →", "timeline: earlier, later"], ["0", "timeline: the whole time"],
  ["↑ ↓ ← →", "flame graph: callers, callees, siblings"], ["Enter", "flame graph: zoom"],
  ["f", "flame graph: fold the function"], ["c", "flame graph: copy the name"],
  ["b", "flame graph: callers and callees of the function"], ["s", "flame graph: source of the function"],
  ["Ctrl + wheel", "timeline: zoom at the pointer"], ["Shift + wheel", "timeline: earlier, later"],
  ["?", "these keys"]];

function help() {
  const dialog = el("dialog", { "aria-label": "Keys" }, el("h2", {}, "Keys"),
    el("dl", { class: "keys" }, keys.map(([key, text]) =>
      el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, text)))),
    el("form", { method: "dialog" }, el("button", {}, "Close")));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

addEventListener("keydown", (event) => {
  const isField = event.target.matches?.("input, select, textarea");
  if (event.key === "Escape" && isField) return event.target.blur();
  if (isField || event.ctrlKey || event.metaKey || event.altKey) return;
  const place = views.indexOf(current());
  if (/^[1-9]$/.test(event.key)) change({ tab: views[Number(event.key) - 1][0] });
  else if (event.key === "[" && place > 0) change({ tab: views[place - 1][0] });
  else if (event.key === "]" && place < views.length - 1) change({ tab: views[place + 1][0] });
  else if (event.key === "/") document.getElementById("search")?.focus();
  else if (event.key === "?") help();
  else if (event.key === "Escape" && range() && !event.target.matches?.("canvas.flame")) {
    change({ from: null, to: null });
  } else return;
  event.preventDefault();
});

// MARK: Start

const interval = 1000;
let isBehind = false;

/** A trace that is not finished is asked for again, the more rarely the longer it takes. */
async function follow() {
  if (server.files.every((file) => file.is_complete) && !isBehind) return;
  const began = performance.now();
  try {
    const next = await get("state", {}, { keep: false });
    const sizes = (state) => state.files.map((f) => `${f.size_bytes} ${f.events} ${f.is_complete}`).join();
    const hasGrown = sizes(next) !== sizes(server);
    const hasChanged = JSON.stringify(next) !== JSON.stringify(server);
    server = next;
    if (hasGrown) {
      forget();
      isBehind = true;
      await overview();
    }
    if (hasChanged) showFiles();
    if (isBehind) await grow();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message);
  }
  setTimeout(follow, Math.max(interval, 4 * (performance.now() - began)));
}

const focusable = "button, input, select, summary, [tabindex]";

/** Shows in the view what has been added to the trace. The old content stays until the new is
 *  there, and what is being typed is not disturbed. */
async function grow() {
  if (panel.dataset.ready === "") return;
  if (active?.grow) {
    isBehind = false;
    return active.grow();
  }
  const focused = panel.contains(document.activeElement) ? document.activeElement : null;
  if (focused?.matches("input, select")) return;
  isBehind = false;
  const [name, , make] = current();
  if (name === "timeline" || name === "compare") return open();
  const number = opened;
  const control = new AbortController();
  const next = el("div");
  let view = null;
  try {
    beginTables();
    view = await make(next, control.signal) ?? {};
  } catch (error) {
    next.replaceChildren(el("div", { class: "empty" }, el("p", {}, error.message)));
  }
  if (number !== opened) return control.abort();
  running?.abort();
  running = control;
  const place = [...panel.querySelectorAll(focusable)].indexOf(document.activeElement);
  const scrolled = panel.scrollTop;
  panel.replaceChildren(...next.childNodes);
  panel.scrollTop = scrolled;
  if (place >= 0) panel.querySelectorAll(focusable)[place]?.focus({ preventScroll: true });
  active = view;
}

listen((changed) => {
  if (!server) return;
  if (["from", "to", "pid", "tid", "folded"].some((key) => changed.has(key))) showChips();
  if (changed.has("file")) {
    showFiles();
    overview();
  } else if (changed.has("from") || changed.has("to")) paintOverview();
  const mine = active && [...changed].every((key) => active.local?.includes(key)
    || active.keys?.includes(key));
  const unrelated = [...changed].every((key) => key === "open" || key === "row");
  if (mine) active.renew?.(changed);
  else if (!unrelated || changed.has("tab")) open();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  paintOverview(true);
  open();
});

document.getElementById("help").addEventListener("click", help);
const exporter = document.getElementById("export");
exporter.addEventListener("click", () => menu(exporter, exports(current()[0], server)));
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  panel.focus();
});

/** Begins with the first answer; a collection that has just started may have no file yet. */
async function begin() {
  try {
    server = await get("state", {}, { keep: false });
  } catch (error) {
    panel.replaceChildren(el("div", { class: "empty" }, el("p", {}, error.message)));
    setTimeout(begin, 2000);
    return;
  }
  if (server.files.length > 1) views.splice(1, 0, ["compare", "Compare", compare]);
  makeTabs();
  showFiles();
  showChips();
  await Promise.all([overview().catch((error) => say(error.message)), open()]);
  setTimeout(follow, interval);
}

begin();
