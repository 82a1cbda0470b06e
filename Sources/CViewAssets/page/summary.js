// The summary: what is unusual first, each line leading to the view that shows more.

import { el } from "./dom.js";
import { get, getText } from "./server.js";
import { selection, change, part } from "./state.js";
import { table, column } from "./table.js";
import { warnings } from "./report.js";
import { value, duration, bytes, count } from "./format.js";

const views = { samples: "flame", stacks: "flame", losses: "events", partial: "events" };

export async function summary(panel, signal) {
  const info = get("report/info", { file: part("file") }, { signal });
  const lines = getText("report/summary", { ...selection(), format: "text" }, signal);
  const json = await info;
  const found = el("div", { class: "findings" }, el("p", { class: "dim" }, "Reading the trace …"));
  panel.replaceChildren(el("div", { class: "report" }, warnings(json), found, about(json)));
  try {
    found.replaceChildren(...topics(await lines));
  } catch (error) {
    if (error.name === "AbortError") throw error;
    found.replaceChildren(el("p", { class: "dim" }, error.message));
  }
}

/** The sentences of the text form, as links. */
function topics(text) {
  const result = [];
  let list = null;
  for (const line of text.split("\n")) {
    const heading = /^(Unusual|Also):$/.exec(line);
    if (heading) {
      list = el("ul", { class: heading[1].toLowerCase() });
      result.push(el("section", { class: "card" },
        el("h2", {}, heading[1] === "Unusual" ? "Unusual" : "Also"), list));
      continue;
    }
    const topic = /^ {2}(\S+) {2,}(.*)$/.exec(line);
    if (!topic || !list) continue;
    const tab = views[topic[1]] ?? topic[1];
    list.append(el("li", {}, el("button", { type: "button", class: "topic",
      onclick: () => change({ tab }) },
      el("b", {}, topic[1]), el("span", {}, topic[2]))));
  }
  return result.length ? result
    : [el("section", { class: "card" }, el("p", {}, "Nothing unusual was found."))];
}

function about(info) {
  const session = info.session ?? {};
  const machine = session.machine ?? {};
  const facts = [
    ["duration", duration(info.duration_ns)], ["events", count(info.events)],
    ["size", bytes(info.size_bytes)], ["blocks", count(info.blocks)],
    ["lost", count(info.lost?.events)], ["clock", session.clock],
    ["machine", [machine.host_name, machine.operating_system].filter(Boolean).join(", ")],
    ["CPUs", machine.cpus], ["mode", session.mode], ["session", session.name],
  ].filter(([, v]) => v !== undefined && v !== "" && v !== null);
  const types = info.event_types.filter((type) => type.events ?? type.count);
  const key = types[0]?.events !== undefined ? "events" : "count";
  return el("div", { class: "columns" },
    el("section", { class: "card" }, el("h2", {}, "Trace"),
      el("dl", { class: "facts" }, facts.map(([k, v]) =>
        el("div", {}, el("dt", {}, k), el("dd", {}, v))))),
    el("section", { class: "card" }, el("h2", {}, "Processes"),
      table(info.processes, ["pid", "executable", "joined_ns", "ended_ns"].map((k) =>
        column(k, { number: k !== "executable" })),
      { onrow: (row) => change({ pid: row.pid }) })),
    el("section", { class: "card" }, el("h2", {}, "Events"),
      table(types, [column("provider"), column("name", { title: "event" }),
        column(key, { number: true, bar: true, title: "count" }), column("level")],
      { onrow: (row) => change({ tab: "events", q: `event:${row.provider}/${row.name}` }) })));
}
