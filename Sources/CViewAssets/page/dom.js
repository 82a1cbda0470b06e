// Elements are made here. Text becomes text nodes only, never markup, whatever a trace contains.

const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const mostCharacters = 600;

/** Text of a trace as it is shown: characters that are invisible or change the direction of text
 *  are written as escapes, and long text is cut. */
export function shown(text, most = mostCharacters) {
  let value = String(text ?? "");
  if (value.length > most) value = value.slice(0, most) + "…";
  return value.replace(hidden, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/** Makes an element. Properties that begin with "on" are listeners; "class" and "aria-…" are
 *  attributes; children are elements or text. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "text") element.textContent = shown(value);
    else if (key === "value" || key === "checked" || key === "disabled") element[key] = value;
    else if (key !== "style") element.setAttribute(key, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : document.createTextNode(shown(child)));
  }
}

/** Replaces an element's children. */
export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
}

const probe = document.getElementById("probe");
const colors = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => colors.clear());

/** A color of the style sheet as a canvas takes it, in the present theme. */
export function color(name) {
  if (!colors.has(name)) {
    probe.style.color = `var(--${name})`;
    colors.set(name, getComputedStyle(probe).color);
  }
  return colors.get(name);
}

/** Makes a canvas as large as the room and as fine as the screen; returns its context. */
export function sized(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.width = width + "px";
  canvas.style.height = height + "px";
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

const tip = document.getElementById("tip");

/** Shows a box with rows of text beside the pointer. */
export function showTip(event, title, rows) {
  fill(tip, el("b", { text: title }), rows.map(([key, value]) =>
    el("div", { class: "tip-row" }, el("span", {}, key), el("span", {}, value))));
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const below = event.clientY + 16;
  tip.style.left = Math.max(4, left) + "px";
  tip.style.top = (below + box.height > innerHeight ? event.clientY - box.height - 10 : below) + "px";
}

export function hideTip() { tip.hidden = true; }

/** Copies text; says so in the notice line. */
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    say(`${what} copied.`);
  } catch {
    say(`The browser does not allow copying ${what}.`);
  }
}

let timer;
/** Shows a sentence for a while. */
export function say(sentence, seconds = 5) {
  const notice = document.getElementById("notice");
  fill(notice, sentence);
  notice.hidden = false;
  clearTimeout(timer);
  if (seconds) timer = setTimeout(() => { notice.hidden = true; }, seconds * 1000);
}

/** Saves text as a file. */
export function save(name, text, type) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
