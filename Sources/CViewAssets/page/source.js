// The lines of a function with what each costs. The text comes from a file of this machine, and is
// shown as text.

import { el, shown } from "./dom.js";
import { get } from "./server.js";
import { chosenStacks } from "./flame.js";
import { amount, percent } from "./format.js";

const mostCharacters = 400;

/** The elements that show a function's source. */
export async function sourceOf(name, signal) {
  const answer = await get("source", { ...chosenStacks(), function: name }, { signal });
  const costs = new Map(answer.lines.map((row) => [row.line, row]));
  const most = Math.max(1, ...answer.lines.map((row) => Number(row.inclusive)));
  const total = answer.lines.reduce((sum, row) => sum + Number(row.exclusive), 0) || 1;
  const rows = [];
  const add = (number, text) => rows.push(line(number, text, costs.get(number), most, answer.unit));
  if (answer.text.length) answer.text.forEach((text, i) => add(answer.first + i, text));
  else for (const row of answer.lines) add(row.line, "");
  const hottest = answer.lines.reduce((a, b) =>
    a && Number(a.inclusive) >= Number(b.inclusive) ? a : b, null);
  requestAnimationFrame(() => rows.find((row) => row.dataset.line === String(hottest?.line))
    ?.scrollIntoView({ block: "center" }));
  return el("section", { class: "source-view", "aria-label": "Source" },
    el("h2", {}, name),
    answer.file && el("p", { class: "mono" }, answer.path ?? answer.file),
    answer.reason && el("p", { class: "warning" }, answer.reason),
    answer.is_newer && el("p", { class: "warning" },
      "The file was changed after the trace began: lines may have moved."),
    Number(answer.without_line) > 0 && el("p", { class: "dim" },
      `${amount(answer.without_line, answer.unit)} are of no known line.`),
    Number(answer.elsewhere) > 0 && el("p", { class: "dim" },
      `${amount(answer.elsewhere, answer.unit)} are of lines in other files.`),
    rows.length > 0 && el("div", { class: "source", tabindex: 0, role: "table",
      "aria-label": `Lines of ${shown(name, 100)}` },
    el("div", { class: "source-line source-head", role: "row" },
      ["line", `exclusive`, "excl %", "inclusive", "source"].map((text) =>
        el("span", { role: "columnheader" }, text))), rows.map((row) => row)));

  function line(number, text, cost, most, unit) {
    const row = el("div", { class: "source-line", role: "row", "data-line": number },
      el("span", { role: "rowheader" }, String(number)),
      el("span", { role: "cell" }, cost && Number(cost.exclusive) ? amount(cost.exclusive, unit) : ""),
      el("span", { role: "cell" }, cost && Number(cost.exclusive)
        ? percent(100 * Number(cost.exclusive) / total) : ""),
      el("span", { role: "cell", class: cost ? "bar-cell" : "" },
        cost ? amount(cost.inclusive, unit) : ""),
      el("code", { role: "cell" }, shown(text.replaceAll("\t", "    "), mostCharacters)));
    if (cost) {
      const share = Math.round(100 * Number(cost.inclusive) / most);
      row.children[3].style.setProperty("--share", share + "%");
      row.classList.add("hot");
    }
    return row;
  }
}
