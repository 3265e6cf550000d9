// The forward curve of a class: price against delivery time, with the window that the person has chosen.

import { mark } from "../core/frames.js";
import { currency, now, state } from "../core/state.js";
import { forwardCurve } from "../lib/forward.js";
import { decimalsOf, roundMicros } from "../lib/money.js";
import { boxes, steps } from "../lib/paths.js";
import { extent, linear, ticks, timeTicks } from "../lib/scales.js";
import { plural } from "../lib/text.js";
import { HOUR, MINUTE, clock, day, isSameDay, span, utcClock, zone } from "../lib/time.js";
import { Plot } from "./plot.js";

/** How far the chart looks, and the length of its rows. */
export const horizons = [
  { name: "6 h", span: 6 * HOUR, row: 15 * MINUTE },
  { name: "24 h", span: 24 * HOUR, row: 30 * MINUTE },
  { name: "3 d", span: 72 * HOUR, row: HOUR },
  { name: "7 d", span: 168 * HOUR, row: 4 * HOUR },
];

/** What the person has chosen of the chart. The topic is `forward`. */
export const choice = { horizon: 1, gpus: 8, start: null, end: null };

/** Changes the choice. */
export function choose(change) {
  Object.assign(choice, change);
  mark("forward");
}

/** Keeps the curve until the book, the choice or the minute is another. */
let kept = { key: "", curve: [] };
export function currentCurve() {
  const { span: length, row } = horizons[choice.horizon];
  const from = Math.floor(now() / MINUTE) * MINUTE;
  const key = [state.gpuClass, state.book.version, choice.horizon, choice.gpus, from].join(" ");
  if (kept.key !== key || kept.book !== state.book) {
    const options = { from, rowMs: row, rows: Math.ceil(length / row), gpus: choice.gpus };
    kept = {
      key, book: state.book, curve: forwardCurve(state.book.sorted("offer"), state.book.sorted("bid"), options),
    };
  }
  return kept.curve;
}

export function forwardChart() {
  const decimals = () => decimalsOf(state.network?.price_tick_micros ?? 10_000);
  const price = (value) => roundMicros(Math.round(value), decimals());
  const names = ["grid", "free", "band", "area bid", "line average", "line ask", "line bid"];
  let place = { time: () => 0 };
  const plot = new Plot({
    className: "forward", label: "Price by delivery time", topics: ["book", "network", "forward", "minute"],
    margin: { left: 52, top: 18, bottom: 34 },
    draw(self) {
      const curve = currentCurve();
      const { left, right, top, bottom } = self.area;
      const [start, end] = [curve[0].start, curve.at(-1).end];
      const scaleX = linear(start, end, left, right);
      place = { time: (x) => start + ((x - left) / (right - left)) * (end - start) };
      const offset = -new Date(start).getTimezoneOffset() * MINUTE;
      self.axisX(timeTicks(start, end, (right - left) / 52, offset).map((time, index, all) => ({
        x: scaleX(time), text: index > 0 && !isSameDay(time, all[index - 1]) ? day(time).slice(4) : clock(time),
        below: offset === 0 ? "" : utcClock(time),
      })), 44);
      self.texts("axis-zone", offset === 0
        ? [{ x: 4, y: bottom + 15, text: "UTC" }]
        : [{ x: 4, y: bottom + 15, text: zone(start) }, { x: 4, y: bottom + 28, text: "UTC" }]);
      const band = choice.start !== null && choice.end > start && choice.start < end
        ? { x: Math.max(left, scaleX(choice.start)), end: Math.min(right, scaleX(choice.end)) } : null;
      const known = curve.flatMap((row) => [row.ask, row.bid, row.average].filter((value) => value !== null));
      const range = extent(known, 0.15);
      if (!range) {
        for (const name of names) self.path(name, "");
        self.texts("axis-y", []);
        return { empty: state.loaded.has("book") ? "Nothing is offered or wanted in this span." : "Loading…" };
      }
      const scaleY = linear(range[0], range[1], bottom - 30, top);
      self.axisY(ticks(range[0], range[1], 4), scaleY, price);
      const most = Math.max(1, ...curve.map((row) => row.free));
      const scaleFree = linear(0, most, bottom, bottom - 22);
      self.path("free", boxes(curve.filter((row) => row.free > 0).map((row) => ({
        x: scaleX(row.start) + 0.5, y: scaleFree(row.free),
          width: Math.max(0.5, scaleX(row.end) - scaleX(row.start) - 1),
        height: bottom - scaleFree(row.free),
      }))));
      self.path("band", band ? boxes([{ x: band.x, y: top, width: band.end - band.x, height: bottom - top }]) : "");
      const stairs = (field) => curve.map((row) => ({
        x0: scaleX(row.start), x1: scaleX(row.end), y: row[field] === null ? null : scaleY(row[field]),
      }));
      self.path("line average", steps(stairs("average")));
      self.path("line ask", steps(stairs("ask")));
      self.path("line bid", steps(stairs("bid")));
      const asks = curve.flatMap((row) => (row.ask === null ? [] : [row.ask]));
      return {
        points: curve.map((row) => ({ ...row, x: scaleX((row.start + row.end) / 2) })),
        summary: asks.length > 0
          ? `asks from ${price(Math.min(...asks))} to ${price(Math.max(...asks))} ${currency()}` : "",
      };
    },
    describe: (row) => [
      span(row.start, row.end, now()), row.ask === null ? "nothing free" : `ask ${price(row.ask)}`,
      row.average === null ? (row.ask === null ? "" : `only ${plural(row.free, "GPU")} free`)
        : `${choice.gpus} GPUs at ${price(row.average)}`,
      row.average === null ? "" : `${plural(row.free, "GPU")} free`,
      row.bid === null ? "" : `bid ${price(row.bid)} for ${plural(row.wanted, "GPU")}`,
    ],
  });
  listenForWindow(plot, (x) => place.time(x));
  return plot;
}

/** A window is chosen by dragging over the chart, or with shift and the arrow keys from the chosen point. */
function listenForWindow(plot, timeAt) {
  const { element } = plot;
  const rowLength = () => horizons[choice.horizon].row;
  const snap = (time) => Math.round(time / rowLength()) * rowLength();
  const at = (event) => timeAt(event.clientX - element.getBoundingClientRect().left);
  let anchor = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    anchor = at(event);
    element.setPointerCapture(event.pointerId);
  });
  element.addEventListener("pointermove", (event) => {
    if (anchor === null) return;
    const [a, b] = [anchor, at(event)].sort((x, y) => x - y);
    if (snap(b) - snap(a) >= rowLength()) choose({ start: Math.max(snap(a), now()), end: snap(b) });
  });
  element.addEventListener("pointerup", () => {
    anchor = null;
  });
  element.addEventListener("pointercancel", () => {
    anchor = null;
  });
  element.addEventListener("keydown", (event) => {
    const point = plot.points[plot.chosen];
    if (!event.shiftKey || !point || !["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    // The plot has moved the chosen point already.
    const other = event.key === "ArrowRight" ? { end: point.end } : { start: point.start };
    choose({ start: choice.start ?? point.start, end: choice.end ?? point.end, ...other });
    if (choice.end <= choice.start) choose({ start: point.start, end: point.end });
  });
}
