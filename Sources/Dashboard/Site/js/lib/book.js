// One class's open orders, and what they add up to at each price. Kept up to date one change at a time.

/** One side's price levels, best first. A change costs O(log levels), and a shift of the list for a new price. */
class Side {
  /** @param direction 1 where the lowest price is the best, -1 where the highest is. */
  constructor(direction) {
    this.direction = direction;
    /** @type {Map<number, {price: number, gpus: number, orders: number, own: number}>} */
    this.levels = new Map();
    /** The prices, best first. */
    this.prices = [];
  }

  add(order, sign) {
    const price = Number(order.price_micros);
    let level = this.levels.get(price);
    if (!level) {
      level = { price, gpus: 0, orders: 0, own: 0 };
      this.levels.set(price, level);
      this.prices.splice(this.place(price), 0, price);
    }
    level.gpus += sign * order.gpus_left;
    level.orders += sign;
    if (order.own) level.own += sign;
    if (level.orders === 0) {
      this.levels.delete(price);
      this.prices.splice(this.place(price), 1);
    }
  }

  /** Where `price` stands or would stand. */
  place(price) {
    let [low, high] = [0, this.prices.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.prices[middle] - price) * this.direction < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The open orders of one class. */
export class Book {
  constructor(gpuClass) {
    this.gpuClass = gpuClass;
    /** @type {Map<string, object>} */
    this.orders = new Map();
    this.offer = new Side(1);
    this.bid = new Side(-1);
    /** Grows with each change, so that what is derived can tell whether it is still true. */
    this.version = 0;
  }

  /** A book of an answer of `GET /v1/book?gpu_class=`. */
  static from(document) {
    const book = new Book(document.gpu_class);
    for (const order of document.offers) book.put(order);
    for (const order of document.bids) book.put(order);
    return book;
  }

  /** Takes an order in the form that it has now; one that is no longer open goes. */
  put(order) {
    this.drop(order.id);
    if (order.state !== "open" && order.state !== "reserved") return;
    this.orders.set(order.id, order);
    this[order.side].add(order, 1);
    this.version += 1;
  }

  /** Takes an order out, if it is there. */
  drop(id) {
    const order = this.orders.get(id);
    if (!order) return;
    this.orders.delete(id);
    this[order.side].add(order, -1);
    this.version += 1;
  }

  /** Takes out what has expired: no event tells, since nobody does anything. */
  expire(now) {
    for (const order of this.orders.values()) {
      if (order.expiry_ms <= now) this.drop(order.id);
    }
  }

  /** The best `limit` levels of a side with the sum of all GPUs down to each. */
  levels(side, limit = Infinity) {
    const { levels, prices } = this[side];
    const found = [];
    let sum = 0;
    for (const price of prices) {
      if (found.length >= limit) break;
      const level = levels.get(price);
      if (level.gpus === 0) continue;
      sum += level.gpus;
      found.push({ ...level, sum });
    }
    return found;
  }

  /** The best price of a side at which anything is left, or null. */
  best(side) {
    return this.levels(side, 1)[0]?.price ?? null;
  }

  /** The orders of a side in price-time priority. */
  sorted(side) {
    const { direction } = this[side];
    return [...this.orders.values()]
      .filter((order) => order.side === side)
      .sort((a, b) => (Number(a.price_micros) - Number(b.price_micros)) * direction || a.placed_ms - b.placed_ms);
  }
}
