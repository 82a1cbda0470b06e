// A table of any number of events, of which the rows on the screen are fetched.

import { el, fill, shown, copy, save, say } from "./dom.js";
import { get } from "./server.js";
import { part, number, range, change, select } from "./state.js";
import { moment, count, parseTime } from "./format.js";
import { columnsOf, chooseColumns } from "./columns.js";

const rowHeight = 21;
const tallest = 8e6;
const page = 200;

/** Reads the filter box: provider:Runtime event:GC* pid:12 tid:3 count>3 name~main. */
export function parseFilter(text) {
  const found = { provider: [], event: [], pid: [], tid: [], where: [] };
  const words = text.match(/(?:[^\s"]+|"[^"]*")+/g) ?? [];
  for (const word of words) {
    const plain = word.replaceAll('"', "");
    const named = /^(provider|event|pid|tid):(.+)$/.exec(plain);
    if (named) found[named[1]].push(named[2]);
    else if (/^[^!<>=~]+(!=|>=|<=|[<>=~])/.test(plain)) found.where.push(plain);
    else found.event.push(`*${plain}*`);
  }
  return { provider: found.provider, event: found.event, pid: found.pid.join(","),
    tid: found.tid.join(","), where: found.where };
}

export async function events(panel, signal) {
  const filter = parseFilter(part("q") ?? "");
  const chosen = range();
  const parameters = { file: part("file"), ...filter };
  if (!parameters.pid) parameters.pid = part("pid");
  if (chosen) Object.assign(parameters, { from: part("from"), to: part("to") });
  const list = el("datalist", { id: "event-words" });
  const box = el("input", { type: "search", value: part("q") ?? "", class: "filter", id: "search",
    placeholder: "event:GC* pid:12 count>3 message~timeout", "aria-label": "Filter of events",
    list: "event-words", spellcheck: "false", onchange: () => change({ q: box.value.trim(), row: null }) });
  const status = el("output", { class: "found" });
  const goto = el("input", { size: 12, placeholder: "row or 1.5s", "aria-label": "Go to a row or a time",
    title: "Go to a row, or to a time such as 1.5s", onchange: () => jump(goto.value) });
  const head = el("div", { class: "event-row event-head", role: "row" });
  const body = el("div", { class: "event-rows" });
  const spacer = el("div", { class: "event-space" });
  const scroller = el("div", { class: "event-scroll", tabindex: 0, role: "grid",
    "aria-label": "Events" }, spacer, body);
  const detail = el("aside", { class: "side", "aria-label": "The chosen event" },
    el("p", { class: "dim" }, "Choose an event to see its fields and stack."));
  panel.replaceChildren(el("div", { class: "tools" }, box, list, goto, status,
    el("span", { class: "space" }),
    el("button", { type: "button", "aria-haspopup": "dialog", id: "columns",
      onclick: () => chooseColumns(filter, signal) }, "Columns"),
    el("button", { type: "button", onclick: () => take("json") }, "Copy as JSON"),
    el("button", { type: "button", onclick: () => take("csv") }, "Copy as CSV")),
  el("div", { class: "split" }, el("div", { class: "main-side events" }, head, scroller), detail));

  let total = 0;
  let top = number("row") ?? 0;
  let cursor = top;
  let anchor = top;
  const pages = new Map();
  const waiting = new Set();
  let settled = false;
  let generation = 0;

  const columns = columnsOf(part("cols"));
  panel.style.setProperty("--event-columns", columns.map((c) => c.width).join(" "));
  fill(head, columns.map((c) => el("span", { class: c.class, role: "columnheader" }, c.title)));

  const height = () => Math.min(total * rowHeight, tallest);
  const visible = () => Math.max(4, Math.floor(scroller.clientHeight / rowHeight));
  const last = () => Math.max(0, total - visible() + 1);

  function row(index) {
    const held = pages.get(Math.floor(index / page));
    return held?.[index % page];
  }

  const fetchPage = (key) => get("events", { ...parameters, row: key * page, count: page },
    { signal, keep: false });
  const rowsOf = (answer) => answer.events.map(([time, stack, event]) => ({ time, stack, event }));

  /** Reads again what is shown, because the trace has grown: also earlier rows can have come. Who
   *  was at the end stays there. */
  async function grow() {
    const wasAtEnd = top > 0 && top >= last();
    const fresh = new Map();
    let answer = await get("events", { ...parameters, row: 0, count: 0 }, { signal, keep: false });
    const first = wasAtEnd ? Math.max(0, answer.total - visible()) : top;
    for (const key of new Set([first, first + visible()].map((i) => Math.floor(i / page)))) {
      answer = await fetchPage(key);
      fresh.set(key, rowsOf(answer));
    }
    generation++;
    waiting.clear();
    pages.clear();
    for (const [key, rows] of fresh) pages.set(key, rows);
    total = answer.total;
    resize();
    if (wasAtEnd) moveTo(last(), { write: false }); else paint();
  }

  async function load(index) {
    const key = Math.floor(index / page);
    if (pages.has(key) || waiting.has(key)) return;
    waiting.add(key);
    const asked = generation;
    try {
      const answer = await fetchPage(key);
      if (asked !== generation) return;
      total = answer.total;
      pages.set(key, rowsOf(answer));
      if (pages.size > 60) pages.delete(pages.keys().next().value);
      resize();
      paint();
    } catch (error) {
      if (error.name !== "AbortError") { say(error.message); status.textContent = error.message; }
    } finally {
      waiting.delete(key);
    }
  }

  function resize() {
    spacer.style.height = height() + "px";
    status.textContent = `${count(total)} events`;
  }

  /** The scroll bar's place of a row; beyond the browser's limit, rows share pixels. */
  function place(index) {
    const room = Math.max(1, height() - scroller.clientHeight);
    return total * rowHeight <= tallest ? index * rowHeight : index / Math.max(1, last()) * room;
  }

  let isMoving = false;
  function moveTo(index, { write = true } = {}) {
    top = Math.max(0, Math.min(last(), Math.round(index)));
    isMoving = true;
    scroller.scrollTop = place(top);
    requestAnimationFrame(() => { isMoving = false; });
    if (write) remember();
    paint();
  }

  let timer;
  function remember() {
    clearTimeout(timer);
    timer = setTimeout(() => change({ row: cursor || null }, { replace: true }), 250);
  }

  function paint() {
    const lines = [];
    for (let i = 0; i <= visible(); i++) {
      const index = top + i;
      if (index >= total) break;
      const held = row(index);
      if (!held) load(index);
      lines.push(line(index, held));
    }
    fill(body, lines);
    body.style.transform = `translateY(${scroller.scrollTop}px)`;
    scroller.dataset.top = String(top);
  }

  function line(index, held) {
    const isChosen = index >= Math.min(cursor, anchor) && index <= Math.max(cursor, anchor);
    const element = el("div", { class: "event-row" + (isChosen ? " selected" : ""), role: "row",
      "aria-selected": String(isChosen), "aria-rowindex": index + 1 });
    if (!held) element.append(el("span", { class: "dim" }, count(index)), "…");
    else for (const c of columns) {
      element.append(el("span", { class: c.class, role: "gridcell" }, shown(c.show(held, index), 400)));
    }
    element.addEventListener("click", (event) => {
      cursor = index;
      if (!event.shiftKey) anchor = index;
      remember();
      paint();
      explain();
    });
    return element;
  }

  scroller.addEventListener("scroll", () => {
    body.style.transform = `translateY(${scroller.scrollTop}px)`;
    if (isMoving) return;
    const room = Math.max(1, height() - scroller.clientHeight);
    top = total * rowHeight <= tallest ? Math.floor(scroller.scrollTop / rowHeight)
      : Math.round(scroller.scrollTop / room * last());
    paint();
  });
  scroller.addEventListener("wheel", (event) => {
    if (total * rowHeight <= tallest) return;
    event.preventDefault();
    moveTo(top + Math.sign(event.deltaY) * Math.max(1, Math.round(Math.abs(event.deltaY) / rowHeight)),
      { write: false });
  }, { passive: false });
  scroller.addEventListener("keydown", (event) => {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: visible() - 1, PageUp: 1 - visible(),
      Home: -total, End: total };
    if (event.key === "Enter") return explain();
    if (!(event.key in steps) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    cursor = Math.max(0, Math.min(total - 1, cursor + steps[event.key]));
    if (!event.shiftKey) anchor = cursor;
    if (cursor < top || cursor >= top + visible() - 1) {
      moveTo(cursor < top ? cursor : cursor - visible() + 2);
    } else { remember(); paint(); }
    explain();
  });

  async function jump(text) {
    const plain = text.replaceAll(",", "").trim();
    if (/^\d+$/.test(plain)) return chooseRow(Number(plain));
    const time = parseTime(plain);
    if (time === null) return say("Give a row number, or a time such as 1.5s or 20ms.");
    const answer = await get("events", { ...parameters, at: time, count: 0 }, { signal });
    chooseRow(answer.row);
  }
  function chooseRow(index) {
    cursor = anchor = Math.max(0, Math.min(total - 1, index));
    moveTo(cursor - Math.floor(visible() / 3));
    explain();
  }

  async function explain() {
    const held = row(cursor);
    if (!held) return;
    const { event } = held;
    const names = Object.entries(event.fields);
    const frames = el("div", {});
    fill(detail, el("h2", {}, `${event.provider}/${event.event}`),
      el("dl", { class: "facts tall" }, [["time", moment(event.time_ns, 1)], ["UTC", event.utc],
        ["CPU", event.cpu ?? "–"], ["pid", event.pid], ["tid", event.tid]].map(fact)),
      el("div", { class: "tools" },
        el("button", { type: "button", onclick: () => select(Math.max(0, Number(event.time_ns) - 5e6),
          Number(event.time_ns) + 5e6) }, "± 5 ms in every view"),
        el("button", { type: "button", onclick: () => copy(stringify(event), "The event") }, "Copy")),
      el("h3", {}, "Fields"), names.length
        ? el("dl", { class: "facts tall" }, names.map(([k, v]) => fact([k, text(v), 4000])))
        : el("p", { class: "dim" }, "none"), frames);
    if (!held.stack) return;
    fill(frames, el("h3", {}, "Stack"), el("p", { class: "dim" }, "Reading names …"));
    try {
      const answer = await get("event", { file: part("file"), at: event.time_ns, pid: event.pid,
        tid: event.tid }, { signal });
      const same = answer.events.find((e) => e.event === event.event
        && stringify(e.fields) === stringify(event.fields)) ?? answer.events[0];
      fill(frames, el("h3", {}, "Stack"), el("ol", { class: "stack-list" },
        (same?.frames ?? []).map((frame) => el("li", {}, frame.unresolved
          ? el("span", { class: "dim" }, `${frame.module ?? ""} ${frame.unresolved}`)
          : `${frame.module ? frame.module + "!" : ""}${frame.function}`,
        frame.file && el("span", { class: "dim" }, ` ${frame.file}:${frame.line}`)))));
    } catch (error) {
      if (error.name !== "AbortError") fill(frames, el("p", { class: "dim" }, error.message));
    }
  }

  const fact = ([key, v, most]) => el("div", {}, el("dt", {}, key), el("dd", {}, shown(v, most ?? 600)));

  async function take(format) {
    const [a, b] = [Math.min(cursor, anchor), Math.max(cursor, anchor)];
    const answer = await get("events", { ...parameters, row: a, count: Math.min(1000, b - a + 1) },
      { signal, keep: false });
    const list = answer.events.map(([, , event]) => event);
    const text = format === "json" ? list.map(stringify).join("\n") + "\n" : csv(list);
    if (text.length > 1e6) save(`events.${format}`, text, "text/plain");
    else copy(text, `${count(list.length)} events`);
  }

  const observer = new ResizeObserver(() => { if (settled) paint(); });
  observer.observe(scroller);
  signal.addEventListener("abort", () => observer.disconnect());
  await load(top);
  settled = true;
  if (top >= total) top = cursor = anchor = 0;
  moveTo(Math.max(0, cursor - 3), { write: false });
  if (number("row") !== null) explain();
  get("types", { file: part("file") }, { signal }).then(({ types }) => fill(list,
    types.slice(0, 300).map((t) => el("option", { value: `event:${t.provider}/${t.event}` }))));
  return { local: ["row"], grow };
}

/** JSON with exact numbers. */
export function stringify(v) {
  return JSON.stringify(v, (key, x) => typeof x === "bigint" ? JSON.rawJSON?.(x.toString())
    ?? x.toString() : x);
}

/** A field's value as text. */
export function text(v) {
  if (v === null || v === undefined) return "";
  return typeof v === "object" ? stringify(v) : String(v);
}

function csv(list) {
  const keys = [...new Set(list.flatMap((event) => Object.keys(event.fields)))];
  const quote = (v) => {
    const plain = text(v);
    return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  const head = ["time_ns", "cpu", "pid", "tid", "provider", "event", ...keys];
  const lines = list.map((event) => [event.time_ns, event.cpu, event.pid, event.tid, event.provider,
    event.event, ...keys.map((key) => event.fields[key])].map(quote).join(","));
  return [head.map(quote).join(","), ...lines].join("\r\n") + "\r\n";
}
