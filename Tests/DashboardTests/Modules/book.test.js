import { Book } from "/js/lib/book.js";
import { equal, generator, holds, test } from "./harness.js";

const order = (id, side, price, gpus, more = {}) => ({
  id, side, price_micros: price, gpus, gpus_left: gpus, state: "open", placed_ms: 0, expiry_ms: 1e15, own: false,
    ...more,
});

/** What the levels must be, worked out anew from the orders. */
function naive(orders, side) {
  const levels = new Map();
  for (const one of orders.values()) {
    if (one.side !== side) continue;
    const level = levels.get(one.price_micros) ?? { price: one.price_micros, gpus: 0, orders: 0, own: 0 };
    level.gpus += one.gpus_left;
    level.orders += 1;
    if (one.own) level.own += 1;
    levels.set(one.price_micros, level);
  }
  const sorted = [...levels.values()].filter(({ gpus }) => gpus > 0)
    .sort((a, b) => (side === "offer" ? a.price - b.price : b.price - a.price));
  let sum = 0;
  return sorted.map((level) => ({ ...level, sum: (sum += level.gpus) }));
}

test("the ladder is what the orders add up to, after any changes", () => {
  const random = generator(3);
  const book = new Book("x");
  const orders = new Map();
  for (let change = 0; change < 20_000; change += 1) {
    const id = `o${Math.floor(random() * 400)}`;
    if (random() < 0.3) {
      book.drop(id);
      orders.delete(id);
    } else {
      const side = Number(id.slice(1)) % 2 ? "offer" : "bid";
      const gpus = Math.floor(random() * 9);
      const state = random() < 0.1 ? "filled" : "open";
      const one = order(id, side, 100 * (1 + Math.floor(random() * 40)), gpus, { own: random() < 0.2, state });
      book.put(one);
      if (state === "open") orders.set(id, one);
      else orders.delete(id);
    }
    if (change % 97 !== 0) continue;
    for (const side of ["offer", "bid"]) equal(book.levels(side), naive(orders, side), `${change} ${side}`);
  }
  holds(book.orders.size === orders.size, "the books have other orders");
});

test("a side is ascending for offers and descending for bids, and the best comes first", () => {
  const book = Book.from({
    gpu_class: "x", offers: [order("a", "offer", 300, 2), order("b", "offer", 200, 1)],
    bids: [order("c", "bid", 100, 4), order("d", "bid", 150, 1)],
  });
  equal([book.best("offer"), book.best("bid")], [200, 150]);
  equal(book.levels("offer").map(({ price, sum }) => [price, sum]), [[200, 1], [300, 3]]);
  equal(book.levels("bid", 1).map(({ price, sum }) => [price, sum]), [[150, 1]]);
  equal(book.sorted("bid").map(({ id }) => id), ["d", "c"]);
});

test("an empty book has no levels and no best price", () => {
  const book = new Book("x");
  equal([book.levels("offer"), book.best("bid"), book.sorted("offer")], [[], null, []]);
});

test("what has expired leaves the book, and nothing else does", () => {
  const book = new Book("x");
  book.put(order("a", "offer", 100, 1, { expiry_ms: 1000 }));
  book.put(order("b", "offer", 100, 2, { expiry_ms: 1001 }));
  book.expire(1000);
  equal([...book.orders.keys()], ["b"]);
  equal(book.levels("offer"), [{ price: 100, gpus: 2, orders: 1, own: 0, sum: 2 }]);
});
