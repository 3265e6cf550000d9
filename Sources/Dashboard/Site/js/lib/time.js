// Times: milliseconds since the Unix epoch, shown in the viewer's zone, with UTC beside it.

const options = { hourCycle: "h23" };
const clockFormat = new Intl.DateTimeFormat("en-GB", { ...options, hour: "2-digit", minute: "2-digit" });
const secondsFormat = new Intl.DateTimeFormat("en-GB", {
  ...options, hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const dayFormat = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short" });
const utcFormat = new Intl.DateTimeFormat("en-GB", {
  ...options, hour: "2-digit", minute: "2-digit", timeZone: "UTC",
});

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** 14:00 */
export const clock = (ms) => clockFormat.format(ms);

/** 14:00:07 */
export const clockWithSeconds = (ms) => secondsFormat.format(ms);

/** Thu 26 Nov */
export const day = (ms) => dayFormat.format(ms).replace(",", "");

/** 13:00, in UTC */
export const utcClock = (ms) => utcFormat.format(ms);

/** 2026-11-26 13:00:07 UTC */
export const utc = (ms) => `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** The clock, and the day where it is another than today's. */
export function moment(ms, now) {
  return isSameDay(ms, now) ? clock(ms) : `${day(ms)} ${clock(ms)}`;
}

/** A window: the day once, where both ends have the same; seconds, where it is short. */
export function span(startMs, endMs, now) {
  if (endMs - startMs < 10 * MINUTE) {
    const start = isSameDay(startMs, now) ? "" : `${day(startMs)} `;
    return `${start}${clockWithSeconds(startMs)} – ${clockWithSeconds(endMs)}`;
  }
  const end = isSameDay(startMs, endMs) ? clock(endMs) : moment(endMs, startMs);
  return `${moment(startMs, now)} – ${end}`;
}

export function isSameDay(a, b) {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** A length of time in its largest two units: 3 h 30 min. */
export function duration(ms) {
  const units = [["d", DAY], ["h", HOUR], ["min", MINUTE], ["s", SECOND]];
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  const first = units.findIndex(([, length]) => ms >= length);
  const parts = [];
  let rest = ms;
  for (const [name, length] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / length);
    if (count > 0) parts.push(`${count} ${name}`);
    rest -= count * length;
  }
  return parts.join(" ");
}

/** The viewer's zone as its distance from UTC at `ms`: UTC+1, UTC−3:30. */
export function zone(ms) {
  const minutes = -new Date(ms).getTimezoneOffset();
  if (minutes === 0) return "UTC";
  const rest = Math.abs(minutes) % 60;
  const hours = Math.floor(Math.abs(minutes) / 60);
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest ? ":" + String(rest).padStart(2, "0") : ""}`;
}

/** The value of an `<input type="datetime-local">` for a time, to the minute. */
export function inputValue(ms) {
  const local = new Date(ms - new Date(ms).getTimezoneOffset() * MINUTE);
  return local.toISOString().slice(0, 16);
}

/** The time that such a value names in the viewer's zone; null when it names none. */
export function parseInput(value) {
  const ms = value ? new Date(value).getTime() : NaN;
  return Number.isFinite(ms) ? ms : null;
}
