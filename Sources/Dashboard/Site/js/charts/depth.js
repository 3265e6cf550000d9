// The depth of a class: how many GPUs can be had up to a price, and how many are wanted down to one.

import { currency, state } from "../core/state.js";
import { decimalsOf, roundMicros } from "../lib/money.js";
import { steps, thin } from "../lib/paths.js";
import { linear, ticks } from "../lib/scales.js";
import { count, plural } from "../lib/text.js";
import { Plot } from "./plot.js";

/** How far from the best price a level may be, as a ratio, before it is left out: far ones would flatten the rest. */
const REACH = 1.6;

/** The levels near the best price of each side. */
export function nearLevels(book) {
  const asks = book.levels("offer");
  const bids = book.levels("bid");
  return {
    asks: asks.filter(({ price }) => price <= asks[0].price * REACH),
    bids: bids.filter(({ price }) => price >= bids[0].price / REACH),
  };
}

/** The staircase of one side in pixels: each level reaches to the next price, the last one to the edge. */
export function staircase(levels, scaleX, scaleY, edge) {
  const corners = levels.map((level, index) => {
    const x0 = scaleX(level.price);
    const next = levels[index + 1];
    const x1 = next ? scaleX(next.price) : edge;
    return { x0, x1, y: scaleY(level.sum) };
  });
  if (corners.length <= 2000) return corners;
  return thin(corners.map(({ x0, y }) => [x0, y]), Math.abs(edge - corners[0].x0))
    .map(([x0, y], index, all) => ({ x0, x1: all[index + 1]?.[0] ?? edge, y }));
}

export function depthChart() {
  const price = (micros) => roundMicros(Math.round(micros), decimalsOf(state.network?.price_tick_micros ?? 10_000));
  return new Plot({
    className: "depth", label: "Depth by price", topics: ["book", "network"], margin: { left: 40, top: 14 },
    draw(plot) {
      const { asks, bids } = nearLevels(state.book);
      const { left, right, top, bottom } = plot.area;
      const prices = [...bids.map((level) => level.price), ...asks.map((level) => level.price)];
      if (prices.length === 0) {
        for (const name of ["grid", "area ask", "area bid", "line ask", "line bid"]) plot.path(name, "");
        for (const name of ["axis-y", "axis-x", "axis-x below"]) plot.texts(name, []);
        return { empty: state.loaded.has("book") ? "No open orders." : "Loading…" };
      }
      const low = Math.min(...[asks[0], bids.at(-1)].filter(Boolean).map((level) => level.price));
      const high = Math.max(...[bids[0], asks.at(-1)].filter(Boolean).map((level) => level.price));
      const margin = (high - low) * 0.06 || high * 0.05 || 1;
      const scaleX = linear(low - margin, high + margin, left, right);
      const most = Math.max(asks.at(-1)?.sum ?? 0, bids.at(-1)?.sum ?? 0);
      const scaleY = linear(0, most * 1.05, bottom, top);
      const values = ticks(0, most, 4).filter(Number.isInteger);
      plot.axisY(values, scaleY, count);
      const askSteps = staircase(asks, scaleX, scaleY, right);
      const bidSteps = staircase(bids, scaleX, scaleY, left);
      plot.path("area ask", steps(askSteps, bottom));
      plot.path("area bid", steps(bidSteps, bottom));
      plot.path("line ask", steps(askSteps, null));
      plot.path("line bid", steps(bidSteps, null));
      plot.axisX(ticks(low - margin, high + margin, (right - left) / 70)
        .map((value) => ({ x: scaleX(value), text: price(value) })), 52);
      const points = [
        ...bids.map((level) => ({ ...level, x: scaleX(level.price), side: "bid" })),
        ...asks.map((level) => ({ ...level, x: scaleX(level.price), side: "ask" })),
      ].sort((a, b) => a.x - b.x);
      const totals = [asks.at(-1)?.sum ?? 0, bids.at(-1)?.sum ?? 0];
      return { points, summary: `${plural(totals[0], "GPU")} offered, ${plural(totals[1], "GPU")} wanted` };
    },
    describe: ({ price: at, sum, orders, side }) => [
      `${side === "ask" ? "Ask" : "Bid"} ${price(at)} ${currency()}`,
      `${plural(sum, "GPU")} ${side === "ask" ? "up to" : "down to"} here`, plural(orders, "order"),
    ],
  });
}

