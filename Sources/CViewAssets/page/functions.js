// Functions by cost; the callers and callees of the one that is chosen.

import { el, shown } from "./dom.js";
import { get } from "./server.js";
import { part, change } from "./state.js";
import { amount, percent, count } from "./format.js";
import { table } from "./table.js";
import { treeOf, neighbors } from "./tree.js";
import { stackParameters, sourceChoice, field } from "./flame.js";
import { warnings } from "./report.js";
import { sourceOf } from "./source.js";

export async function functions(panel, signal) {
  const source = await sourceChoice(signal);
  const side = el("aside", { class: "side", "aria-label": "Callers and callees" },
    el("p", { class: "dim" }, "Choose a function to see its callers and callees."));
  const left = el("div", { class: "main-side" }, el("p", { class: "dim" }, "Reading stacks …"));
  panel.replaceChildren(el("div", { class: "tools" }, source,
    field("filter", "Show only functions with this text", "filter", 20),
    field("include", "Keep only stacks with a matching frame", "include"),
    field("exclude", "Drop stacks with a matching frame", "exclude"),
    field("hide", "Remove matching frames; their cost is their callers'", "fold"),
    field("group", "Combine frames: {%}!->module $1", "group")),
  el("div", { class: "split" }, left, side));
  const parameters = stackParameters();
  const json = await get("report/stacks", { ...parameters, top: 20000, "by-name": 1 }, { signal });
  const unit = json.unit;
  const key = json.sum_of ? "sum" : unit;
  const total = Number(json.shown?.[key === "ns" ? (json.wall ? "wall_ns" : "cpu_ns") : key]) || 1;
  const text = (part("filter") ?? "").toLowerCase();
  const rows = json.functions.filter((f) => !text || f.name.toLowerCase().includes(text));
  const share = (name) => (row) => percent(100 * Number(row[name]) / total);
  const own = `exclusive_${key}`;
  const all = `inclusive_${key}`;
  const number = (k, title, show, bar) =>
    ({ key: k, title, get: (row) => row[k.replace(/ %$/, "")], show, number: true, bar });
  const columns = [
    number(own + " %", "excl %", share(own), true), number(own, "exclusive", (r) => amount(r[own], unit)),
    number(all + " %", "incl %", share(all), true), number(all, "inclusive", (r) => amount(r[all], unit)),
    { key: "name", title: "function", get: (r) => r.name, show: (r) => r.name, wide: true },
  ];
  left.replaceChildren(...warnings(json),
    el("p", { class: "dim" }, `${count(rows.length)} functions, ${amount(total, unit)} in `
      + `${count(json.shown?.events)} stacks`),
    table(rows, columns, { sort: own, selected: (row) => row.name === part("function"),
      onrow: (row) => change({ function: row.name }, { replace: true }) }));
  const isSource = part("source") === "1" && part("function") !== undefined;
  const back = el("p", {}, el("button", { type: "button", onclick: () => change({ source: null }) },
    "All functions"));
  let tree = null;
  async function choose() {
    if (isSource) {
      left.replaceChildren(back, await sourceOf(part("function"), signal).catch((error) => {
        if (error.name === "AbortError") throw error;
        return el("p", { class: "warning" }, error.message);
      }));
    }
    const name = part("function");
    if (!name) return;
    if (!tree) tree = treeOf(await get("flame", parameters, { signal }));
    const frame = tree.frames.findIndex((f) => f.name === name);
    if (frame < 0) {
      side.replaceChildren(el("p", { class: "dim" }, "This function is in no stack here."));
      return;
    }
    const around = neighbors(tree, frame);
    const list = (title, found) => el("section", {}, el("h3", {}, title),
      found.length ? table(found, [
        { key: "amount", title: "amount", number: true, bar: true, get: (r) => r.amount,
          show: (r) => amount(r.amount, unit) },
        { key: "share", title: "%", number: true, get: (r) => r.amount,
          show: (r) => percent(100 * r.amount / (around.total || 1)) },
        { key: "name", title: "function", wide: true, get: (r) => tree.frames[r.frame]?.name ?? "",
          show: (r) => tree.frames[r.frame]?.name ?? "nothing: it is outermost" },
      ], { onrow: (r) => tree.frames[r.frame] && change({ function: tree.frames[r.frame].name }) })
        : el("p", { class: "dim" }, "none"));
    side.replaceChildren(el("h2", {}, shown(name, 200)),
      el("p", { class: "dim" }, `inclusive ${amount(around.total, unit)}`),
      el("button", { type: "button", onclick: () => change({ tab: "flame",
        search: name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&") }) }, "Show in the flame graph"), " ",
      el("button", { type: "button", onclick: () => change({ tab: "flame", around: name }) },
        "Butterfly"), " ",
      el("button", { type: "button", "aria-pressed": String(isSource),
        onclick: () => change({ source: isSource ? null : 1 }) }, "Source"),
      list("Callers", around.callers), list("Callees", around.callees));
  }
  await choose();
  return { renew: choose, local: ["function"] };
}
