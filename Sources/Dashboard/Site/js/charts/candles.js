// Trades of a class as candles with their volume, and the spot index over them.

import { currency, now, state } from "../core/state.js";
import { decimalsOf, micros, roundMicros } from "../lib/money.js";
import { boxes, line, strokes, thin } from "../lib/paths.js";
import { extent, linear, ticks, timeTicks } from "../lib/scales.js";
import { gpuHours, plural } from "../lib/text.js";
import { clock, day, isSameDay, moment } from "../lib/time.js";
import { Plot } from "./plot.js";

/** The fewest intervals that the axis spans, so that the first trade is not as wide as the panel. */
const FEWEST = 36;

/** Candles in pixels: bodies that rose and fell, wicks, and volumes. One path each. */
export function candleShapes(candles, interval, scaleX, scaleY, scaleVolume, bottom) {
  const shapes = { up: [], down: [], wicks: [], volumes: [] };
  for (const candle of candles) {
    const x0 = scaleX(candle.start_ms);
    const width = Math.max(1, scaleX(candle.start_ms + interval) - x0);
    const gap = width > 3 ? width * 0.2 : 0;
    const [open, close] = [scaleY(Number(candle.open_micros)), scaleY(Number(candle.close_micros))];
    const rises = Number(candle.close_micros) >= Number(candle.open_micros);
    shapes[rises ? "up" : "down"].push({
      x: x0 + gap / 2, y: Math.min(open, close) - 0.5, width: width - gap, height: Math.abs(open - close) + 1,
    });
    shapes.wicks.push({
      x: x0 + width / 2, y0: scaleY(Number(candle.high_micros)), y1: scaleY(Number(candle.low_micros)),
    });
    const y = scaleVolume(candle.gpu_seconds);
    shapes.volumes.push({ x: x0 + gap / 2, y, width: width - gap, height: bottom - y });
  }
  return shapes;
}

export function candleChart() {
  const decimals = () => decimalsOf(state.network?.price_tick_micros ?? 10_000);
  const price = (value) => roundMicros(micros(typeof value === "number" ? Math.round(value) : value), decimals());
  return new Plot({
    className: "candles", label: "Trades by time", topics: ["candles", "network", "second"],
    margin: { left: 52, top: 14 },
    draw(plot) {
      const { candles, series, interval } = state;
      const { left, right, top, bottom } = plot.area;
      const values = [...candles.flatMap((candle) => [Number(candle.high_micros), Number(candle.low_micros)]),
        ...series.flatMap((point) => (point.value_micros === undefined ? [] : [Number(point.value_micros)]))];
      const range = extent(values, 0.12);
      if (!range) {
        for (const name of ["grid", "volume", "wick", "body up", "body down", "line index"]) plot.path(name, "");
        for (const name of ["axis-y", "axis-x", "axis-x below"]) plot.texts(name, []);
        return { empty: state.loaded.has("candles") ? "No trades in this span." : "Loading…" };
      }
      const end = (Math.floor(now() / interval) + 1) * interval;
      const start = Math.min(candles[0]?.start_ms ?? end, end - FEWEST * interval);
      const floor = bottom - (bottom - top) * 0.2;
      const scaleX = linear(start, end, left, right);
      const scaleY = linear(range[0], range[1], floor, top);
      const most = Math.max(1, ...candles.map((candle) => candle.gpu_seconds));
      const scaleVolume = linear(0, most, bottom, floor + 6);
      plot.axisY(ticks(range[0], range[1], 4), scaleY, price);
      const shapes = candleShapes(candles, interval, scaleX, scaleY, scaleVolume, bottom);
      plot.path("volume", boxes(shapes.volumes));
      plot.path("wick", strokes(shapes.wicks));
      plot.path("body up", boxes(shapes.up));
      plot.path("body down", boxes(shapes.down));
      const index = series.filter((point) => point.time_ms >= start && point.value_micros !== undefined)
        .map((point) => [scaleX(point.time_ms), scaleY(Number(point.value_micros))]);
      plot.path("line index", line(thin(index, right - left)));
      const offset = -new Date(end).getTimezoneOffset() * 60_000;
      plot.axisX(timeTicks(start, end, (right - left) / 56, offset).map((time, place, all) => ({
        x: scaleX(time), text: place > 0 && !isSameDay(time, all[place - 1]) ? day(time).slice(4) : clock(time),
      })), 48);
      const points = candles.map((candle) => ({ ...candle, x: scaleX(candle.start_ms + interval / 2) }));
      return { points, summary: plural(candles.reduce((sum, candle) => sum + candle.trades, 0), "trade") };
    },
    describe: (candle) => [
      moment(candle.start_ms, now()),
      `open ${price(candle.open_micros)}`, `high ${price(candle.high_micros)}`, `low ${price(candle.low_micros)}`,
      `close ${price(candle.close_micros)} ${currency()}`,
      `${gpuHours(candle.gpu_seconds)} GPU-h in ${plural(candle.trades, "trade")}`,
    ],
  });
}
