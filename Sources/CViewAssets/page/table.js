// Sortable tables of any number of rows, of which a few hundred are in the page at a time.

import { el, fill, shown } from "./dom.js";
import { value, label } from "./format.js";

const chunk = 200;
// The orders that were chosen, for the table in the same place of a view that is made anew. Tables are
// told apart by their columns, and those with equal columns by their number.
const orders = new Map();
const numbers = new Map();

/** Begins the numbers of tables again. */
export function beginTables() { numbers.clear(); }

/** Makes a table.
 *  columns: [{ key, title, get(row), show(row), number, bar, cell(row) }]
 *  options: { sort, descending, onrow(row), selected(row), caption, unfolds(row), unfold(row) } */
export function table(rows, columns, options = {}) {
  const names = columns.map((c) => c.key).join();
  const number = numbers.get(names) ?? 0;
  numbers.set(names, number + 1);
  const kind = `${names} ${number}`;
  const known = orders.get(kind);
  let sort = columns.find((c) => c.key === (known?.key ?? options.sort)) ?? null;
  let descending = known?.descending ?? options.descending ?? true;
  let count = 0;
  let ordered = rows;
  const largest = new Map();
  for (const column of columns) {
    if (!column.bar) continue;
    let most = 0;
    for (const row of rows) most = Math.max(most, Number(column.get(row)) || 0);
    largest.set(column, most);
  }
  const body = el("tbody");
  const more = el("button", { type: "button", class: "more", onclick: () => grow() });
  const heads = columns.map((column) => el("th", { scope: "col", class: column.number ? "num" : "" },
    el("button", { type: "button", onclick: () => order(column) }, column.title)));
  const element = el("div", { class: "table-box" },
    el("table", {}, options.caption && el("caption", {}, options.caption),
      el("thead", {}, el("tr", {}, heads)), body), more);

  function order(column) {
    descending = sort === column ? !descending : column.number ?? false;
    sort = column;
    orders.set(kind, { key: sort.key, descending });
    arrange();
  }

  function arrange() {
    ordered = sort ? [...rows].sort(compare) : rows;
    columns.forEach((column, index) => heads[index].setAttribute(
      "aria-sort", column !== sort ? "none" : descending ? "descending" : "ascending"));
    body.replaceChildren();
    count = 0;
    grow();
  }

  function compare(a, b) {
    let [x, y] = [sort.get(a), sort.get(b)];
    if (x === null || x === undefined) return y === null || y === undefined ? 0 : 1;
    if (y === null || y === undefined) return -1;
    const order = typeof x === "string" || typeof y === "string"
      ? String(x).localeCompare(String(y)) : x < y ? -1 : x > y ? 1 : 0;
    return descending ? -order : order;
  }

  function grow() {
    for (const row of ordered.slice(count, count + chunk)) body.append(line(row));
    count = Math.min(ordered.length, count + chunk);
    more.hidden = count >= ordered.length;
    more.textContent = `Show more: ${(ordered.length - count).toLocaleString("en-US")} rows are left`;
  }

  function line(row) {
    const cells = columns.map((column) => {
      const cell = el("td", { class: column.number ? "num" : column.wide ? "wide" : "" });
      if (column.cell) fill(cell, column.cell(row));
      else cell.textContent = shown(column.show(row));
      const most = largest.get(column);
      if (most) {
        const share = Math.round(Math.max(0, (Number(column.get(row)) || 0) / most) * 100);
        cell.style.setProperty("--share", share + "%");
        cell.classList.add("bar-cell");
      }
      return cell;
    });
    const element = el("tr", { tabindex: options.onrow ? 0 : undefined }, cells);
    const words = options.unfolds?.(row);
    if (words) cells.at(-1).append(unfolder(row, words, element));
    if (options.selected?.(row)) element.classList.add("selected");
    if (options.onrow) {
      const act = () => {
        for (const other of body.querySelectorAll(".selected")) other.classList.remove("selected");
        element.classList.add("selected");
        options.onrow(row);
      };
      element.addEventListener("click", act);
      element.addEventListener("keydown", (event) => {
        if (event.key === "Enter") act();
        if (event.key === "ArrowDown") (element.nextElementSibling ?? element).focus();
        if (event.key === "ArrowUp") (element.previousElementSibling ?? element).focus();
        if (event.key.startsWith("Arrow")) event.preventDefault();
      });
    }
    return element;
  }

  /** A button that shows more about a row below it. */
  function unfolder(row, words, above) {
    let below = null;
    const button = el("button", { type: "button", class: "small", "aria-expanded": "false",
      onclick: (event) => {
        event.stopPropagation();
        if (below) below.remove();
        below = below ? null
          : el("tr", { class: "below" }, el("td", { colspan: columns.length }, options.unfold(row)));
        if (below) above.after(below);
        button.setAttribute("aria-expanded", String(below !== null));
      } }, words);
    return button;
  }

  arrange();
  return element;
}

/** A column of a report's key. */
export function column(key, { bar = false, number, title } = {}) {
  const path = key.split(".");
  const get = (row) => path.reduce((object, name) => object?.[name], row);
  return { key, title: title ?? label(key), get, show: (row) => value(key, get(row)), bar, number };
}
