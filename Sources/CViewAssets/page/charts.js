// Small charts beside a report's numbers.

import { el } from "./dom.js";
import { value, label, duration } from "./format.js";
import { isObject } from "./server.js";
import { bounds } from "./timeline.js";

/** Counts in equal parts of the time: see TimeLine in Docs/reports.md. */
export const isTimeLine = (v) => isObject(v) && Array.isArray(v.counts) && v.step_ns !== undefined;

const svg = "http://www.w3.org/2000/svg";

function shape(tag, attributes, text) {
  const element = document.createElementNS(svg, tag);
  for (const [key, v] of Object.entries(attributes)) element.setAttribute(key, v);
  if (text) element.append(document.createElementNS(svg, "title"));
  if (text) element.firstChild.textContent = text;
  return element;
}

/** A bar for each bucket of a distribution. */
export function histogram(buckets) {
  const most = Math.max(...buckets.map((b) => b.count), 1);
  const width = Math.max(6, Math.min(22, 420 / buckets.length));
  const chart = shape("svg", {
    class: "histogram", width: width * buckets.length, height: 70, role: "img",
    "aria-label": `Histogram of ${buckets.length} buckets, at most ${most}`,
  });
  buckets.forEach((bucket, index) => {
    const height = bucket.count ? Math.max(1.5, bucket.count / most * 66) : 0;
    chart.append(shape("rect", {
      x: index * width + 1, y: 70 - height, width: width - 2, height, rx: 1.5,
    }, `${duration(bucket.from_ns)} – ${duration(bucket.below_ns)}: ${bucket.count}`));
  });
  return chart;
}

/** A line of an amount over time. */
export function sparkline(rows, key) {
  const [w, h] = [520, 60];
  const most = Math.max(...rows.map((r) => Number(r[key]) || 0), 1);
  const first = Number(rows[0].time_ns ?? rows[0].from_ns);
  const last = Number(rows.at(-1).time_ns ?? rows.at(-1).to_ns);
  const points = rows.map((r) => {
    const x = (Number(r.time_ns ?? r.from_ns) - first) / Math.max(1, last - first) * (w - 4) + 2;
    return `${x.toFixed(1)},${(h - 2 - (Number(r[key]) || 0) / most * (h - 6)).toFixed(1)}`;
  });
  const chart = shape("svg", { class: "spark", width: w, height: h, role: "img",
    "aria-label": `${label(key)} over time, at most ${value(key, most)}` });
  chart.append(shape("polyline", { points: points.join(" ") }, `at most ${value(key, most)}`));
  return el("div", { class: "spark-box" }, el("span", { class: "dim" },
    `${label(key)}, at most ${value(key, most)}`), chart);
}

/** A time line of all, as a line over time. */
export function overTime(key, line) {
  if (line.counts.length < 3) return null;
  const rows = line.counts.map((count, part) => (
    { time_ns: Number(line.from_ns) + part * Number(line.step_ns), count }));
  return el("div", { class: "sparks" }, sparkline(rows, "count"));
}

/** A row's time line as bars on the scale of the whole time, so that rows can be compared. */
export function bars(line) {
  const [w, h] = [64, 16];
  const all = bounds();
  const scale = w / Math.max(1, all.to - all.from);
  const most = Math.max(...line.counts.map(Number), 1);
  const words = `at most ${value("count", most)} in ${duration(line.step_ns)}`;
  const chart = shape("svg", { class: "bars", width: w, height: h, role: "img",
    "aria-label": `Over time, ${words}` });
  const width = Math.max(1, Number(line.step_ns) * scale);
  line.counts.forEach((count, part) => {
    if (!Number(count)) return;
    const x = (Number(line.from_ns) + part * Number(line.step_ns) - all.from) * scale;
    const height = Math.max(2, Number(count) / most * h);
    chart.append(shape("rect", { x: Math.min(Math.max(x, 0), w - 1).toFixed(1), y: (h - height).toFixed(1),
      width: width.toFixed(1), height: height.toFixed(1) }));
  });
  chart.prepend(shape("title", {}));
  chart.firstChild.textContent = words;
  return chart;
}
