// The classes of this market at a glance: spot index, best bid, best ask.

import { h, keyedRows, setAttribute, setText } from "../core/dom.js";
import { state } from "../core/state.js";
import { plural } from "../lib/text.js";
import { link } from "../core/router.js";
import { average, emptyLine, onView, panel, price } from "./ui.js";

export function classesPanel() {
  const list = h("div", { class: "class-list" });
  const search = h("input", { type: "search", placeholder: "Class", "aria-label": "Find a class", class: "search" });
  const empty = emptyLine("summaries", "No such class.");
  const element = panel("Classes", { className: "classes", tools: [search] },
    h("div", { class: "class-head", "aria-hidden": "true" },
      ["Class", "Index", "Bid", "Ask"].map((text) => h("span", { text }))),
    list, empty);
  const rows = keyedRows(list, (summary) => summary.gpu_class, () => {
    const cells = ["name", "index", "bid", "ask"].map((name) => h("span", { class: name }));
    const [name, index, bid, ask] = cells;
    const row = h("a", { class: "class-row" }, cells);
    row.update = (summary) => {
      const id = summary.gpu_class;
      const value = state.index.get(id);
      setAttribute(row, "href", link("market", id));
      setAttribute(row, "aria-current", id === state.gpuClass ? "true" : null);
      setText(name, id);
      setText(index, average(value?.value_micros));
      setText(bid, price(summary.best_bid_micros));
      setText(ask, price(summary.best_offer_micros));
      setAttribute(row, "data-quiet", summary.offers + summary.bids === 0 && value?.value_micros === undefined);
      const traded = value?.receipts ? `; ${plural(value.receipts, "receipt")} of ${plural(value.identities, "node")}` : "";
      setAttribute(row, "title",
        `${plural(summary.gpus_offered, "GPU")} offered, ${plural(summary.gpus_wanted, "GPU")} wanted${traded}`);
    };
    return row;
  });
  const draw = () => {
    const wanted = search.value.trim().toLowerCase();
    const shown = state.summaries.filter((summary) => summary.gpu_class.includes(wanted));
    rows(shown);
    empty.update(shown.length === 0);
  };
  search.addEventListener("input", draw);
  onView("market", ["summaries", "index", "class", "network"], draw);
  return element;
}
