// The export menu: files for other tools, and links that open the trace in them.

import { el, copy, say } from "./dom.js";
import { address, get } from "./server.js";
import { part, selection, writeAddress } from "./state.js";
import { chosenStacks as chosen } from "./flame.js";

/** Sites that fetch a file from an address. The server gives it to that site only, after the click. */
const fetching = [
  ["firefox", "Firefox Profiler", (url) =>
    `https://profiler.firefox.com/from-url/${encodeURIComponent(url)}`],
  ["speedscope", "speedscope", (url) =>
    `https://www.speedscope.app/#profileURL=${encodeURIComponent(url)}`],
];
const perfetto = "https://ui.perfetto.dev";

function download(path, parameters) {
  el("a", { href: address(path, { ...parameters, download: 1 }), download: "" }).click();
}

async function openIn(viewer, title, link) {
  // Opened at once: later, the browser would take it for an advertisement.
  const tab = window.open("about:blank");
  if (!tab) return say(`The browser does not allow opening ${title}.`);
  tab.opener = null;
  try {
    const { path } = await get("share", { ...chosen(), wall: null, viewer }, { keep: false });
    tab.location = link(location.origin + path);
  } catch (error) {
    tab.close();
    say(error.message);
  }
}

/** Perfetto takes a file as a message, and asks for none itself. */
async function openInPerfetto() {
  const tab = window.open(perfetto);
  if (!tab) return say("The browser does not allow opening Perfetto.");
  let buffer;
  try {
    const response = await fetch(address("export", { ...chosen(), wall: null, format: "perfetto" }));
    if (!response.ok) throw new Error((await response.json()).error);
    buffer = await response.arrayBuffer();
  } catch (error) {
    tab.close();
    return say(error.message);
  }
  const ask = setInterval(() => tab.postMessage("PING", perfetto), 100);
  const stop = () => { clearInterval(ask); removeEventListener("message", hear); };
  const hear = (event) => {
    if (event.source !== tab || event.origin !== perfetto || event.data !== "PONG") return;
    stop();
    tab.postMessage({ perfetto: { buffer, title: document.title, fileName: "trace.perfetto-trace" } },
      perfetto, [buffer]);
  };
  addEventListener("message", hear);
  setTimeout(stop, 60000);
}

/** The entries of the menu: text and what a click does. */
export function exports(view, server) {
  const reports = { flame: "stacks", functions: "stacks" };
  const of = reports[view] ?? (server.reports.includes(view) ? view : "summary");
  const items = ["json", "text", "csv"].filter((format) => format !== "csv"
    || !["summary", "info", "stacks"].includes(of))
    .map((format) => [`${of} as ${format}`,
      () => download("report/" + of, { ...selection(), format })]);
  for (const { name, ending, times } of server.exports) {
    const parameters = chosen();
    if (parameters.wall && times) continue;
    const what = times ? "trace" : parameters.wall ? "wall-clock time" : part("of") ?? "CPU samples";
    items.push([`${what} as ${name} (.${ending})`,
      () => download("export", { ...parameters, format: name })]);
  }
  if (view === "compare") {
    items.push(["change as svg (.svg)",
      () => download("export", { ...chosen(), file: 1, from: null, to: null, base: 1, format: "svg" })]);
  }
  for (const [viewer, title, link] of fetching) {
    items.push([`Open in ${title} ↗`, () => openIn(viewer, title, link)]);
  }
  items.push(["Open in Perfetto ↗", openInPerfetto]);
  items.push(["Copy the link to this view", () => {
    writeAddress();
    copy(location.href, "The link");
  }]);
  return items;
}
