// The columns of the table of events: the usual ones, and any field of the events.

import { el, say } from "./dom.js";
import { get } from "./server.js";
import { part, change } from "./state.js";
import { moment, count } from "./format.js";
import { text } from "./events.js";

const usual = [
  { key: "row", title: "row", class: "c-row", width: "84px", show: (r, i) => count(i) },
  { key: "time", title: "time", class: "c-time", width: "112px",
    show: (r) => moment(r.event.time_ns, 1) },
  { key: "event", title: "event", class: "c-event", width: "190px",
    show: (r) => `${r.event.provider}/${r.event.event}` },
  { key: "pid", title: "pid", class: "c-id", width: "56px", show: (r) => String(r.event.pid) },
  { key: "tid", title: "tid", class: "c-id", width: "104px", show: (r) => r.event.thread
    ? `${r.event.tid} ${r.event.thread}` : String(r.event.tid) },
  { key: "cpu", title: "cpu", class: "c-cpu", width: "36px", show: (r) => r.event.cpu ?? "–" },
  { key: "fields", title: "fields", class: "c-fields", width: "minmax(0, 1fr)",
    show: (r) => (r.stack ? "≡ " : "")
      + Object.entries(r.event.fields).map(([k, v]) => `${k}=${text(v)}`).join("  ") },
];
// A field's name may be that of a usual column.
const mark = "f:";
const mostFields = 200;

const ofField = (name) => ({ key: mark + name, title: name, class: "c-fields",
  width: "minmax(60px, 1fr)", show: (r) => text(r.event.fields[name]) });

/** The keys of the columns in the state, or of the usual ones. */
const keysOf = (chosen) => chosen?.split(",").map(decodeURIComponent) ?? usual.map((c) => c.key);

/** The columns of the state. */
export function columnsOf(chosen) {
  let keys;
  try { keys = keysOf(chosen); } catch { keys = keysOf(undefined); }
  const found = keys.map((key) => key.startsWith(mark) ? ofField(key.slice(mark.length))
    : usual.find((column) => column.key === key)).filter(Boolean).slice(0, 40);
  return found.length ? found : usual;
}

/** Whether a pattern with `*` matches a name, without regard to case. */
function matches(pattern, name) {
  const parts = pattern.toLowerCase().split("*").map((p) => p.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name.toLowerCase());
}

/** The fields of the events that a filter shows, the most frequent events first. */
async function fieldsOf(filter, signal) {
  const { types } = await get("types", { file: part("file") }, { signal });
  const names = new Map();
  for (const type of types) {
    const isShown = (!filter.event.length || filter.event.some((p) =>
      matches(p, type.event) || matches(p, `${type.provider}/${type.event}`)))
      && (!filter.provider.length || filter.provider.some((p) => matches(p, type.provider)));
    if (!isShown) continue;
    for (const field of type.fields) {
      if (!names.has(field)) names.set(field, `${type.provider}/${type.event}`);
    }
  }
  return [...names].slice(0, mostFields);
}

/** Asks which columns to show. */
export async function chooseColumns(filter, signal) {
  const shownKeys = columnsOf(part("cols")).map((c) => c.key);
  let fields;
  try { fields = await fieldsOf(filter, signal); } catch (error) { return say(error.message); }
  const boxes = [];
  const box = (key, title, hint) => {
    const input = el("input", { type: "checkbox", checked: shownKeys.includes(key), value: key });
    boxes.push(input);
    return el("label", { title: hint }, input, " ", title);
  };
  const isChosen = new Set(shownKeys);
  // Chosen fields of other events stay in the list.
  const others = shownKeys.filter((key) => key.startsWith(mark)
    && !fields.some(([name]) => mark + name === key)).map((key) => [key.slice(mark.length), ""]);
  const dialog = el("dialog", { "aria-label": "Columns", class: "choose" }, el("h2", {}, "Columns"),
    el("div", { class: "boxes" }, usual.map((c) => box(c.key, c.title, "of every event"))),
    el("h3", {}, "Fields"), fields.length + others.length
      ? el("div", { class: "boxes" }, [...others, ...fields].map(([name, hint]) =>
        box(mark + name, name, hint))) : el("p", { class: "dim" }, "none"),
    el("form", { method: "dialog", class: "tools" }, el("button", { onclick: apply }, "Show"),
      el("button", { onclick: () => change({ cols: null }) }, "As usual"),
      el("button", {}, "Cancel")));
  function apply() {
    const keys = boxes.filter((input) => input.checked).map((input) => input.value);
    // Those that stay keep their order.
    const ordered = [...shownKeys.filter((key) => keys.includes(key)),
      ...keys.filter((key) => !isChosen.has(key))];
    const isUsual = ordered.join() === usual.map((c) => c.key).join();
    change({ cols: isUsual ? null : ordered.map(encodeURIComponent).join(",") });
  }
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
