// The flame graph on a canvas: flames or icicles, of callees or of callers, with search and zoom.

import { el, fill, sized, showTip, hideTip, color, shown, copy, say } from "./dom.js";
import { get } from "./server.js";
import { part, selection, change } from "./state.js";
import { amount, moment, percent } from "./format.js";
import { treeOf, inverted, folded, matchedAmount } from "./tree.js";
import { butterfly } from "./butterfly.js";

const rowHeight = 18;
// Not every browser has idle times.
const whenIdle = window.requestIdleCallback
  ?? ((act) => setTimeout(() => act({ timeRemaining: () => 5 }), 20));

/** The parameters that choose stacks, from the state. */
export function stackParameters() {
  const of = part("of");
  return { ...selection(), tid: part("tid"), include: part("include"), exclude: part("exclude"),
    fold: part("hide"), group: part("group"), threads: part("threads"),
    wall: of === "wall" ? "1" : null,
    event: of && of !== "cpu" && of !== "wall" ? of : null, weight: of ? part("weight") : null };
}

/** The parameters that choose stacks without patterns: those of exports and sources. */
export function chosenStacks() {
  const { from, to, pid, file, tid, wall, event, weight } = stackParameters();
  return { from, to, pid, file, tid, wall, event, weight };
}

/** A choice of what the stacks are of, from the trace's events. */
export async function sourceChoice(signal) {
  const { types, profile } = await get("types", { file: part("file") }, { signal });
  if (profile.length) return profileChoice(profile);
  const names = types.map((type) => `${type.provider}/${type.event}`);
  const options = [["cpu", "CPU samples"]];
  if (names.includes("System/ContextSwitch")) options.push(["wall", "Wall-clock time"]);
  for (const name of names.slice(0, 60)) {
    if (name !== "System/SampledProfile") options.push([name, name]);
  }
  const chosen = part("of") ?? (names.includes("System/SampledProfile") ? "cpu" : names[0]);
  if (!part("of") && chosen !== "cpu" && chosen) change({ of: chosen }, { replace: true });
  const select = el("select", { "aria-label": "Stacks of", onchange: () =>
    change({ of: select.value === "cpu" ? null : select.value, weight: null }) },
  options.map(([v, text]) => {
    const option = el("option", { value: v }, text);
    option.selected = v === chosen;
    return option;
  }));
  return select;
}

/** A choice of what a profile's samples add up. */
export function profileChoice(types) {
  const usual = types.find((type) => type.is_shown) ?? types[0];
  const chosen = part("of") ? part("weight") : usual.field;
  const select = el("select", { "aria-label": "Stacks weighted by", onchange: () => {
    const type = types[select.selectedIndex];
    change(type === usual ? { of: null, weight: null } : { of: type.event, weight: type.field });
  } }, types.map((type) => {
    const option = el("option", { value: type.field }, type.name);
    option.selected = type.field === chosen;
    return option;
  }));
  return select;
}

/** A text field whose content is a part of the state. */
export function field(key, title, hint, width = 8) {
  const input = el("input", { type: "search", value: part(key) ?? "", placeholder: hint,
    "aria-label": title, title, size: width, spellcheck: "false",
    onchange: () => change({ [key]: input.value.trim() }) });
  return input;
}

/** Shows the callers and callees of a function, or the whole graph again. */
function around(name) {
  if (part("around")) change({ around: null });
  else if (name) change({ around: name });
  else say("Choose a function first: click it, or go to it with the arrow keys.");
}

function toggle(key, text, title) {
  const isOn = part(key) === "1";
  return el("button", { type: "button", "aria-pressed": String(isOn), title,
    onclick: () => change({ [key]: isOn ? null : "1" }) }, text);
}

export async function flame(panel, signal) {
  const source = await sourceChoice(signal);
  const search = el("input", { type: "search", value: part("search") ?? "", size: 22,
    placeholder: "Search functions (/)", "aria-label": "Search functions", id: "search",
    oninput: () => change({ search: search.value }, { replace: true }) });
  const found = el("output", { class: "found" });
  const path = el("div", { class: "crumbs", role: "navigation", "aria-label": "Zoomed into" });
  const canvas = el("canvas", { tabindex: 0, role: "application", class: "flame",
    "aria-label": "Flame graph. Arrow keys move, Enter zooms, Escape shows all." });
  const box = el("div", { class: "flame-box" }, canvas);
  const status = el("div", { class: "status", "aria-live": "polite" });
  panel.replaceChildren(
    el("div", { class: "tools" }, source, search, found,
      toggle("flames", "Upwards", "Flames instead of icicles"),
      toggle("inverted", "Inverted", "From the functions that ran to their callers"),
      toggle("threads", "By thread", "Show threads separately"),
      el("button", { type: "button", "aria-pressed": String(part("around") !== undefined),
        title: "The callers and the callees of the chosen function (b)",
        onclick: () => around(graph.chosen()) }, "Butterfly"),
      field("include", "Keep only stacks with a matching frame", "include"),
      field("exclude", "Drop stacks with a matching frame", "exclude"),
      field("hide", "Remove matching frames; their cost is their callers'", "fold"),
      field("group", "Combine frames: {%}!->module $1", "group")), path, box, status);
  box.append(el("p", { class: "dim loading" }, "Reading stacks …"));
  let answer = await get("flame", stackParameters(), { signal });
  box.querySelector(".loading")?.remove();
  const graph = flameGraph(canvas, box, path, status, {
    unit: answer.unit, onsearch: (text) => { found.textContent = text; },
    isUpward: () => part("flames") === "1",
  });
  let whole = treeOf(answer);
  const foldedIDs = () => new Set((part("folded") ?? "").split(",").filter(Boolean).map(Number));
  let wings = null;
  const build = (keep = false) => {
    const ids = foldedIDs();
    const base = ids.size ? folded(whole, (frame) => ids.has(frame)) : whole;
    const name = part("around");
    if (name) {
      wings ??= butterfly(box, status, answer.unit, (text) => { found.textContent = text; });
      if (wings.show(base, name, part("search") ?? "")) {
        canvas.hidden = path.hidden = true;
        return;
      }
      say("The function of the butterfly is in no stack here.");
    }
    wings?.close();
    wings = null;
    canvas.hidden = false;
    graph.show(part("inverted") === "1" ? inverted(base) : base, part("search") ?? "", keep);
  };
  const grow = async () => {
    const next = await get("flame", stackParameters(), { signal });
    const name = (frame) => `${frame.module}\n${frame.name}`;
    const names = new Set([...foldedIDs()].map((id) => answer.frames[id] && name(answer.frames[id])));
    [answer, whole] = [next, treeOf(next)];
    build(true);
    // The numbers of frames are those of one answer.
    if (names.size) {
      change({ folded: next.frames.flatMap((f, id) => names.has(name(f)) ? [id] : []).join(",") },
        { replace: true });
    }
  };
  build();
  if (answer.is_cut) say("The graph has more functions than are shown; the smallest are left out.");
  const observer = new ResizeObserver(() => (wings ?? graph).paint());
  observer.observe(box);
  signal.addEventListener("abort", () => observer.disconnect());
  return {
    renew: (keys) => {
      if (keys.has("search") && keys.size === 1) return (wings ?? graph).search(part("search") ?? "");
      return build();
    },
    grow,
    local: ["search", "folded", "node"],
    find: () => search.focus(),
  };
}

const palettes = {
  process: 262, thread: 290, group: 200, state: 210,
};

/** A color for a frame from its module, so that the code of one module looks alike. */
function hue(frame) {
  const kind = ["process", "thread", "function", "unnamed", "group", "state"][frame.kind];
  if (frame.module === "[k]") return 205;
  if (frame.module === "[jit]") return 95;
  if (palettes[kind]) return palettes[kind];
  let hash = 0;
  for (let i = 0; i < frame.module.length; i++) hash = (hash * 31 + frame.module.charCodeAt(i)) | 0;
  return 12 + Math.abs(hash) % 44;
}

function shade(frame, isDark) {
  if (frame.kind === 3) return isDark ? "hsl(0 0% 38%)" : "hsl(0 0% 78%)";
  let hash = 7;
  const text = frame.name;
  for (let i = 0; i < Math.min(text.length, 200); i++) hash = (hash * 33 + text.charCodeAt(i)) | 0;
  const vary = Math.abs(hash) % 100 / 100;
  const saturation = frame.kind < 2 ? 25 : 62;
  return isDark ? `hsl(${hue(frame)} ${saturation - 16}% ${34 + vary * 9}%)`
    : `hsl(${hue(frame)} ${saturation + 12}% ${72 + vary * 9}%)`;
}

/** When the addresses had this code, as far as it is known. */
function lifetime({ from_ns: from, to_ns: to }) {
  if (from === null && to === null) return "not limited";
  return `${from === null ? "…" : moment(from, 1e3)} – ${to === null ? "…" : moment(to, 1e3)}`;
}

/** Draws a tree and reacts to pointer and keys. Options: unit, shade(node), rows(node). */
export function flameGraph(canvas, box, path, status, options) {
  let tree = null;
  let focus = 0;
  let cursor = 0;
  let matches = null;
  let drawn = [];
  let fills = null;
  let fillsAreDark = null;
  const isUp = () => options.isUpward?.() ?? false;

  /** The names of a node and its callers, the outermost first. */
  const names = (node) => chain(node).map((at) => tree.frames[tree.frame[at]].name);

  /** The node with these names; 0 if there is none. */
  function find(path) {
    let node = 0;
    for (const name of path) {
      let child = tree.first[node];
      while (child >= 0 && tree.frames[tree.frame[child]].name !== name) child = tree.next[child];
      if (child < 0) return 0;
      node = child;
    }
    return node;
  }

  function show(next, text, keep = false) {
    const [zoomed, chosen] = keep && tree ? [names(focus), names(cursor)] : [[], []];
    tree = next;
    focus = find(zoomed);
    cursor = find(chosen);
    fills = null;
    [small, searched, pathOf] = [null, "", null];
    whenIdle((deadline) => { if (tree === next) lower(deadline); });
    search(text);
  }

  // Names in small letters, and what was searched last: a longer text matches no more frames.
  let small = null;
  let searched = "";

  /** Makes the names in small letters: all, or as many as there is time for, and later the rest. */
  function lower(deadline) {
    small ??= [];
    const { frames } = tree;
    while (small.length < frames.length && (!deadline || deadline.timeRemaining() > 2)) {
      const end = Math.min(frames.length, small.length + 500);
      while (small.length < end) small.push(frames[small.length].name.toLowerCase());
    }
    if (small.length < frames.length) {
      const asked = tree;
      whenIdle((next) => { if (tree === asked) lower(next); });
    }
  }

  /** Which frames match: a text, or a regular expression if it has signs of one. */
  function matching(text) {
    const plain = text.toLowerCase();
    const result = new Uint8Array(tree.frames.length);
    let test = null;
    if (/[\\^$.*+?()[\]{}|]/.test(text)) {
      try { test = new RegExp(text, "i"); } catch { /* A text, then. */ }
    }
    lower();
    const known = !test && searched && plain.startsWith(searched) ? matches : null;
    for (let i = 0; i < result.length; i++) {
      if (known && !known[i]) continue;
      result[i] = test ? test.test(tree.frames[i].name) : small[i].includes(plain);
    }
    searched = test ? "" : plain;
    return result;
  }

  function search(text) {
    if (!text) [matches, searched] = [null, ""];
    else {
      matches = matching(text);
      const sum = matchedAmount(tree, matches);
      options.onsearch?.(`${percent(100 * sum / (tree.all[0] || 1))} · ${amount(sum, options.unit)}`);
    }
    if (!text) options.onsearch?.("");
    paint();
  }

  function zoom(node) {
    focus = node;
    cursor = node;
    paint();
  }

  function chain(node) {
    const nodes = [];
    for (let at = node; at > 0; at = tree.parent[at]) nodes.unshift(at);
    return nodes;
  }

  function paint() {
    if (!tree || !canvas.isConnected) return;
    const started = performance.now();
    const above = chain(focus).length;
    let deepest = 0;
    const width = Math.max(100, box.clientWidth - 2);
    const scale = width / (tree.all[focus] || 1);
    // A walk that leaves out what is narrower than a pixel of the screen.
    const least = 1 / Math.max(1, window.devicePixelRatio || 1);
    drawn = [];
    const stack = [focus];
    const left = tree.x[focus];
    while (stack.length) {
      const node = stack.pop();
      const depth = node === focus ? above : tree.depth[node] - tree.depth[focus] + above;
      if (node) drawn.push([node, (tree.x[node] - left) * scale, depth, tree.all[node] * scale]);
      if (depth > deepest) deepest = depth;
      for (let c = tree.first[node]; c >= 0; c = tree.next[c]) {
        if (tree.all[c] * scale < least) break;
        stack.push(c);
      }
    }
    chain(focus).slice(0, -1).forEach((node, i) => drawn.push([node, 0, i + 1, width]));
    const height = (deepest + 1) * rowHeight;
    const context = sized(canvas, width, height);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
    // The color of a frame is found when it is drawn first.
    if (!fills || fillsAreDark !== isDark) [fills, fillsAreDark] = [[], isDark];
    const text = color("flame-text");
    const found = color("found");
    const row = (depth) => isUp() ? height - (depth + 1) * rowHeight : depth * rowHeight;
    context.fillStyle = color("raised");
    context.fillRect(0, row(0), width, rowHeight - 1);
    context.fillStyle = color("text");
    context.fillText(`all · ${amount(tree.all[0], options.unit)}`, 5, row(0) + rowHeight / 2);
    for (const [node, x, depth, w] of drawn) {
      const frame = tree.frame[node];
      const y = row(depth);
      context.globalAlpha = depth < above ? 0.55 : matches && !matches[frame] ? 0.45 : 1;
      context.fillStyle = matches?.[frame] ? found
        : options.shade ? options.shade(node, isDark)
          : fills[frame] ??= shade(tree.frames[frame], isDark);
      context.fillRect(x, y, Math.max(w - (w > 3 ? 0.8 : 0), 0.5), rowHeight - 1);
      if (w > 28) {
        if (matches && !matches[frame]) context.globalAlpha = 0.7;
        context.fillStyle = text;
        context.fillText(fit(tree.frames[frame].name, w - 8), x + 4, y + rowHeight / 2);
      }
      if (node === cursor && document.activeElement === canvas) {
        context.globalAlpha = 1;
        context.strokeStyle = color("accent");
        context.lineWidth = 2;
        context.strokeRect(x + 1, y + 1, Math.max(w - 2, 2), rowHeight - 3);
      }
    }
    context.globalAlpha = 1;
    canvas.dataset.frames = String(drawn.length);
    canvas.dataset.nodes = String(tree.count - 1);
    canvas.dataset.paint = (performance.now() - started).toFixed(1);
    crumbs();
  }

  /** A name as far as there is room; functions are told apart by their ends less than their starts. */
  function fit(name, width) {
    const most = Math.floor(width / 6.2);
    let text = shown(name, 300);
    if (text.length > most) {
      const bang = text.indexOf("!");
      if (bang > 0 && most < text.length) text = text.slice(bang + 1);
    }
    return text.length > most ? text.slice(0, Math.max(1, most - 1)) + "…" : text;
  }

  let pathOf = null;
  function crumbs() {
    if (pathOf === focus) return;
    pathOf = focus;
    const nodes = chain(focus);
    fill(path, nodes.length ? [el("button", { type: "button", onclick: () => zoom(0) }, "all"),
      nodes.slice(-6).map((node) => el("button", { type: "button", onclick: () => zoom(node) },
        shown(tree.frames[tree.frame[node]].name, 60)))] : []);
    path.hidden = nodes.length === 0;
  }

  function at(event) {
    const rect = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - rect.left, event.clientY - rect.top];
    const rows = Math.round(rect.height / rowHeight);
    const depth = isUp() ? rows - 1 - Math.floor(y / rowHeight) : Math.floor(y / rowHeight);
    if (depth === 0) return 0;
    const hit = drawn.find(([, left, d, w]) => d === depth && x >= left && x < left + Math.max(w, 1));
    return hit ? hit[0] : null;
  }

  function describe(node) {
    const total = tree.all[0] || 1;
    const frame = tree.frames[tree.frame[node]];
    const line = (v) => `${amount(v, options.unit)} · ${percent(100 * v / total)}`;
    if (options.rows) return options.rows(node);
    return [["inclusive", line(tree.all[node])], ["exclusive", line(tree.own[node])],
      ["module", frame.module || "–"], ...(frame.mark ? [["mark", frame.mark]] : []),
      ...(tree.parent[node] > 0 ? [["of its caller",
        percent(100 * tree.all[node] / tree.all[tree.parent[node]])]] : []),
      ...(frame.address ? [["address", frame.address], ["address lifetime", lifetime(frame)]] : [])];
  }

  canvas.addEventListener("pointermove", (event) => {
    const node = at(event);
    if (!node) return hideTip();
    showTip(event, shown(tree.frames[tree.frame[node]].name, 300), describe(node));
  });
  canvas.addEventListener("pointerleave", hideTip);
  canvas.addEventListener("click", (event) => {
    const node = at(event);
    if (node !== null) zoom(node === focus && node ? Math.max(0, tree.parent[node]) : node);
  });
  canvas.addEventListener("focus", paint);
  canvas.addEventListener("blur", paint);
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const siblings = (node) => {
      const list = [];
      if (node > 0) for (let c = tree.first[tree.parent[node]]; c >= 0; c = tree.next[c]) list.push(c);
      return list;
    };
    const deeper = isUp() ? "ArrowUp" : "ArrowDown";
    const out = isUp() ? "ArrowDown" : "ArrowUp";
    const list = siblings(cursor);
    const place = list.indexOf(cursor);
    const acts = {
      [deeper]: () => { if (tree.first[cursor] >= 0) cursor = tree.first[cursor]; },
      [out]: () => { if (cursor > 0) cursor = tree.parent[cursor]; },
      ArrowRight: () => { cursor = list[place + 1] ?? cursor; },
      ArrowLeft: () => { cursor = list[place - 1] ?? cursor; },
      Enter: () => { focus = cursor; },
      Escape: () => { focus = 0; cursor = 0; },
      f: () => foldFrame(cursor),
      s: () => cursor && change({ tab: "functions", source: 1,
        function: tree.frames[tree.frame[cursor]].name }),
      b: () => around(nameOf(cursor)),
      c: () => cursor && copy(tree.frames[tree.frame[cursor]].name, "The function's name"),
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
    paint();
    if (cursor > 0) {
      const rows = describe(cursor).map(([k, v]) => `${k} ${v}`).join(", ");
      status.textContent = `${shown(tree.frames[tree.frame[cursor]].name, 200)}: ${rows}`;
    }
  });

  function foldFrame(node) {
    if (node <= 0) return;
    const ids = new Set((part("folded") ?? "").split(",").filter(Boolean));
    ids.add(String(tree.frame[node]));
    change({ folded: [...ids].join(",") });
  }

  const nameOf = (node) => node > 0 ? tree.frames[tree.frame[node]].name : null;

  /** The name of the function that was clicked or gone to; null if there is none. */
  const chosen = () => nameOf(cursor > 0 ? cursor : focus);

  return { show, search, paint, zoom, chosen };
}
