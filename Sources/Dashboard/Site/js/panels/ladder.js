// The ladder of a class: GPUs at each price, asks above bids.

import { h, pooledRows, setAttribute, setProperty, setText } from "../core/dom.js";
import { state } from "../core/state.js";
import { ticket } from "../ticket/ticket.js";
import { count, plural } from "../lib/text.js";
import { emptyLine, onView, panel, price } from "./ui.js";

/** Levels of each side. */
export const LEVELS = 12;

export function ladderPanel() {
  const [asks, bids] = ["ask", "bid"].map((side) => h("div", { class: `levels ${side}` }));
  const middle = h("div", { class: "middle" });
  const empty = emptyLine("book", "No open orders of this class.");
  const fillAsks = pooledRows(asks, LEVELS, () => levelRow("ask"));
  const fillBids = pooledRows(bids, LEVELS, () => levelRow("bid"));
  const depth = h("span", { class: "note" });
  const element = panel("Order book", { className: "ladder", tools: [depth] },
    h("div", { class: "ladder-head", "aria-hidden": "true" },
      ["Price", "GPUs", "Sum"].map((text) => h("span", { text }))),
    asks, middle, bids, empty);
  onView("market", ["book", "network"], () => {
    const [above, below] = [state.book.levels("offer", LEVELS), state.book.levels("bid", LEVELS)];
    const most = Math.max(above.at(-1)?.sum ?? 0, below.at(-1)?.sum ?? 0, 1);
    const item = (level) => ({ ...level, share: level.sum / most });
    // The pool is filled from the top; the best ask stands lowest, beside the best bid.
    fillAsks(above.map(item).reverse());
    fillBids(below.map(item));
    const [ask, bid] = [above[0]?.price, below[0]?.price];
    setText(middle, ask !== undefined && bid !== undefined ? `spread ${price(ask - bid)}`
      : ask !== undefined ? "no bids" : bid !== undefined ? "no offers" : "");
    setText(depth, state.book.orders.size > 0 ? plural(state.book.orders.size, "order") : "");
    empty.update(above.length + below.length === 0);
  });
  return element;
}

function levelRow(side) {
  const cells = ["price", "gpus", "sum"].map((name) => h("span", { class: name }));
  let level = null;
  const row = h("button", {
    type: "button", class: "level", onclick: () => {
      ticket.fill({ side: side === "ask" ? "bid" : "offer", price: level.price });
      ticket.focusFirst();
    },
  }, cells);
  row.update = (item) => {
    level = item;
    setText(cells[0], price(item.price));
    setText(cells[1], count(item.gpus));
    setText(cells[2], count(item.sum));
    setProperty(row, "--share", item.share.toFixed(3));
    setAttribute(row, "data-own", item.own > 0);
    setAttribute(row, "title", `${plural(item.orders, "order")}${item.own > 0 ? `, ${item.own} of them yours` : ""}`);
  };
  return row;
}
