// What is shown: tab, range, filters. All of it is in the address, so that a link shows the same.

const listeners = new Set();
let state = read();

function read() {
  const found = {};
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) found[key] = value;
  return found;
}

/** A part of the state; undefined if it is not set. */
export function part(key) { return state[key]; }

/** A number of the state; null if it is not set or no number. */
export function number(key) {
  const value = state[key];
  return value !== undefined && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : null;
}

/** Changes parts of the state; null and "" remove them. A new entry of the browser's history is
 *  made unless `replace` is set. */
export function change(parts, { replace = false } = {}) {
  const next = { ...state };
  for (const [key, value] of Object.entries(parts)) {
    if (value === null || value === undefined || value === "" || value === false) delete next[key];
    else next[key] = String(value);
  }
  const before = state;
  const hash = hashOf(next);
  if (hash === hashOf(before)) return;
  if (!replace) writeAddress();
  state = next;
  if (replace) later ??= setTimeout(writeAddress, 100);
  else history.pushState(null, "", hash);
  tell(before);
}

const hashOf = (parts) => "#" + new URLSearchParams(parts).toString();
let later = null;

/** Writes what has been replaced into the address; not at once, because that takes the browser
 *  milliseconds, and it allows only so many in a time. */
export function writeAddress() {
  if (later === null) return;
  clearTimeout(later);
  later = null;
  history.replaceState(null, "", hashOf(state));
}

function tell(before) {
  const keys = new Set([...Object.keys(before), ...Object.keys(state)]
    .filter((key) => before[key] !== state[key]));
  if (keys.size) for (const listener of listeners) listener(keys);
}

/** Calls `listener` with the names of changed parts. */
export function listen(listener) { listeners.add(listener); }

function adopt() {
  clearTimeout(later);
  later = null;
  const before = state;
  state = read();
  tell(before);
}

addEventListener("popstate", adopt);
addEventListener("hashchange", adopt);

/** The selected range, or null for the whole time. */
export function range() {
  const [from, to] = [number("from"), number("to")];
  return from === null || to === null || from > to ? null : { from, to };
}

export function select(from, to, options) {
  change({ from: Math.floor(from), to: Math.ceil(to) }, options);
}

/** The parameters with which every report is asked for. */
export function selection() {
  return { from: part("from"), to: part("to"), pid: part("pid"), file: part("file") };
}
