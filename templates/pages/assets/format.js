// How things are written: texts of the page's language, numbers, times and ages.

/** Returns `say(key, args)`: the text of `key` with each {name} replaced. */
export function text(texts) {
  return (key, args = {}) =>
    (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in args ? String(args[name]) : whole));
}

/** Text of others with what hides or turns text replaced by what shows it, as the server writes it: ␛, ⟨U+202E⟩. */
export function visible(text) {
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (hidden) => {
    const code = hidden.charCodeAt(0);
    if (code < 0x20) return String.fromCharCode(0x2400 + code);
    return code === 0x7f ? "␡" : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/** A clock set by the server, so that a reader's wrong clock does not make values seem old. */
export function clock(start) {
  let offset = 0;
  const set = (at) => { offset = Date.parse(at) - Date.now(); };
  set(start);
  /** Seconds since `at`, never less than zero. */
  const since = (at) => Math.max(0, (Date.now() + offset - Date.parse(at)) / 1000);
  /** The time as the server has it. */
  const now = () => new Date(Date.now() + offset);
  return { set, since, now };
}

/** An age in seconds, as "3 s ago"; the same steps as the server's. */
export function ago(seconds, say) {
  const s = Math.floor(seconds);
  if (s < 60) return say("age-seconds", { n: s });
  if (s < 3600) return say("age-minutes", { n: Math.floor(s / 60) });
  if (s < 172800) return say("age-hours", { n: Math.floor(s / 3600) });
  return say("age-days", { n: Math.floor(s / 86400) });
}

/** A number with its thousands grouped from 10,000 up, huge and tiny ones with an exponent; a dash where there is none. */
export function number(value, lang) {
  if (value === null || value === undefined) return "—";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-6 || size >= 1e21)) return String(value).replace("e+", "e");
  return new Intl.NumberFormat(lang, { useGrouping: size >= 10000, maximumFractionDigits: 6 }).format(value + 0);
}

/** A time in the reader's zone, as 2026-11-03 09:12:40, in every language: it sorts and aligns. */
export function localTime(at) {
  const t = new Date(at);
  const two = (n) => String(n).padStart(2, "0");
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
}

/** A time as 09:12; on another day than `now` as 11-03 09:12. */
export function shortTime(at, now) {
  const full = localTime(at);
  return full.slice(0, 10) === localTime(now).slice(0, 10) ? full.slice(11, 16) : full.slice(5, 16);
}

/** The reader's zone as it is now, such as UTC+8. */
export function zone() {
  const minutes = -new Date().getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  if (minutes === 0) return "UTC";
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
}
