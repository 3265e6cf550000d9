import { capacity, sums } from "/js/lib/capacity.js";
import { forwardCurve, freeThroughout } from "/js/lib/forward.js";
import { barShapes } from "/js/charts/gantt.js";
import { currentOffers } from "/js/views/capacity.js";
import { equal, generator, holds, test } from "./harness.js";

const HOUR = 3_600_000;
const offer = (price, gpus, from, to, calendar = [], more = {}) => ({
  side: "offer", price_micros: price, gpus, start_ms: from * HOUR, end_ms: to * HOUR,
  calendar: calendar.map(([start, end, used]) => ({ start_ms: start * HOUR, end_ms: end * HOUR, used_gpus: used })),
    ...more,
});

test("what is free throughout an hour is what no part of it is used of", () => {
  const one = offer(1, 8, 0, 12, [[3, 5, 6], [4.5, 6, 8]]);
  equal([freeThroughout(one, 0, HOUR), freeThroughout(one, 3 * HOUR, 4 * HOUR)], [8, 2]);
  equal([freeThroughout(one, 4 * HOUR, 5 * HOUR), freeThroughout(one, 6 * HOUR, 7 * HOUR)], [0, 8]);
  equal([freeThroughout(one, 11 * HOUR, 13 * HOUR), freeThroughout(one, -HOUR, 0)], [0, 0]);
});

test("an hour costs the cheapest free GPUs, and has no price where there are too few", () => {
  const offers = [offer(100, 2, 0, 4), offer(200, 4, 2, 6, [[3, 4, 4]])];
  const bids = [{ side: "bid", price_micros: 90, gpus_left: 3, start_ms: HOUR, end_ms: 3 * HOUR }];
  const curve = forwardCurve(offers, bids, { from: 0, rowMs: HOUR, rows: 7, gpus: 3 });
  equal(curve.map(({ ask }) => ask), [100, 100, 100, 100, 200, 200, null]);
  equal(curve.map(({ average }) => average), [null, null, (200 + 200) / 3, null, 200, 200, null]);
  equal(curve.map(({ free }) => free), [2, 2, 6, 2, 4, 4, 0]);
  equal(curve.map(({ bid, wanted }) => [bid, wanted]),
    [[null, 0], [90, 3], [90, 3], [null, 0], [null, 0], [null, 0], [null, 0]]);
});

test("the first hour is as much as is left of it", () => {
  const curve = forwardCurve([offer(100, 1, 0.5, 4)], [], { from: 0.75 * HOUR, rowMs: HOUR, rows: 2, gpus: 1 });
  equal(curve.map(({ start, end, ask }) => [start / HOUR, end / HOUR, ask]), [[0.75, 1, 100], [1, 2, 100]]);
});

test("offers of silent owners have no part in the curve", () => {
  const curve = forwardCurve([offer(100, 1, 0, 4, [], { stale: true })], [],
    { from: 0, rowMs: HOUR, rows: 1, gpus: 1 });
  equal(curve[0].ask, null);
});

test("the curve agrees with a search of every offer in every hour", () => {
  const random = generator(5);
  const offers = Array.from({ length: 300 }, () => {
    const start = Math.floor(random() * 40) / 2 - 4;
    const end = start + 0.5 + Math.floor(random() * 40) / 2;
    const used = start + random() * (end - start);
    return offer(100 + Math.floor(random() * 50), 1 + Math.floor(random() * 8), start, end,
      [[used, used + random() * 4, Math.floor(random() * 8)]]);
  }).sort((a, b) => a.price_micros - b.price_micros);
  for (const gpus of [1, 7, 40]) {
    const curve = forwardCurve(offers, [], { from: 1.2 * HOUR, rowMs: HOUR / 2, rows: 30, gpus });
    for (const row of curve) {
      const free = offers.map((one) => [one.price_micros,
        freeThroughout(one, row.start, row.end)]).filter(([, count]) => count > 0);
      equal(row.free, free.reduce((sum, [, count]) => sum + count, 0));
      equal(row.ask, free[0]?.[0] ?? null);
      const single = free.flatMap(([price, count]) => Array(count).fill(price)).slice(0, gpus);
      equal(row.average, single.length === gpus ? single.reduce((a, b) => a + b, 0) / gpus : null);
    }
  }
});

test("a curve has a row for each step, with no offer at all too", () => {
  const curve = forwardCurve([], [], { from: 0, rowMs: HOUR, rows: 24, gpus: 8 });
  equal([curve.length, curve[0].ask, curve[23].end], [24, null, 24 * HOUR]);
});

const trade = (state, gpus, from, to) => ({ state, gpus, start_ms: from * HOUR, end_ms: to * HOUR });

test("a calendar is cut where what is sold or held changes, and covers the window", () => {
  const segments = capacity(offer(1, 8, 0, 12), [
    trade("settled", 4, 0, 3), trade("settled", 6, 3, 7), trade("held", 2, 0, 9), trade("rejected", 8, 0, 12),
    trade("proposed", 1, 9, 20),
  ]);
  equal(segments.map(({ start, end, sold, held, free }) => [start / HOUR, end / HOUR, sold, held, free]),
    [[0, 3, 4, 2, 2], [3, 7, 6, 2, 0], [7, 9, 0, 2, 6], [9, 12, 0, 1, 7]]);
  const all = sums(segments);
  equal([all.sold / HOUR, all.held / HOUR, all.free / HOUR], [36, 21, 39]);
});

test("an offer of which nothing is taken is free as a whole", () => {
  equal(capacity(offer(1, 2, 0, 4), []).map(({ start, end, free }) => [start, end, free]), [[0, 4 * HOUR, 2]]);
});

test("a fraud's overfilled offer is shown full, not negative", () => {
  equal(capacity(offer(1, 2, 0, 1), [trade("disputed", 3, 0, 1)]).map(({ sold, free }) => [sold, free]), [[3, 0]]);
});

test("a bar of a thousand trades is three paths and stays inside its box", () => {
  const trades = Array.from({ length: 1000 },
    (_, index) => trade(index % 3 ? "settled" : "held", 1, index / 100, index / 100 + 0.05));
  const shapes = barShapes(capacity(offer(1, 4, 0, 12), trades), 4, { start: HOUR, end: 9 * HOUR });
  for (const path of Object.values(shapes)) {
    holds(!/NaN|Infinity|undefined/.test(path), path.slice(0, 80));
    for (const [, x] of path.matchAll(/[MH](-?[\d.]+)/g)) holds(x >= 0 && x <= 1000, `x is ${x}`);
  }
  equal(Object.keys(shapes), ["free", "held", "sold"]);
});

test("the calendar has the offers with hours to come, and those that are sold out but not delivered", () => {
  const orders = [
    offer(1, 1, 0, 4, [], { id: "open", gpu_classes: ["a"], state: "open" }),
      offer(1, 1, 0, 1, [], { id: "over", gpu_classes: ["a"], state: "expired" }),
    offer(1, 1, 0, 4, [], { id: "filled", gpu_classes: ["a"], state: "filled" }),
      offer(1, 1, 0, 4, [], { id: "cancelled", gpu_classes: ["a"], state: "cancelled" }),
    { ...offer(1, 1, 0, 4, [], { id: "bid", gpu_classes: ["a"], state: "open" }), side: "bid" },
  ];
  const trades = new Map([["filled", [trade("settled", 1, 0, 4)]], ["cancelled", [trade("settled", 1, 0, 1)]]]);
  equal(currentOffers(orders, trades, 2 * HOUR).map(({ id }) => id), ["filled", "open"]);
});
