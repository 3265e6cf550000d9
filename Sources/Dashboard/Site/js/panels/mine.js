// My open orders of the class shown, beside the ticket.

import { h, keyedRows, setAttribute, setText } from "../core/dom.js";
import { link } from "../core/router.js";
import { now, state } from "../core/state.js";
import { isOpen } from "../lib/reasons.js";
import { count } from "../lib/text.js";
import { moment } from "../lib/time.js";
import { confirmAmend, confirmCancel } from "../ticket/confirm.js";
import { onView, panel, price } from "./ui.js";

const ROWS = 8;

export function minePanel() {
  const list = h("ul", { class: "mine" });
  const all = h("a", { href: link("orders"), text: "All orders" });
  const element = panel("My open orders here", { className: "mine-panel", tools: [all] }, list);
  const rows = keyedRows(list, (order) => order.id, () => {
    const [side, terms, note] = [h("b"), h("span"), h("small")];
    let current = null;
    const row = h("li", {}, h("div", {}, side, " ", terms, h("br"), note),
      h("div", {}, h("button", { type: "button", class: "quiet", text: "Amend", onclick: () => confirmAmend(current) }),
        h("button", { type: "button", class: "quiet danger", text: "Cancel", onclick: () => confirmCancel(current) })));
    row.update = (order) => {
      current = order;
      setText(side, order.side === "bid" ? "Buy" : "Sell");
      setAttribute(side, "data-side", order.side);
      setText(terms, `${count(order.gpus_left)} of ${count(order.gpus)} at ${price(order.price_micros)}`);
      setText(note, `until ${moment(order.expiry_ms, now())}`);
    };
    return row;
  });
  onView("market", ["orders", "class", "network"], () => {
    const own = [...state.orders.values()].filter((order) => isOpen(order)
      && order.gpu_classes.includes(state.gpuClass))
      .sort((a, b) => b.placed_ms - a.placed_ms || (a.id < b.id ? -1 : 1));
    rows(own.slice(0, ROWS));
    setAttribute(element, "hidden", own.length === 0);
    setText(all, own.length > ROWS ? `All ${count(own.length)}` : "All orders");
  });
  return element;
}
