// What of an offer is sold, held and free, over its window.

const SOLD = new Set(["settled", "disputed"]);
const HELD = new Set(["proposed", "held"]);

/** Whether a trade takes of its offer, and how: "sold", "held" or null. */
export const claim = (trade) => (SOLD.has(trade.state) ? "sold" : HELD.has(trade.state) ? "held" : null);

/**
 * The offer's window in segments of equal use, ascending: `{start, end, sold, held, free}`, together all of the window.
 *
 * @param trades trades of the offer, in any order.
 */
export function capacity(offer, trades) {
  const changes = new Map([[offer.start_ms, [0, 0]], [offer.end_ms, [0, 0]]]);
  const change = (at, kind, gpus) => {
    const place = Math.min(Math.max(at, offer.start_ms), offer.end_ms);
    if (!changes.has(place)) changes.set(place, [0, 0]);
    changes.get(place)[kind === "sold" ? 0 : 1] += gpus;
  };
  for (const trade of trades) {
    const kind = claim(trade);
    if (kind === null) continue;
    change(trade.start_ms, kind, trade.gpus);
    change(trade.end_ms, kind, -trade.gpus);
  }
  const times = [...changes.keys()].sort((a, b) => a - b);
  const segments = [];
  let [sold, held] = [0, 0];
  for (let index = 0; index + 1 < times.length; index += 1) {
    sold += changes.get(times[index])[0];
    held += changes.get(times[index])[1];
    const last = segments.at(-1);
    if (last && last.sold === sold && last.held === held) {
      last.end = times[index + 1];
      continue;
    }
    segments.push({
      start: times[index], end: times[index + 1], sold, held, free: Math.max(0, offer.gpus - sold - held),
    });
  }
  return segments;
}

/** GPU-milliseconds sold, held and free in segments. */
export function sums(segments) {
  const sum = { sold: 0, held: 0, free: 0 };
  for (const { start, end, sold, held, free } of segments) {
    sum.sold += sold * (end - start);
    sum.held += held * (end - start);
    sum.free += free * (end - start);
  }
  return sum;
}
