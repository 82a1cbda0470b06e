// Requests to the server that delivered the page, and to no other.

const kept = new Map();
const keptMax = 40;
let generation = 0;

/** Numbers above 2^53 stay exact. */
function exact(key, parsed, context) {
  if (typeof parsed === "number" && Number.isInteger(parsed) && !Number.isSafeInteger(parsed)
    && context?.source && /^-?\d+$/.test(context.source)) return BigInt(context.source);
  return parsed;
}

/** Whether a value of an answer is an object, and no list. */
export const isObject = (v) => v !== null && typeof v === "object" && !Array.isArray(v);

/** The address of a request, relative to the page's. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) {
      if (one !== undefined && one !== null && one !== "") query.append(key, one);
    }
  }
  const text = query.toString();
  return "api/" + path + (text ? "?" + text : "");
}

/** Fetches JSON. An error is thrown with the server's sentence. */
export async function get(path, parameters, { keep = true, signal } = {}) {
  const url = address(path, parameters);
  if (keep && kept.has(url)) return kept.get(url);
  const asked = generation;
  const text = await getText(path, parameters, signal);
  // Looking at every number takes many times as long, and few answers have large ones.
  const result = /\d{16}/.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  // What was asked for before the trace grew is not kept.
  if (keep && asked === generation) {
    kept.set(url, result);
    if (kept.size > keptMax) kept.delete(kept.keys().next().value);
  }
  return result;
}

export async function getText(path, parameters, signal) {
  let response;
  try {
    response = await fetch(address(path, parameters), { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; is 'tracectl view' still running?");
  }
  const text = await response.text();
  if (!response.ok) {
    let sentence = `The server answered with status ${response.status}.`;
    try { sentence = JSON.parse(text).error ?? sentence; } catch { /* no JSON */ }
    throw new Error(sentence);
  }
  return text;
}

/** Forgets all answers, because the trace has grown. */
export function forget() {
  kept.clear();
  generation++;
}
