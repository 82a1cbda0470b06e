// Any report as facts and sortable tables, from the keys of its JSON alone. A new report needs
// nothing here: it needs a line in main.js.

import { el } from "./dom.js";
import { value, label, isMoment } from "./format.js";
import { bars, histogram, isTimeLine, overTime, sparkline } from "./charts.js";
import { table, column } from "./table.js";
import { get, isObject } from "./server.js";
import { select, selection, change } from "./state.js";
import { bounds, boundsKnown } from "./timeline.js";

const skipped = new Set(["report", "trace", "lost", "partial", "events", "processes", "findings"]);
const isTable = (v) => Array.isArray(v) && v.length > 0 && isObject(v[0]);

/** Shows a report in the panel. */
export async function report(name, panel, signal) {
  const json = await get("report/" + name, { ...selection(), top: 5000 }, { signal });
  await boundsKnown;
  panel.replaceChildren(sections(name, json));
}

/** The elements of a report's JSON. */
export function sections(name, json) {
  const root = el("div", { class: "report" });
  root.append(...warnings(json));
  root.append(part(name, json, new Set()));
  for (const process of json.processes ?? []) {
    root.append(el("section", { class: "card" },
      el("h2", {}, `${process.name || "process"} `, el("span", { class: "dim" }, process.pid),
        process.from_ns !== undefined && el("span", { class: "dim" },
          ` ${value("from_ns", process.from_ns)} – ${value("to_ns", process.to_ns)} `),
        only(process)),
      part(name, process, new Set(["pid", "name", "from_ns", "to_ns"]), process)));
  }
  return root;
}

function only(process) {
  return el("button", {
    type: "button", class: "small", title: "Show only this process in every view",
    onclick: () => change({ pid: process.pid }),
  }, "only this");
}

/** What is lost or unreadable, in sentences. */
export function warnings(json) {
  const list = [];
  if (json.lost?.events) {
    const causes = (json.lost.causes ?? []).map((c) => `${c.cause} ${value("events", c.events)}`);
    list.push(el("p", { class: "warning" },
      `${value("events", json.lost.events)} events were lost: ${causes.join(", ")}. `
        + "Numbers may be too small."));
  }
  for (const reason of json.partial ?? []) {
    const text = reason.reason === "damaged"
      ? `The trace is damaged: ${value("unreadable_bytes", reason.unreadable_bytes)} in `
        + `${reason.places} places cannot be read. The whole parts are shown.`
      : reason.reason === "limited" ? `There are more ${reason.what} than the report keeps.`
        : reason.is_being_written ? "The trace is still being written."
          : "The trace was not finished; every whole block is shown.";
    list.push(el("p", { class: "warning" }, text));
  }
  return list;
}

function part(name, object, leaveOut, process) {
  const facts = [];
  const tables = [];
  for (const [key, found] of Object.entries(object)) {
    if (skipped.has(key) && key !== "findings" || leaveOut.has(key)) continue;
    if (isTable(found)) tables.push(block(key, found, process));
    else if (isTimeLine(found)) tables.push(overTime(key, found));
    else if (isObject(found)) tables.push(group(key, found));
    else if (!Array.isArray(found)) facts.push(fact(key, found));
    else if (found.length) facts.push(fact(key, found));
  }
  return el("div", {}, facts.length > 0 && el("dl", { class: "facts" }, facts),
    el("div", { class: "groups" }, tables.filter((t) => t?.classList.contains("group"))),
    tables.filter((t) => t && !t.classList.contains("group")));
}

function fact(key, found) {
  return el("div", {}, el("dt", {}, label(key)), el("dd", {}, value(key, found)));
}

/** An object of numbers, such as a summary of durations, with its histogram. */
function group(key, object) {
  const entries = Object.entries(object);
  const plain = entries.filter(([, v]) => !isObject(v) && !Array.isArray(v));
  if (object.count === 0) return null;
  const chart = isTable(object.buckets) ? histogram(object.buckets) : null;
  return el("section", { class: "group" }, el("h3", {}, label(key)), chart,
    el("dl", { class: "facts" }, plain.map(([k, v]) => fact(k, v))),
    entries.filter(([k, v]) => isTable(v) && k !== "buckets").map(([k, v]) => block(k, v)));
}

/** The columns of rows: their keys, with those of nested objects. */
function columnsOf(rows) {
  const keys = new Map();
  for (const row of rows.slice(0, 200)) {
    for (const [key, v] of Object.entries(row)) {
      // A time line is drawn where other rows show their time.
      if (isTimeLine(v)) continue;
      if (isObject(v)) {
        for (const [inner, w] of Object.entries(v)) {
          if (!isObject(w) && !Array.isArray(w)) note(keys, `${key}.${inner}`, w);
        }
      } else if (!Array.isArray(v) || typeof v[0] !== "object") note(keys, key, v);
    }
  }
  const usual = /^(count|total_ns|pause_ns|collect_ns|exclusive_ns|allocated_bytes|thrown)$/;
  return [...keys].filter(([, seen]) => seen.some).map(([key, seen]) => column(key, {
    number: seen.number, bar: seen.number && usual.test(key.split(".").pop()),
  }));
}

function note(keys, key, v) {
  const seen = keys.get(key) ?? { number: false, some: false };
  if (typeof v === "number" || typeof v === "bigint") seen.number = true;
  if (v !== null && v !== undefined && !(Array.isArray(v) && !v.length)) seen.some = true;
  keys.set(key, seen);
}

/** A list of objects as a table. Rows with a time lead to it; rows with stacks unfold. */
function block(key, rows, process) {
  const columns = columnsOf(rows).map((c) => c.key === "frames" ? { ...c, wide: true,
    cell: (row) => stack(row.frames) } : c);
  const hasTime = rows.some((row) => begin(row) !== null);
  if (hasTime) {
    columns.unshift({
      key: "go", title: "", get: begin, number: false, show: () => "",
      cell: (row) => begin(row) === null ? "" : el("span", { class: "links" }, el("button", {
        type: "button", class: "small", "aria-label": "Show this time in every view",
        title: "Show this time in every view", onclick: () => select(...times(row)),
      }, "⤢"), el("button", {
        type: "button", class: "small", "aria-label": "Stacks of this time",
        title: "Stacks of this time", onclick: () => stacks(row, process),
      }, "≡"), timeOf(row)),
    });
  } else if (rows.some((row) => row.tid !== undefined)) {
    columns.unshift({ key: "go", title: "", get: () => 0, show: () => "",
      cell: (row) => row.tid === undefined ? "" : el("button", {
        type: "button", class: "small", "aria-label": "Stacks of this thread",
        title: "Stacks of this thread", onclick: () => stacks(row, process) }, "≡") });
  }
  const nested = rows.some((row) => Object.values(row).some(isTable));
  if (nested) columns.push({ key: "more", title: "", get: () => 0, show: () => "" });
  const lines = /over_time|^rows$/.test(key) && rows.length > 2
    ? columns.filter((c) => c.number && !isMoment(c.key) && !c.key.includes(".")
      && rows.some((r) => Number(r[c.key]) > 0)).slice(0, 6)
      .map((c) => sparkline(rows, c.key)) : [];
  return el("section", { class: "block" },
    el("h3", {}, label(key), el("span", { class: "dim" }, ` ${value("count", rows.length)}`)),
    lines.length > 0 && el("div", { class: "sparks" }, lines),
    table(rows, columns, nested ? { unfolds: nestedWords, unfold: nestedTables } : {}));
}

function stack(frames) {
  if (!frames?.length) return "–";
  return el("details", { class: "stack" }, el("summary", {}, frames[0]),
    el("ol", {}, frames.map((frame) => el("li", {}, frame))));
}

/** The lists in a row, in words; empty if it has none. */
function nestedWords(row) {
  return Object.entries(row).filter(([, v]) => isTable(v))
    .map(([k, v]) => `${label(k)} ${v.length}`).join(", ");
}

function nestedTables(row) {
  return Object.entries(row).filter(([, v]) => isTable(v)).map(([k, v]) => block(k, v));
}

function begin(row) {
  const found = row.start_ns ?? (row.from_ns !== undefined && row.to_ns !== undefined
    ? row.from_ns : row.first_ns);
  return found === undefined || found === null ? null : Number(found);
}

/** The range that shows a row, with some room. */
function times(row) {
  const start = begin(row);
  const length = Number(row.pause_ns ?? row.duration_ns ?? row.stall_ns ?? row.collect_ns
    ?? row.compile_ns ?? row.total_ns ?? 0);
  const end = Number(row.to_ns ?? row.last_ns ?? start + length);
  const room = Math.max((end - start) * 0.15, 1e5);
  return [Math.floor(Math.max(0, start - room)), Math.ceil(end + room)];
}

/** Shows the stacks of a row's time, process and thread. */
function stacks(row, process) {
  const [from, to] = begin(row) === null ? [null, null] : times(row);
  change({ tab: "flame", ...(from === null ? {} : { from, to }),
    pid: row.pid ?? process?.pid ?? null, tid: row.tid ?? null });
}

function timeOf(row) {
  const line = Object.values(row).find(isTimeLine);
  return line ? bars(line) : when(row);
}

/** A line that shows where in the whole time a row is. */
function when(row) {
  const all = bounds();
  const [from, to] = times(row);
  const share = (time) => Math.min(100, Math.max(0, 100 * (time - all.from) / (all.to - all.from)));
  const mark = el("span", { class: "when", title: "Where in the whole time" });
  mark.style.setProperty("--from", share(from).toFixed(1) + "%");
  mark.style.setProperty("--to", Math.max(share(to), share(from) + 1.5).toFixed(1) + "%");
  return mark;
}
