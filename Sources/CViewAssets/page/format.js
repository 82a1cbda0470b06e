// Numbers as people read them. A key's ending says its unit, as in Docs/reports.md.

const scales = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]];

/** A duration: three digits and a unit. */
export function duration(ns) {
  if (ns === null || ns === undefined) return "–";
  const size = Math.abs(Number(ns));
  if (size >= 600e9) return `${Math.floor(size / 60e9)} m ${Math.round((size % 60e9) / 1e9)} s`;
  for (const [scale, unit] of scales) {
    if (size >= scale) return `${digits(Number(ns) / scale)} ${unit}`;
  }
  return "0";
}

function digits(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

/** A time since the trace's start, as fine as a step requires. */
export function moment(ns, step = 1e6) {
  const places = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / 1e9))));
  return `${(Number(ns) / 1e9).toFixed(places)} s`;
}

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  let size = Number(value);
  for (const unit of ["B", "KB", "MB", "GB", "TB"]) {
    if (Math.abs(size) < 1000 || unit === "TB") return `${unit === "B" ? size : digits(size)} ${unit}`;
    size /= 1000;
  }
}

export function count(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "bigint") return value.toLocaleString("en-US");
  return Number.isInteger(value) ? value.toLocaleString("en-US") : digits(value);
}

export function percent(value) {
  return value === null || value === undefined ? "–" : `${digits(value)} %`;
}

/** A number of a unit that the server names: ns, us, ms, bytes, events, sum. */
export function amount(value, unit) {
  if (unit === "us" || unit === "ms") return duration(Number(value) * (unit === "us" ? 1e3 : 1e6));
  return unit === "ns" ? duration(value) : unit === "bytes" ? bytes(value) : count(value);
}

const moments = /^(start|time|from|to|first|last|joined|ended|complete_to|begin|end)_ns$/;

/** The value of a report's key. */
export function value(key, raw) {
  if (raw === null || raw === undefined) return "–";
  if (typeof raw === "boolean") return raw ? "yes" : "no";
  if (typeof raw === "string") return raw;
  if (Array.isArray(raw)) return raw.join(", ");
  const last = key.split(".").pop();
  if (moments.test(last)) return moment(raw, 1e3);
  if (last.endsWith("_ns")) return duration(raw);
  if (/_bytes(_per_s)?$/.test(last)) return bytes(raw) + (last.endsWith("_per_s") ? "/s" : "");
  if (last.endsWith("_percent")) return percent(raw);
  if (last.endsWith("_per_s")) return count(raw) + "/s";
  if (/^(pid|tid|number|cpu)$/.test(last)) return String(raw);
  return count(raw);
}

/** A key as a heading: its unit is shown with the values. */
export function label(key) {
  return key.split(".").map((part) => part
    .replace(/_(ns|bytes|percent)$/, "").replace(/_bytes_per_s$|_per_s$/, " rate")
    .replaceAll("_", " ")).join(" · ");
}

export function isMoment(key) { return moments.test(key.split(".").pop()); }

/** Reads "1.5s", "20ms", "3" (seconds); null if it is no time. */
export function parseTime(text) {
  const match = /^\s*([\d.]+)\s*(ns|us|µs|ms|s|m)?\s*$/.exec(text);
  if (!match) return null;
  const scale = { ns: 1, us: 1e3, "µs": 1e3, ms: 1e6, s: 1e9, m: 60e9 }[match[2] ?? "s"];
  const result = Number(match[1]) * scale;
  return Number.isFinite(result) ? Math.round(result) : null;
}
