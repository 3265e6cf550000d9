// What states and conditions mean, in sentences for people. Pure.

import { plural } from "./text.js";

/** Whether something of an order can still be traded, or be proposed. */
export const isOpen = (order) => order.state === "open" || order.state === "reserved";

/** What each state of an order means. */
export const orderStates = {
  open: "in the book", reserved: "all that is left is in trades not decided yet", filled: "traded whole",
  cancelled: "cancelled", expired: "expired",
};

/** Why a trade is in its state. */
export function tradeReason(trade, clock) {
  switch (trade.state) {
    case "proposed": return `waits for the maker's answer until ${clock(trade.deadline_ms)}`;
    case "held": return trade.purchase
      ? `accepted; the purchase of which it is a part is decided by ${clock(trade.confirm_ms)}`
      : "the maker has been silent past the deadline: held until its feed shows what it did";
    case "settled": return trade.purchase ? "both signed, and the purchase is confirmed" : "both signed";
    case "disputed": return "one too many of an order whose owner is proven a fraud; the receipt is valid";
    case "rejected": return "the maker declined";
    case "released": return "taken back: the maker did not answer in time";
    default: return "";
  }
}

const conditions = {
  gpu_class: "are of another class", own_order: "are yours too", price: "ask or bid another price",
  region: "are in another region", vram: "have less memory", interconnect: "have another interconnect",
  watts: "draw more power", co2: "emit more CO2", probed: "only declare what must be probed",
  provider: "are of a provider that is not acceptable", record: "have a record that does not do",
  window: "share too few hours", gpus: "have too few GPUs free in one run", stale_owner: "have a silent owner",
  already_tried: "were tried a moment ago", later: "came later, so their owners propose",
  together: "are together not enough for all or none", post_only: "would be taken, which post-only forbids",
};

/** The conditions that rule counter-orders out, the most frequent first: `{count, text}`. */
export function ruledOut(why) {
  return why.conditions.filter(({ ruled_out: count }) => count > 0)
    .sort((a, b) => b.ruled_out - a.ruled_out)
    .map(({ condition, ruled_out: count }) => ({ count, text: conditions[condition] ?? condition }));
}

/** Why an order does not trade, in one sentence. */
export function whySentence(why) {
  const isBid = why.order.side === "bid";
  const others = isBid ? "offer" : "bid";
  if (why.waits_for_purchase) return "It waits for the end of the node's open purchase; there is one at a time.";
  if (why.purchase) {
    return `A purchase of ${plural(why.purchase.legs, "leg")} is open: ${why.purchase.accepted} accepted.`;
  }
  if (why.undecided > 0) {
    return `${plural(why.undecided, "trade")} of it ${why.undecided === 1 ? "is" : "are"} not decided yet.`;
  }
  if (why.matching > 0) return `${plural(why.matching, others)} can be taken now.`;
  if (why.counter_orders === 0) return `There is no ${others} in the book.`;
  return `None of ${plural(why.counter_orders, others)} can be taken.`;
}
