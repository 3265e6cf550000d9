// The forward curve: what GPU time costs by when it is delivered.

/** GPUs of an offer that are free throughout `[start, end)`; 0 where its window does not span it. */
export function freeThroughout(offer, start, end) {
  if (offer.start_ms > start || offer.end_ms < end) return 0;
  let used = 0;
  for (const run of offer.calendar ?? []) {
    if (run.start_ms < end && run.end_ms > start && run.used_gpus > used) used = run.used_gpus;
  }
  return Math.max(0, offer.gpus - used);
}

/**
 * Rows of equal length from the one that holds `from`: for each the lowest ask, what `gpus` GPUs cost per GPU-hour
 * on average, how many are free, the highest limit of a bid that may be served then, and how many GPUs are wanted.
 *
 * @param offers open offers of the class, the cheapest first; those of silent owners are passed over, as by the node.
 * @param bids open bids that accept the class.
 */
export function forwardCurve(offers, bids, { from, rowMs, rows, gpus }) {
  const origin = Math.floor(from / rowMs) * rowMs;
  const curve = Array.from({ length: rows }, (_, index) => ({
    start: Math.max(from, origin + index * rowMs), end: origin + (index + 1) * rowMs, ask: null, average: null, free: 0,
    bid: null, wanted: 0, spent: 0, filled: 0,
  }));
  const range = (order) => [
    Math.max(0, Math.floor((order.start_ms - origin) / rowMs)),
    Math.min(rows, Math.ceil((order.end_ms - origin) / rowMs)),
  ];
  for (const offer of offers) {
    if (offer.stale) continue;
    const price = Number(offer.price_micros);
    const [first, end] = range(offer);
    for (let index = first; index < end; index += 1) {
      const row = curve[index];
      const free = freeThroughout(offer, row.start, row.end);
      if (free === 0) continue;
      row.ask ??= price;
      row.free += free;
      const taken = Math.min(free, gpus - row.filled);
      row.spent += taken * price;
      row.filled += taken;
    }
  }
  for (const bid of bids) {
    if (bid.stale || bid.gpus_left === 0) continue;
    const price = Number(bid.price_micros);
    const [first, end] = range(bid);
    for (let index = first; index < end; index += 1) {
      const row = curve[index];
      row.wanted += bid.gpus_left;
      if (row.bid === null || price > row.bid) row.bid = price;
    }
  }
  for (const row of curve) {
    if (row.filled >= gpus) row.average = row.spent / gpus;
  }
  return curve;
}
