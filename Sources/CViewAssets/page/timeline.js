// The timeline: an overview that is always there, and lanes for each process and thread.

import { el, fill, sized, showTip, hideTip, say, color } from "./dom.js";
import { get } from "./server.js";
import { part, range, select, change } from "./state.js";
import { duration, moment, count, bytes } from "./format.js";
import * as draw from "./lanes.js";

const labelWidth = 210;
let latest = null;

/** Fetches lanes for a range; the server sums up what falls into a column. */
async function load(view, columns, signal) {
  const parameters = { columns: Math.max(50, Math.round(columns)), file: part("file"),
    expand: part("open") };
  if (view) Object.assign(parameters, { from: Math.floor(view.from), to: Math.ceil(view.to) });
  return get("timeline", parameters, { signal });
}

/** The times that pointers and keys select in an element. */
function selectable(canvas, { view, width, preview, done, zoom, offset = 0 }) {
  let start = null;
  const timeAt = (event) => {
    const x = event.clientX - canvas.getBoundingClientRect().left - offset;
    const { from, to } = view();
    return from + Math.min(1, Math.max(0, x / width())) * (to - from);
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = { time: timeAt(event), x: event.clientX };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (start && Math.abs(event.clientX - start.x) > 3) {
      const now = timeAt(event);
      preview({ from: Math.min(start.time, now), to: Math.max(start.time, now) });
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (!start) return;
    const now = timeAt(event);
    const moved = Math.abs(event.clientX - start.x) > 3;
    const chosen = { from: Math.min(start.time, now), to: Math.max(start.time, now) };
    start = null;
    preview(null);
    if (moved) done(chosen); else done(null, now);
  });
  canvas.addEventListener("wheel", (event) => {
    if (!zoom || !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey)) return;
    event.preventDefault();
    const delta = event.deltaY || event.deltaX;
    zoom(timeAt(event), event.shiftKey ? { pan: delta } : { factor: Math.exp(delta / 300) });
  }, { passive: false });
}

// MARK: Overview

const box = document.getElementById("overview");
const canvas = el("canvas", { tabindex: 0, role: "img",
  "aria-label": "CPU time and events over the whole time. Drag selects a range." });
let shownRange = null;
const overviewHeight = 64;
let overviewWidth = 0;

/** Shows the whole time above the views. */
export async function overview() {
  if (!canvas.isConnected) {
    box.append(canvas);
    selectable(canvas, {
      view: whole, width: () => box.clientWidth,
      preview: (chosen) => { shownRange = chosen; paintOverview(); },
      done: (chosen) => chosen ? select(chosen.from, chosen.to) : change({ from: null, to: null }),
    });
    new ResizeObserver(() => overview()).observe(box);
  }
  try {
    latest = await load(null, box.clientWidth || 1200);
  } finally {
    haveBounds();
  }
  paintOverview(true);
}

function whole() {
  return latest ? { from: latest.begin_ns, to: Math.max(latest.end_ns, latest.begin_ns + 1) }
    : { from: 0, to: 1 };
}

let haveBounds;
/** Ends when the whole time is known, or cannot be. */
export const boundsKnown = new Promise((done) => { haveBounds = done; });

/** The first and last nanosecond of the trace. */
export function bounds() { return whole(); }

function processSums(key) {
  const sums = new Float64Array(latest.columns);
  for (const lane of latest.lanes) {
    if (lane.tid !== null || !lane[key]) continue;
    for (let i = 0; i < sums.length; i++) sums[i] += lane[key][i];
  }
  return sums;
}

// The overview without the range, drawn once for each answer.
const drawn = document.createElement("canvas");

/** Draws what the overview shows, but not the range. */
function drawOverview() {
  const [width, height] = [overviewWidth, overviewHeight];
  const context = sized(drawn, width, height);
  const colors = draw.palette();
  context.clearRect(0, 0, width, height);
  const view = whole();
  draw.drawRuler(context, view, width, height, colors);
  const perColumn = width / latest.columns;
  const [top, room] = [24, 34];
  if (latest.has_samples) {
    const cpu = processSums("cpu");
    draw.drawBars(context, cpu, Math.max(1000, ...cpu), 0, perColumn, top, room, colors.cpu);
  } else {
    const most = Math.max(1, ...latest.density);
    draw.drawBars(context, latest.density, most, 0, perColumn, top, room, colors.density);
  }
  for (const pause of latest.pauses) {
    draw.drawSpan(context, view, width, pause.from_ns, pause.to_ns, height - 5, 5, colors.gc);
  }
  for (const loss of latest.losses) {
    draw.drawSpan(context, view, width, loss.from_ns, loss.to_ns, top, room, colors.loss);
  }
}

/** Shows the overview with the range; `isNew` if its answer, size or theme has changed. */
export function paintOverview(isNew = false) {
  if (!latest) return;
  if (isNew) {
    overviewWidth = box.clientWidth;
    drawOverview();
  }
  const [width, height] = [overviewWidth, overviewHeight];
  const context = sized(canvas, width, height);
  context.clearRect(0, 0, width, height);
  context.drawImage(drawn, 0, 0, width, height);
  const chosen = shownRange ?? range();
  if (chosen) {
    const view = whole();
    const x = (t) => (t - view.from) / (view.to - view.from) * width;
    const [a, b] = [x(chosen.from), Math.max(x(chosen.to), x(chosen.from) + 2)];
    context.fillStyle = color("panel");
    context.globalAlpha = 0.62;
    context.fillRect(0, 0, a, height);
    context.fillRect(b, 0, width - b, height);
    context.globalAlpha = 1;
    context.strokeStyle = color("accent");
    context.lineWidth = 1.5;
    context.strokeRect(a, 1, b - a, height - 2);
  }
}

// MARK: Lanes

/** The tab with all lanes. */
export async function timeline(panel, signal) {
  const main = el("canvas", { tabindex: 0, role: "img", class: "lanes",
    "aria-label": "Lanes of processes and threads over time" });
  const labels = el("div", { class: "lane-labels" });
  const detail = el("div", { class: "lane-box" }, labels, main);
  const legend = el("div", { class: "legend" });
  const tools = el("div", { class: "tools" },
    button("+", "Zoom in (+)", () => zoomBy(0.5)), button("−", "Zoom out (−)", () => zoomBy(2)),
    button("◀", "Earlier (←)", () => pan(-0.25)), button("▶", "Later (→)", () => pan(0.25)),
    button("Whole time", "Show the whole time (0)", () => change({ from: null, to: null })),
    legend);
  panel.replaceChildren(tools, detail);
  let view = range() ?? whole();
  let answer = null;
  let lanes = [];
  let marked = null;
  // Read when it changes: asking for it makes the browser lay out the page.
  let room = 0;
  const measure = () => { room = Math.max(200, detail.clientWidth - labelWidth); };
  const width = () => room;
  measure();

  function button(text, title, act) {
    return el("button", { type: "button", title, "aria-label": title, onclick: act }, text);
  }
  /** The range that was asked for last; `view` is the one that is drawn. */
  const wanted = () => isLoading ? range() ?? whole() : view;
  function zoomBy(factor, at) {
    const all = whole();
    const view = wanted();
    at ??= (view.from + view.to) / 2;
    const span = Math.max(200, (view.to - view.from) * factor);
    if (span >= all.to - all.from) return change({ from: null, to: null }, { replace: true });
    const from = Math.max(all.from, at - (at - view.from) * factor);
    select(from, Math.min(all.to, from + span), { replace: true });
  }
  function pan(share) {
    const all = whole();
    const view = wanted();
    const span = view.to - view.from;
    const from = Math.max(all.from, Math.min(all.to - span, view.from + span * share));
    select(from, from + span, { replace: true });
  }
  selectable(main, {
    view: () => view, width,
    preview: (chosen) => { marked = chosen; paint(); },
    done: (chosen) => { if (chosen) select(chosen.from, chosen.to); },
    zoom: (at, how) => how.pan ? pan(how.pan / 800) : zoomBy(how.factor, at),
  });
  panel.addEventListener("keydown", (event) => {
    if (event.target.matches("input, select") || event.ctrlKey || event.metaKey) return;
    const acts = { "+": () => zoomBy(0.5), "=": () => zoomBy(0.5), "-": () => zoomBy(2),
      ArrowLeft: () => pan(-0.25), ArrowRight: () => pan(0.25),
      0: () => change({ from: null, to: null }) };
    if (acts[event.key]) { acts[event.key](); event.preventDefault(); }
  }, { signal });
  main.addEventListener("pointermove", (event) => hover(event));
  main.addEventListener("pointerleave", hideTip);

  function build() {
    lanes = [];
    let y = draw.rulerHeight;
    const push = (kind, height, name, extra = {}) => {
      lanes.push({ kind, y, height, name, ...extra });
      y += height;
    };
    if (answer.losses.length) push("losses", 16, "Lost events");
    push("density", 34, "Events");
    if (answer.readings.length) {
      push("machine", 40, "Machine CPU");
      if (answer.memory_bytes) push("memory", 30, "Machine memory");
    }
    for (const lane of answer.lanes) {
      const isThread = lane.tid !== null;
      push(isThread ? "thread" : "process", isThread ? 20 : 40,
        lane.name || (isThread ? `thread ${lane.tid}` : `process ${lane.pid}`), { lane });
    }
    const text = lanes.map((row) => [row.kind, row.name, row.height, row.lane?.pid, row.lane?.tid,
      row.lane?.threads].join()).join("\n") + answer.hidden_processes;
    ruler.textContent = moment(view.from, 1e3);
    if (text !== labelled) {
      labelled = text;
      fillLabels();
    }
    showLegend();
  }

  const ruler = el("div", { class: "lane-label ruler" });
  let labelled = "";

  function fillLabels() {
    fill(labels, ruler, lanes.map(label));
    if (answer.hidden_processes) {
      labels.append(el("div", { class: "lane-label" },
        `and ${answer.hidden_processes} processes with less activity`));
    }
  }

  let legendText = "";
  function showLegend() {
    const used = [["Running", "running", answer.has_switches],
      ["Runnable", "runnable", answer.has_switches], ["Blocked", "blocked", answer.has_switches],
      ["CPU samples", "cpu", answer.has_samples], ["GC pause", "gc", answer.pauses.length],
      ["Exceptions", "exception", answer.lanes.some((l) => l.exceptions)],
      ["Requests", "request", answer.lanes.some((l) => l.requests)],
      ["Steal", "steal", answer.readings.some((r) => r.steal_ns)],
      ["Lost", "loss", answer.losses.length]].filter(([, , is]) => is);
    const text = used.map(([text]) => text).join();
    if (text === legendText) return;
    legendText = text;
    fill(legend, used.map(([text, name]) =>
      el("span", { class: `key key-${name}` }, text)));
  }

  function label(row) {
    const element = el("div", { class: `lane-label ${row.kind}` });
    element.style.height = row.height + "px";
    const lane = row.lane;
    if (lane && lane.tid === null) {
      const isOpen = answer.lanes.some((l) => l.tid !== null && l.pid === lane.pid);
      element.append(el("button", {
        type: "button", class: "twist", disabled: !lane.threads, "aria-expanded": String(isOpen),
        "aria-label": `Threads of ${row.name}`, onclick: () => toggle(lane.pid, isOpen),
      }, lane.threads ? (isOpen ? "▾" : "▸") : "·"));
      element.append(el("button", { type: "button", class: "lane-name",
        title: `Show only ${row.name} (${lane.pid}) in every view`,
        onclick: () => change({ pid: part("pid") === String(lane.pid) ? null : lane.pid }) },
      row.name, el("span", { class: "dim" }, ` ${lane.pid} · ${lane.threads} thread${lane.threads === 1 ? "" : "s"}`)));
    } else if (lane) {
      element.append(el("span", { class: "lane-name" }, row.name,
        el("span", { class: "dim" }, ` ${lane.tid}`)));
    } else element.append(el("span", { class: "lane-name" }, row.name));
    return element;
  }

  function toggle(pid, isOpen) {
    const open = new Set((part("open") ?? answer.lanes.filter((l) => l.tid !== null)
      .map((l) => String(l.pid)).join(",")).split(",").filter(Boolean));
    if (isOpen) open.delete(String(pid)); else open.add(String(pid));
    change({ open: [...open].join(",") || "0" }, { replace: true });
  }

  function paint() {
    if (!answer) return;
    const w = width();
    const height = lanes.length ? lanes.at(-1).y + lanes.at(-1).height + 8 : 60;
    const context = sized(main, w, height);
    const colors = draw.palette();
    context.clearRect(0, 0, w, height);
    draw.drawRuler(context, view, w, height, colors);
    for (const row of lanes) paintLane(context, row, w, colors);
    if (marked) {
      const x = (t) => (t - view.from) / (view.to - view.from) * w;
      context.fillStyle = colors.select;
      context.fillRect(x(marked.from), 0, Math.max(1, x(marked.to) - x(marked.from)), height);
    }
  }

  function paintLane(context, row, w, colors) {
    const perColumn = w / answer.columns;
    const [y, height] = [row.y + 2, row.height - 4];
    context.fillStyle = colors.line;
    context.fillRect(0, row.y + row.height - 1, w, 1);
    if (row.kind === "density") {
      draw.drawBars(context, answer.density, Math.max(1, ...answer.density), 0, perColumn, y,
        height, colors.density);
    } else if (row.kind === "losses") {
      for (const loss of answer.losses) {
        draw.drawSpan(context, view, w, loss.from_ns, loss.to_ns, y, height, colors.loss);
      }
    } else if (row.kind === "machine" || row.kind === "memory") readings(context, row, w, colors);
    else lane(context, row, perColumn, w, colors, y, height);
  }

  function readings(context, row, w, colors) {
    for (const reading of answer.readings) {
      const all = reading.user_ns + reading.system_ns + reading.steal_ns + reading.iowait_ns
        + reading.idle_ns;
      const height = row.height - 4;
      let base = row.y + row.height - 2;
      const put = (share, style) => {
        const h = share * height;
        draw.drawSpan(context, view, w, reading.from_ns, reading.to_ns, base - h, h, style);
        base -= h;
      };
      if (row.kind === "memory") {
        if (reading.available_bytes === null) continue;
        put(1 - reading.available_bytes / answer.memory_bytes, colors.memory);
      } else if (all > 0) {
        put(reading.user_ns / all, colors.cpu);
        put(reading.system_ns / all, colors.system);
        put(reading.iowait_ns / all, colors.iowait);
        put(reading.steal_ns / all, colors.steal);
      }
    }
  }

  function lane(context, row, perColumn, w, colors, y, height) {
    const found = row.lane;
    const marks = found.tid === null ? 5 : 3;
    const room = height - marks;
    if (found.running) {
      draw.drawStacked(context, [{ values: found.running, style: colors.running },
        { values: found.runnable, style: colors.runnable },
        { values: found.blocked, style: colors.blocked }], 1000, perColumn, y, room);
    } else if (found.cpu) {
      draw.drawBars(context, found.cpu, Math.max(1000, ...found.cpu), 0, perColumn, y, room,
        colors.cpu);
    }
    if (found.exceptions) {
      draw.drawMarks(context, found.exceptions, perColumn, y + room, marks, colors.exception);
    }
    if (found.requests) {
      draw.drawMarks(context, found.requests, perColumn, y + room, marks, colors.request);
    }
    for (const pause of answer.pauses) {
      if (pause.lane !== found.lane) continue;
      draw.drawSpan(context, view, w, pause.from_ns, pause.to_ns, y, room, colors.gc);
    }
  }

  function hover(event) {
    if (!answer || marked) return;
    const rect = main.getBoundingClientRect();
    const [x, y] = [event.clientX - rect.left, event.clientY - rect.top];
    const row = lanes.find((r) => y >= r.y && y < r.y + r.height);
    if (!row) return hideTip();
    const time = view.from + x / width() * (view.to - view.from);
    const i = Math.min(answer.columns - 1, Math.floor(x / width() * answer.columns));
    const step = (view.to - view.from) / answer.columns;
    const rows = [["at", moment(time, step)]];
    const share = (v) => `${(v / 10).toFixed(v < 100 ? 1 : 0)} %`;
    if (row.kind === "density") rows.push(["events", count(answer.density[i])]);
    if (row.lane) {
      for (const key of ["cpu", "running", "runnable", "blocked"]) {
        if (row.lane[key]?.[i]) rows.push([key === "cpu" ? "CPU (samples)" : key, share(row.lane[key][i])]);
      }
      for (const key of ["exceptions", "requests"]) {
        if (row.lane[key]?.[i]) rows.push([key, count(row.lane[key][i])]);
      }
      const pause = answer.pauses.find((p) => p.lane === row.lane.lane
        && p.from_ns - step <= time && p.to_ns + step >= time);
      if (pause) {
        rows.push([pause.count > 1 ? `${pause.count} GC pauses, longest` : "GC pause",
          duration(pause.longest_ns)]);
      }
    }
    const loss = row.kind === "losses"
      && answer.losses.find((l) => l.from_ns - step <= time && l.to_ns + step >= time);
    if (loss) rows.push([loss.cause, `${count(loss.count)} events`]);
    const reading = /machine|memory/.test(row.kind)
      && answer.readings.find((r) => r.from_ns <= time && r.to_ns >= time);
    if (reading && row.kind === "memory") rows.push(["available", bytes(reading.available_bytes)]);
    if (reading && row.kind === "machine") {
      for (const key of ["user", "system", "iowait", "steal"]) {
        rows.push([key, duration(reading[key + "_ns"])]);
      }
    }
    showTip(event, row.name, rows);
  }

  let isLoading = false;
  let isLate = false;
  /** Shows the range. While an answer is awaited, only the latest range is asked for next. */
  async function renew() {
    if (isLoading) {
      isLate = true;
      return;
    }
    isLoading = true;
    try {
      do {
        isLate = false;
        answer = await load(range(), width(), signal);
        view = { from: answer.from_ns, to: Math.max(answer.to_ns, answer.from_ns + 1) };
        build();
        paint();
      } while (isLate);
    } catch (error) {
      if (error.name !== "AbortError") say(error.message);
    } finally {
      isLoading = false;
    }
  }
  const observer = new ResizeObserver(() => {
    const before = room;
    measure();
    if (room !== before) renew();
  });
  observer.observe(detail);
  signal.addEventListener("abort", () => observer.disconnect());
  await renew();
  return { renew, grow: renew, keys: ["from", "to", "open", "file", "pid"] };
}
