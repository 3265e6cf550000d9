// The market: one class in full, and the ticket.

import { h, setAttribute } from "../core/dom.js";
import { state } from "../core/state.js";
import { candlePanel, depthPanel } from "../panels/charts.js";
import { classesPanel } from "../panels/classes.js";
import { forwardPanel } from "../panels/forward.js";
import { classHeading } from "../panels/heading.js";
import { ladderPanel } from "../panels/ladder.js";
import { tapePanel } from "../panels/tape.js";
import { minePanel } from "../panels/mine.js";
import { onView } from "../panels/ui.js";
import { ticket } from "../ticket/ticket.js";

export function marketView() {
  const guide = h("div", { class: "guide" },
    h("p", {}, h("b", { text: "New here? " }),
      "Sell hours of your GPUs, or buy some. Prices are per GPU-hour; both nodes sign a receipt of each trade."),
    h("div", { class: "guide-actions" },
      h("button", { type: "button", text: "Sell GPU time", onclick: () => begin("offer") }),
      h("button", { type: "button", text: "Buy GPU time", onclick: () => begin("bid") })));
  onView("market", ["orders"],
    () => setAttribute(guide, "hidden", state.orders.size > 0 || !state.loaded.has("orders")));
  return h("div", { class: "market" }, guide, classHeading(), classesPanel(),
    h("div", { class: "market-charts" }, forwardPanel(), h("div", { class: "pair" }, candlePanel(), depthPanel())),
    ladderPanel(), tapePanel(), h("div", { class: "desk" }, ticket, minePanel()));
}

function begin(side) {
  ticket.fill({ side });
  ticket.focusFirst();
}
