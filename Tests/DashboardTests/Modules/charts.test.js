import { candleShapes } from "/js/charts/candles.js";
import { nearLevels, staircase } from "/js/charts/depth.js";
import { Book } from "/js/lib/book.js";
import { boxes, line, steps, thin } from "/js/lib/paths.js";
import { extent, linear, ticks, timeTicks } from "/js/lib/scales.js";
import { equal, generator, holds, test } from "./harness.js";

const isSound = (path) => !/NaN|Infinity|undefined|null/.test(path);

test("a scale maps ends to ends, and an empty domain to the middle", () => {
  const scale = linear(10, 20, 0, 100);
  equal([scale(10), scale(15), scale(20), scale(25)], [0, 50, 100, 150]);
  equal(linear(5, 5, 0, 100)(5), 50);
  equal(linear(20, 10, 0, 100)(10), 100);
});

test("ticks are round, inside, and about as many as asked for", () => {
  equal(ticks(0, 10, 5), [0, 2, 4, 6, 8, 10]);
  equal(ticks(0, 1, 4), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  equal(ticks(1_865_000, 2_132_500, 4), [1_900_000, 1_950_000, 2_000_000, 2_050_000, 2_100_000]);
  equal(ticks(3, 3, 4), [3]);
  equal(ticks(NaN, NaN, 4), []);
  const random = generator(7);
  for (let round = 0; round < 1000; round += 1) {
    const from = (random() - 0.5) * 10 ** Math.floor(random() * 9);
    const to = from + random() * 10 ** Math.floor(random() * 9 - 3);
    const found = ticks(from, to, 5);
    holds(found.length >= 1 && found.length <= 12, `${found.length} ticks`);
    holds(found.every((tick) => tick >= from - 1e-6 && tick <= to + 1e-6 && !Object.is(tick, -0)),
      `${from} ${to} ${found}`);
  }
});

test("time ticks are round in the viewer's zone", () => {
  const offset = 5.5 * 3_600_000;
  for (const at of timeTicks(1_795_662_760_000, 1_795_662_760_000 + 86_400_000, 8, offset)) equal((at
    + offset) % (3 * 3_600_000), 0);
  equal(timeTicks(5, 5, 8), []);
});

test("an extent of nothing is none, of one value is around it", () => {
  equal(extent([]), null);
  const [low, high] = extent([100]);
  holds(low < 100 && high > 100, "no margin");
  equal(extent([3, 1, 2]), [1, 3]);
});

test("staircases break at gaps and close to their base", () => {
  equal(steps([]), "");
  equal(steps([{ x0: 0, x1: 5, y: 3 }]), "M0 3H5");
  equal(steps([{ x0: 0, x1: 5, y: 3 }, { x0: 5, x1: 9, y: null }, { x0: 9, x1: 12, y: 1 }], 10),
    "M0 10V3H5V10ZM9 10V1H12V10Z");
  equal(line([[0, 1], [1, null], [2, 3], [4, 5]]), "M0 1M2 3L4 5");
  equal(boxes([{ x: 1, y: 2, width: 3, height: 4 }]), "M1 2h3v4h-3Z");
});

test("thinning 10,000 points keeps the first, the last, and every extreme", () => {
  const random = generator(8);
  const points = Array.from({ length: 10_000 }, (_, index) => [index / 20, random()]);
  const kept = thin(points, 500);
  holds(kept.length <= 2004, `${kept.length} points`);
  equal([kept[0], kept.at(-1)], [points[0], points.at(-1)]);
  equal(extent(kept.map(([, y]) => y)), extent(points.map(([, y]) => y)));
  holds(kept.every((point, index) => index === 0 || kept[index - 1][0] <= point[0]), "not ascending");
  equal(thin(points.slice(0, 10), 500), points.slice(0, 10));
});

test("depth is right at 0, 1 and 10,000 levels", () => {
  const levels = (count) => {
    const book = new Book("x");
    for (let index = 0; index < count; index += 1) {
      book.put({ id: `${index}`, side: "offer", state: "open", price_micros: 1_000_000 + index * 50, gpus_left: 1
        + (index % 3), own: false });
    }
    return nearLevels(book);
  };
  equal(levels(0), { asks: [], bids: [] });
  equal(levels(1).asks.map(({ price, sum }) => [price, sum]), [[1_000_000, 1]]);
  const { asks } = levels(10_000);
  equal([asks.length, asks.at(-1).sum], [10_000, 19_999]);
  const scale = linear(asks[0].price, asks.at(-1).price, 0, 600);
  const corners = staircase(asks, scale, linear(0, 19_999, 200, 0), 600);
  holds(corners.length <= 2404, `${corners.length} corners`);
  holds(isSound(steps(corners, 200)), "not a path");
  equal([corners[0].x0, corners.at(-1).x1], [0, 600]);
});

test("far levels do not flatten the rest", () => {
  const book = new Book("x");
  for (const price of [100, 110, 10_000]) book.put({ id: `${price}`, side: "offer", state: "open",
    price_micros: price, gpus_left: 1 });
  for (const price of [90, 80, 1]) book.put({ id: `b${price}`, side: "bid", state: "open", price_micros: price,
    gpus_left: 1 });
  const { asks, bids } = nearLevels(book);
  equal([asks.map(({ price }) => price), bids.map(({ price }) => price)], [[100, 110], [90, 80]]);
});

test("candles are right at 0, 1 and 10,000", () => {
  const shapes = (count) => {
    const candles = Array.from({ length: count }, (_, index) => ({
      start_ms: index * 60_000, open_micros: 100 + (index % 7), close_micros: 100 + (index % 5), high_micros: 110,
        low_micros: 95,
      gpu_seconds: index, trades: 1,
    }));
    const scaleX = linear(0, count * 60_000, 0, 800);
    return candleShapes(candles, 60_000, scaleX, linear(90, 115, 200, 0), linear(0, count, 250, 210), 250);
  };
  equal(Object.values(shapes(0)).map((list) => list.length), [0, 0, 0, 0]);
  equal(boxes(shapes(1).up), "M80 119.5h640v1h-640Z");
  const many = shapes(10_000);
  equal([many.up.length + many.down.length, many.wicks.length, many.volumes.length], [10_000, 10_000, 10_000]);
  holds(isSound(boxes(many.up)) && isSound(boxes(many.down)), "not a path");
});
