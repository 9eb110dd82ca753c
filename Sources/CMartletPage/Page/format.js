/// Numbers as people read them, and back.

const units = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, KIB: 1024, MIB: 1024 ** 2, GIB: 1024 ** 3 };

/// Bytes with a unit, in three digits: `1.53 MB`.
export function bytes(count) {
  if (!Number.isFinite(count)) return "–";
  const names = ["B", "kB", "MB", "GB", "TB"];
  let value = Math.abs(count);
  let unit = 0;
  while (value >= 999.5 && unit < names.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${count < 0 ? "−" : ""}${value.toFixed(digits)} ${names[unit]}`;
}

/// A whole number with thin spaces between thousands.
export function whole(count) {
  if (!Number.isFinite(count)) return "–";
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/// A number in about three digits.
export function short(count) {
  if (!Number.isFinite(count)) return "–";
  if (Math.abs(count) >= 99.95) return whole(count);
  return count.toFixed(Math.abs(count) >= 9.995 ? 1 : 2).replace(/\.?0+$/, "");
}

/// A share as a percentage.
export function percent(share) {
  if (!Number.isFinite(share)) return "–";
  const value = share * 100;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

/// Seconds: `12 ns`, `85 µs`, `340 ms`, `2.4 s`, `3 min 5 s`.
export function seconds(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0 s";
  if (value < 0.9995e-6) return `${short(value * 1e9)} ns`;
  if (value < 0.9995e-3) return `${short(value * 1e6)} µs`;
  if (value < 0.9995) return `${value < 0.00995 ? (value * 1000).toFixed(1) : Math.round(value * 1000)} ms`;
  if (value < 59.95) return `${value.toFixed(1)} s`;
  return `${Math.floor(Math.round(value) / 60)} min ${Math.round(value) % 60} s`;
}

/// A count with its noun.
export function counted(count, noun, plural = `${noun}s`) {
  return `${whole(count)} ${count === 1 ? noun : plural}`;
}

/// Reads `64MB`, `1.5 GiB` or a plain number of bytes; `null` for nothing, `NaN` for anything else.
export function readBytes(text) {
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  if (text.trim() === "") return null;
  const factor = match && units[(match[2] || "B").toUpperCase()];
  return factor ? Math.round(Number(match[1]) * factor) : NaN;
}

/// Reads `5s`, `800 ms`, `2 min` or a plain number of seconds; `null` for nothing, `NaN` for anything else.
export function readSeconds(text) {
  if (text.trim() === "") return null;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m)?$/i.exec(text.trim());
  const factor = { ms: 0.001, s: 1, m: 60, min: 60 }[(match?.[2] ?? "s").toLowerCase()];
  return match && Number(match[1]) > 0 ? Number(match[1]) * factor : NaN;
}

/// When something was, as short as it can be said.
export function moment(time, now = Date.now()) {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday
    ? date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString([], { day: "numeric", month: "short" });
}
