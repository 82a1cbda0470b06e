// What changed between two traces: a red and blue flame graph, functions and measures.

import { el, color } from "./dom.js";
import { get } from "./server.js";
import { part, change } from "./state.js";
import { amount, duration, percent, count, bytes } from "./format.js";
import { table } from "./table.js";
import { link } from "./tree.js";
import { flameGraph, profileChoice, chosenStacks } from "./flame.js";

const units = { second: "a second", run: "a run", cpu: "a second of CPU time", request: "a request" };

export async function compare(panel, signal) {
  panel.replaceChildren(el("p", { class: "dim" }, "Comparing the traces …"));
  const { event, weight } = chosenStacks();
  const json = await get("compare", { per: part("per"), pid: part("pid"), event, weight }, { signal });
  const { profile } = await get("types", {}, { signal });
  const per = part("per") ?? json.per;
  const show = (value) => amount(value, json.unit);
  const isTime = json.unit === "ns" && !json.sum_of;
  const what = isTime ? "CPU time" : json.sum_of ?? json.event_names.join(", ");
  const choice = el("select", { "aria-label": "Divide amounts by", onchange: () =>
    change({ per: choice.value }) },
  Object.entries(units).map(([key, text]) => {
    const option = el("option", { value: key }, text);
    option.selected = key === per;
    return option;
  }));
  const search = el("input", { type: "search", placeholder: "Search functions (/)", size: 22,
    "aria-label": "Search functions", id: "search", value: part("search") ?? "",
    oninput: () => change({ search: search.value }, { replace: true }) });
  const found = el("output", { class: "found" });
  const canvas = el("canvas", { tabindex: 0, role: "application", class: "flame",
    "aria-label": "Differential flame graph: red is more in the second trace, blue is less" });
  const box = el("div", { class: "flame-box" }, canvas);
  const path = el("div", { class: "crumbs" });
  const status = el("div", { class: "status", "aria-live": "polite" });
  const runs = ["base_runs", "new_runs"].map((key, index) => el("div", { class: "card" },
    el("h3", {}, index ? "After" : "Before"), json[key].map((run) => el("p", {}, run.trace,
      el("span", { class: "dim" }, isTime ? ` ${count(run.samples)} samples, `
        + `${duration(run.cpu_ns)} CPU in ${duration(run.duration_ns)}`
        : ` ${count(run.samples)} events, ${show(run.sum ?? run.samples)}`)))));
  const graph = json.tree?.length ? el("section", { class: "block" },
    el("h3", {}, `${what} by call tree`),
    el("div", { class: "tools" }, search, found, el("span", { class: "legend" },
      el("span", { class: "key key-less" }, "less after"), el("span", { class: "key key-same" }, "same"),
      el("span", { class: "key key-more" }, "more after"),
      el("span", { class: "dim" }, `${what} ${units[per] ?? "divided by " + per}; width: the larger side`))),
    path, box, status) : null;
  panel.replaceChildren(el("div", { class: "report" },
    el("div", { class: "tools" }, el("label", {}, `${what} and counts for `, choice),
      profile.length ? profileChoice(profile) : null),
    (json.cautions ?? []).map((c) => el("p", { class: "warning" }, c.sentence)),
    el("div", { class: "columns" }, runs), graph,
    functionsTable(json), measuresTable(json)));
  if (!graph) return {};
  const tree = differenceTree(json.tree);
  const widest = Math.max(...tree.change.slice(1).map(Math.abs), 1e-9);
  const flames = flameGraph(canvas, box, path, status, {
    unit: json.unit, onsearch: (text) => { found.textContent = text; },
    shade: (node, isDark) => shade(tree, node, widest, isDark),
    rows: (node) => [["before", show(tree.base[node])], ["after", show(tree.fresh[node])],
      ["change", percentOf(tree.base[node], tree.fresh[node])],
      ["own before", show(tree.baseOwn[node])], ["own after", show(tree.freshOwn[node])]],
  });
  flames.show(tree, part("search") ?? "");
  const observer = new ResizeObserver(() => flames.paint());
  observer.observe(box);
  signal.addEventListener("abort", () => observer.disconnect());
  return { renew: () => flames.search(part("search") ?? ""), local: ["search"],
    find: () => search.focus() };
}

function percentOf(a, b) {
  return a > 0 ? `${b >= a ? "+" : ""}${percent(100 * (b - a) / a)}` : "new";
}

/** The nodes of both sides; a node is as wide as its larger side. */
function differenceTree(nodes) {
  const size = nodes.length + 1;
  const frames = [];
  const ids = new Map();
  const tree = { frames, count: size, parent: new Int32Array(size), frame: new Int32Array(size),
    own: new Float64Array(size), all: new Float64Array(size), base: new Float64Array(size),
    fresh: new Float64Array(size), baseOwn: new Float64Array(size), freshOwn: new Float64Array(size),
    change: new Float64Array(size) };
  nodes.forEach((node, index) => {
    const i = index + 1;
    if (!ids.has(node.name)) {
      ids.set(node.name, frames.length);
      frames.push({ name: node.name, module: node.module ?? "", kind: 2, mark: node.mark ?? "" });
    }
    tree.parent[i] = node.caller === null ? 0 : node.caller + 1;
    tree.frame[i] = ids.get(node.name);
    const side = (key) => node[key + "_ns"] ?? node[key];
    [tree.base[i], tree.fresh[i]] = [side("base_inclusive"), side("new_inclusive")];
    [tree.baseOwn[i], tree.freshOwn[i]] = [side("base_exclusive"), side("new_exclusive")];
    tree.change[i] = tree.freshOwn[i] - tree.baseOwn[i];
  });
  // A caller is at least as wide as its callees together.
  const below = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    tree.all[i] = Math.max(tree.base[i], tree.fresh[i], below[i]);
    if (i) below[tree.parent[i]] += tree.all[i];
  }
  return link(tree);
}

/** Red for more time of its own or below, blue for less; the deeper, the larger the change. */
function shade(tree, node, widest, isDark) {
  const difference = tree.fresh[node] - tree.base[node];
  const share = difference / Math.max(tree.fresh[node], tree.base[node], 1e-9);
  const strength = Math.min(1, Math.abs(share) * 1.4);
  const light = isDark ? 30 + strength * 16 : 93 - strength * 30;
  return `hsl(${difference > 0 ? 4 : 217} ${Math.round(strength * 74)}% ${light}%)`;
}

const verdict = (row) => row.verdict;

function functionsTable(json) {
  if (!json.functions?.length) return null;
  const side = (name, key) => ({ key: `${name}.${key}`, title: `${name} ${key === "new" ? "after" : "before"}`,
    number: true, get: (r) => r[name][key], show: (r) => amount(r[name][key], json.unit) });
  return el("section", { class: "block" }, el("h3", {}, "Functions"),
    table(json.functions, [
      side("exclusive", "base"), side("exclusive", "new"),
      { key: "change", title: "change", number: true, bar: false,
        get: (r) => r.exclusive.new - r.exclusive.base,
        show: (r) => r.exclusive.change_percent === null ? "new"
          : `${r.exclusive.change_percent > 0 ? "+" : ""}${percent(r.exclusive.change_percent)}` },
      { key: "verdict", title: "verdict", get: (r) => verdict(r.exclusive), show: (r) => verdict(r.exclusive) },
      side("inclusive", "base"), side("inclusive", "new"),
      { key: "name", title: "function", wide: true, get: (r) => r.name, show: (r) => r.name },
    ]));
}

function measuresTable(json) {
  if (!json.measures?.length) return null;
  const show = (r, v) => r.unit === "ns" ? duration(v) : r.unit === "bytes" ? bytes(v) : count(v);
  return el("section", { class: "block" }, el("h3", {}, "Measures"),
    table(json.measures, [
      { key: "topic", title: "report", get: (r) => r.topic, show: (r) => r.topic },
      { key: "name", title: "measure", get: (r) => r.name, show: (r) => r.name },
      { key: "base", title: "before", number: true, get: (r) => r.base, show: (r) => show(r, r.base) },
      { key: "new", title: "after", number: true, get: (r) => r.new, show: (r) => show(r, r.new) },
      { key: "change_percent", title: "change", number: true, get: (r) => r.change_percent,
        show: (r) => percent(r.change_percent) },
      { key: "verdict", title: "verdict", get: verdict, show: verdict },
    ]));
}
