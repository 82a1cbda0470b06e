// Drawing of the timeline's lanes. One column of an answer is one column of pixels.

import { color } from "./dom.js";

export const rulerHeight = 22;

/** The colors of the style sheet, read once per drawing. */
export function palette() {
  const names = ["text", "dim", "line", "panel", "cpu", "cpu-soft", "running", "runnable", "blocked",
    "gc", "exception", "request", "loss", "density", "system", "steal", "iowait", "memory",
    "select", "accent"];
  return Object.fromEntries(names.map((name) => [name, color(name)]));
}

/** Steps of the ruler: 1, 2 or 5 times a power of ten. */
export function rulerStep(span, width) {
  const least = span / Math.max(1, width / 110);
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= least) ?? power * 10;
}

export function drawRuler(context, view, width, height, colors) {
  const { from, to } = view;
  const step = rulerStep(to - from, width);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const x = Math.round((at - from) / (to - from) * width) + 0.5;
    context.fillStyle = colors.line;
    context.fillRect(x, 0, 1, height);
    context.fillStyle = colors.dim;
    const places = Math.max(0, Math.ceil(-Math.log10(step / 1e9)));
    context.fillText(`${(at / 1e9).toFixed(Math.min(9, places))} s`, x + 4, rulerHeight / 2);
  }
}

/** Bars from the bottom of a lane. `most` is the value of a full lane. Equal bars beside each other
 *  are one rectangle; a path of all of them would take the browser several times as long. */
export function drawBars(context, values, most, x0, perColumn, y, height, style) {
  context.fillStyle = style;
  const scale = height / Math.max(most, 1e-9);
  const tall = (v) => v ? Math.min(height, Math.max(1, Math.round(v * scale))) : 0;
  const bottom = y + height;
  for (let i = 0; i < values.length;) {
    const h = tall(values[i]);
    let end = i + 1;
    while (end < values.length && tall(values[end]) === h) end++;
    if (h) context.fillRect(x0 + i * perColumn, bottom - h, Math.max(perColumn * (end - i), 1), h);
    i = end;
  }
}

/** Several values of a column above each other. Where columns differ, they are as many rectangles as
 *  pixels; so the pixels are written here, and drawn as one image. */
export function drawStacked(context, series, most, perColumn, y, height) {
  const count = series[0].values.length;
  const { canvas, image, words, put } = sheet(count, height);
  words.fill(0);
  const scale = height / Math.max(most, 1e-9);
  const inks = series.map(({ values, style }) => ({ values, ink: inkOf(style) }));
  for (let i = 0; i < count; i++) {
    let low = height;
    for (const { values, ink } of inks) {
      if (!values[i]) continue;
      const high = low - Math.round(Math.min(values[i] * scale, low));
      while (low > high) words[--low * count + i] = ink;
    }
  }
  put.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(canvas, 0, 0, count, height, 0, y, count * perColumn, height);
}

const sheets = new Map();

/** A canvas for an image of a lane, with the image's pixels. Lanes have few sizes. */
function sheet(width, height) {
  const size = `${width} ${height}`;
  if (!sheets.has(size)) {
    if (sheets.size >= 8) sheets.clear();
    const canvas = new OffscreenCanvas(width, height);
    const put = canvas.getContext("2d");
    const image = put.createImageData(width, height);
    sheets.set(size, { canvas, put, image, words: new Uint32Array(image.data.buffer) });
  }
  return sheets.get(size);
}

const inks = new Map();

/** A color of the style sheet as the word of a pixel. */
function inkOf(style) {
  if (!inks.has(style)) {
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    context.fillStyle = style;
    context.fillRect(0, 0, 1, 1);
    inks.set(style, new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0]);
  }
  return inks.get(style);
}

/** Small marks at the bottom of a lane, darker where there are more. */
export function drawMarks(context, values, perColumn, y, height, style) {
  let most = 0;
  for (const v of values) if (v > most) most = v;
  if (!most) return;
  context.fillStyle = style;
  for (let i = 0; i < values.length; i++) {
    if (!values[i]) continue;
    context.globalAlpha = 0.35 + 0.65 * Math.sqrt(values[i] / most);
    context.fillRect(i * perColumn, y, Math.max(perColumn, 1.5), height);
  }
  context.globalAlpha = 1;
}

/** A stretch of time. */
export function drawSpan(context, view, width, from, to, y, height, style) {
  const x = (from - view.from) / (view.to - view.from) * width;
  const w = Math.max(1.5, (to - from) / (view.to - view.from) * width);
  context.fillStyle = style;
  context.fillRect(x, y, w, height);
}
