// The callers of a function above it and its callees below it: two graphs that meet in its line.

import { el } from "./dom.js";
import { calleesOf, callersOf } from "./tree.js";
import { flameGraph } from "./flame.js";

/** Makes the graphs in a box; `show(tree, name, text)` fills them, `close()` removes them. */
export function butterfly(box, status, unit, onsearch) {
  const half = (title, isUpward) => {
    const canvas = el("canvas", { tabindex: 0, role: "application", class: "flame",
      "aria-label": `${title}. Arrow keys move, Enter zooms, Escape shows all.` });
    const path = el("div", { class: "crumbs" });
    const part = el("div", { class: "wing" }, el("h3", {}, title), path, canvas);
    return { part, graph: flameGraph(canvas, box, path, status, { unit, isUpward: () => isUpward,
      onsearch: isUpward ? undefined : onsearch }) };
  };
  const [upper, lower] = [half("Callers", true), half("Callees", false)];
  box.append(upper.part, lower.part);
  return {
    /** Whether the function is in the tree. */
    show(tree, name, text) {
      const frame = tree.frames.findIndex((f) => f.name === name);
      if (frame < 0) return false;
      upper.graph.show(callersOf(tree, frame), text);
      lower.graph.show(calleesOf(tree, frame), text);
      return true;
    },
    search(text) { for (const { graph } of [upper, lower]) graph.search(text); },
    paint() { for (const { graph } of [upper, lower]) graph.paint(); },
    close() { for (const { part } of [upper, lower]) part.remove(); },
  };
}
